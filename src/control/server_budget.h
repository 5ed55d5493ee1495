// Computes how many connections each pool may have, so that together they do not exceed what their
// servers can provide: arithmetic without a clock or a lock.
//
// A server has limits: max_connections minus its reserved connections, and possibly one of the role
// and one of the database. Of each limit, other clients use a part, each probe has one session, and
// AutoscalerOptions::server_reserve is kept free; the rest is shared by the pools on the server. A
// pool grows only into free connections, not into connections that another pool has yet to release.
// A pool must give up connections only if the server lacked them several times in a row.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/enum.h"
#include "base/time.h"
#include "routing/evidence.h"
#include "routing/pools.h"

namespace scidex::control {

template <typename T>
using OfPools = base::EnumArray<routing::PoolRole, T>;

// The facts of one probe, and the number of open connections of each pool at that moment (idle and
// in_use: the server does not count a connection that is still logging in).
struct ServerObservation {
  base::TimePoint at{};
  // See ServerFacts::instance.
  std::string instance;
  routing::ConnectionFacts facts;
  OfPools<std::size_t> open;
};

// Recent observations of a pool's server.
class ServerObservations {
 public:
  // Discards earlier observations if the server has changed.
  void Add(ServerObservation observation);
  void Clear() { observations_.clear(); }

  bool empty() const { return observations_.empty(); }
  // Oldest first.
  const std::deque<ServerObservation>& all() const { return observations_; }
  // Requires at least one.
  const ServerObservation& latest() const { return observations_.back(); }

 private:
  std::deque<ServerObservation> observations_;
};

// One limit of one server.
struct ServerLimit {
  // The pools under the limit.
  OfPools<bool> binds;
  // Maximum number of connections that these pools together may keep, and to which they may grow;
  // grow <= keep.
  std::size_t keep = 0;
  std::size_t grow = 0;
};

// Returns the limits of all observed servers. `observations` contains the results of each server's
// probe under one of its pools. `servers` has a number for each existing pool: pools with the same
// number are on the same server, and so are pools with the same ServerFacts::instance. `reserve`
// connections are left to others below each limit.
std::vector<ServerLimit> LimitsOf(const OfPools<ServerObservations>& observations,
                                  const OfPools<std::optional<std::size_t>>& servers,
                                  std::size_t reserve);

// The state and demand of one pool.
struct BudgetClaim {
  // Its size, its target and its desired target.
  std::size_t size = 0;
  std::size_t target_size = 0;
  std::size_t wanted = 0;
  // Always granted.
  std::size_t floor = 1;
};

// Returns the maximum target_size of each pool: equal shares of what is scarce, where the others
// share what one pool does not want. Empty for a pool under no limit.
OfPools<std::optional<std::size_t>> AllocateBudget(
    const std::vector<ServerLimit>& limits, const OfPools<std::optional<BudgetClaim>>& claims);

// Returns the lowest limit that applies to `pool`, for all pools on its server together.
std::optional<std::size_t> TightestLimit(const std::vector<ServerLimit>& limits,
                                         routing::PoolRole pool);

}  // namespace scidex::control
