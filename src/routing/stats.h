// pool_stats(): the one structure that the metrics, the log line and /api/v1/pools are drawn from.
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
  // Whether the first verdict is in: before that the route is what policy gives without a replica.
  bool decided = false;
  // transitions[from][to]
  base::EnumArray<Route, base::EnumArray<Route, std::uint64_t>> transitions;
  // How long each route was in force, the present one up to now.
  base::EnumArray<Route, base::Duration> in_force;
  // Epoch (0) while there was none.
  base::WallTime last_transition{};
  // Newest last, at most RouteStats::kRecent.
  static constexpr std::size_t kRecent = 20;
  std::vector<Transition> recent;
  // Read leases handed out, by the route that served them.
  base::EnumArray<Route, std::uint64_t> acquires;
};

struct PoolsStats {
  // Empty where that pool does not exist.
  base::EnumArray<PoolRole, std::optional<pool::PoolStats>> pools;
  // What those that are gone have counted, where there is none now.
  base::EnumArray<PoolRole, pool::PoolStats> gone;
  bool ro_dsn_configured = false;
  base::Duration max_lag{0};
  bool fallthrough_expected = false;
  RouteStats route;

  int ro_routes_to() const { return RoutesTo(route.route); }
};

}  // namespace scidex::routing
