// Sentences for routes and reasons.
#pragma once

#include <string_view>

#include "control/probe_stats.h"
#include "routing/route.h"

namespace scidex::status {

// "Reads go to the replica".
std::string_view Headline(routing::Route route);
// "The replica refuses connections."
std::string_view Explanation(routing::Reason reason);
// The same. Also says whether a replica that serves reads is stale, or its lag unknown.
std::string_view Explanation(routing::Reason reason, const control::ReplicaStats& replica);

}  // namespace scidex::status
