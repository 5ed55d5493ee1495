// pool_stats(): the structure from which the metrics, the log line and /api/v1/pools are produced.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/enum.h"
#include "base/time.h"
#include "pool/stats.h"
#include "routing/pools.h"
#include "routing/route.h"

namespace scidex::routing {

// One change of the route.
struct Transition {
  Route from = Route::kReplica;
  Route to = Route::kReplica;
  Reason reason = Reason::kOk;
  base::WallTime at{};
};

struct RouteStats {
  Route route = Route::kPrimaryDisabled;
  Reason reason = Reason::kStartingUp;
  // Whether there was a first verdict. Before it, the route is what policy determines without a
  // replica.
  bool decided = false;
  // transitions[from][to]
  base::EnumArray<Route, base::EnumArray<Route, std::uint64_t>> transitions;
  // Time for which each route was in force, including the current one up to now.
  base::EnumArray<Route, base::Duration> in_force;
  // How long the current route has been in force: since the last transition; before any, since the
  // first verdict; before that, since the start. Steps of the machine's clock have no effect on it.
  base::Duration current_in_force{0};
  // By the machine's clock at that time; the Unix epoch if there was none.
  base::WallTime last_transition{};
  // Newest last, at most kRecent.
  static constexpr std::size_t kRecent = 20;
  std::vector<Transition> recent;
  // Read leases by the route that served them; for kPrimaryDisabled, reads that were refused.
  // Counted after the acquire, so that a snapshot may show it in the pool but not yet here.
  base::EnumArray<Route, std::uint64_t> acquires;
};

struct PoolsStats {
  // Empty if the pool does not exist.
  base::EnumArray<PoolRole, std::optional<pool::PoolStats>> pools;
  // Counters of removed pools whose role has no pool now.
  base::EnumArray<PoolRole, pool::PoolStats> gone;
  // Whether a replica is configured.
  bool ro_dsn_configured = false;
  // Of RoutingOptions; max_lag is 0 if any lag is accepted.
  base::Duration max_lag{0};
  bool fallthrough_expected = false;
  RouteStats route;

  int ro_routes_to() const { return RoutesTo(route.route); }
};

}  // namespace scidex::routing
