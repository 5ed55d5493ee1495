#include "status/since.h"

namespace scidex::status {

base::WallTime Since(const routing::RouteStats& route, base::WallTime now) {
  if (route.last_transition != base::WallTime{}) return route.last_transition;
  return now - route.in_force[route.route];
}

}  // namespace scidex::status
