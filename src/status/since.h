// When the current route came into force.
#pragma once

#include "base/time.h"
#include "routing/stats.h"

namespace scidex::status {

// The last transition; before any, the first verdict; before that, the start.
base::WallTime Since(const routing::RouteStats& route, base::WallTime now);

}  // namespace scidex::status
