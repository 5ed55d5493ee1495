// What to do about a server, for the log: a reason says what is wrong.
#pragma once

#include <string_view>

#include "base/log.h"
#include "routing/route.h"

namespace scidex::routing {

// One clause without a full stop; empty for kOk.
std::string_view AdviceOn(Reason reason);

// How loud a replica that does not serve for this reason is: an error where reads would be wrong,
// or may have been.
base::LogLevel LevelOf(Reason reason);

}  // namespace scidex::routing
