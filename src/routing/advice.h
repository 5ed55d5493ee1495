// Words for a reason: it states what is wrong with a server, advice what to do about it.
#pragma once

#include <string_view>

#include "base/log.h"
#include "routing/route.h"

namespace scidex::routing {

// One clause without a full stop; empty for kOk.
std::string_view AdviceOn(Reason reason);

// What a server does whose probe failed for this reason, such as "refuses sessions": one that
// answers with an error has answered.
std::string_view OutageOf(Reason reason);

// Log level for a replica that does not serve for this reason: kError if its data would be, or may
// have been, wrong.
base::LogLevel LevelOf(Reason reason);

}  // namespace scidex::routing
