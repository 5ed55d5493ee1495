// What a router keeps between two changes of the route or of the pools. Used only by router.cc and
// route_change.cc.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/enum.h"
#include "pool/pool.h"
#include "routing/options.h"
#include "routing/pools.h"
#include "routing/route.h"
#include "routing/router.h"

namespace scidex::routing {

// Returns the role of the pool that serves reads.
inline std::optional<PoolRole> ReadRole(Route route) {
  switch (route) {
    case Route::kReplica:
      return PoolRole::kRo;
    case Route::kPrimaryFallthrough:
      return PoolRole::kRoFallthrough;
    case Route::kPrimaryDisabled:
      return std::nullopt;
  }
  return std::nullopt;
}

inline Servers ServersOf(const Router::Pools& pools) {
  return {pools[PoolRole::kPrimary] != nullptr, pools[PoolRole::kRo] != nullptr};
}

// What an acquire uses when it no longer waits, and the router may have been destroyed.
struct Router::Shared {
  base::EnumArray<Route, std::atomic<std::uint64_t>> acquires;
  // Acquires that wait for a connection, or that continue after a wait.
  std::atomic<std::size_t> queued{0};
  // Set before `queued` is read for the last time: an acquire that comes later must not continue.
  std::atomic<bool> closed{false};
};

// A period during which neither the route nor the pools change.
struct Router::Epoch {
  pool::Pool* ReadPool() const {
    const std::optional<PoolRole> role = ReadRole(route);
    return role ? pools[*role].get() : nullptr;
  }

  // Constant once the epoch is in force.
  Route route = Route::kPrimaryDisabled;
  Pools pools;
  std::shared_ptr<Shared> shared;
  // Stopped once the route or the pools have changed. A reload that changes neither keeps it.
  std::stop_source over;
};

// A change that has been prepared but not applied.
class Router::Plan {
 public:
  RoutingOptions options;
  bool new_replica = false;
  std::shared_ptr<Epoch> epoch;
};

}  // namespace scidex::routing
