#include "status/ready.h"

#include "base/enum.h"

namespace scidex::status {

namespace {

// The enforcement of the pool that serves reads.
std::optional<control::Enforcement> EnforcementInForce(routing::Route route,
                                                       const control::ControlStats& control) {
  using routing::PoolRole;
  if (route == routing::Route::kPrimaryDisabled) return std::nullopt;
  const PoolRole role =
      route == routing::Route::kReplica ? PoolRole::kRo : PoolRole::kRoFallthrough;
  return control::EnforcementOf(role, control.probes[role]);
}

}  // namespace

Readiness Ready(const database::DatabaseStats& stats, std::optional<routing::Route> wanted) {
  const routing::RouteStats& route = stats.pools.route;
  const bool as_wanted = !wanted || *wanted == route.route;
  std::string text = "ready";
  if (!route.decided) {
    text = "not ready: no verdict on the replica yet";
  } else if (!as_wanted) {
    text = "not ready: the route is not ";
    text += base::Name(*wanted);
  }
  text += " route=";
  text += base::Name(route.route);
  text += " reason=";
  text += base::Name(route.reason);
  if (const auto enforcement = EnforcementInForce(route.route, stats.control)) {
    text += " read_only_enforcement=";
    text += base::Name(*enforcement);
  }
  text += '\n';
  return {route.decided && as_wanted, text};
}

}  // namespace scidex::status
