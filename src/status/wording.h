// Sentences for routes and reasons.
#pragma once

#include <string_view>

#include "routing/route.h"

namespace scidex::status {

// "Reads go to the replica".
std::string_view Headline(routing::Route route);
// "The replica refuses connections."
std::string_view Explanation(routing::Reason reason);

}  // namespace scidex::status
