#include "status/ready.h"

#include "base/enum.h"

namespace scidex::status {

Readiness Ready(const routing::RouteStats& route) {
  std::string text = route.decided ? "ready" : "not ready: no verdict on the replica yet";
  text += " route=";
  text += base::Name(route.route);
  text += " reason=";
  text += base::Name(route.reason);
  text += '\n';
  return {route.decided, text};
}

}  // namespace scidex::status
