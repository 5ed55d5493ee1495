// Since when the present route has been in force.
#pragma once

#include "base/time.h"
#include "routing/stats.h"

namespace scidex::status {

// The last transition; before the first one, the first verdict (or the start, while there is none).
base::WallTime Since(const routing::RouteStats& route, base::WallTime now);

}  // namespace scidex::status
