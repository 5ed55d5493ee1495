// How many connections each pool may have, so that together they take no more than their servers
// can give: arithmetic without a clock or a lock.
//
// A server has limits: max_connections less what it reserves, and perhaps one for the role and one
// for the database. Of each, others have some, our probes have a session a server, and
// AutoscalerOptions::server_reserve stays free; the rest is for the pools that share the server. A
// pool that wants more takes it only once it is free, not merely promised by another pool's lower
// target; a pool has to give only what the server was short of several times in a row.
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

// What one probe found, and how many connections each pool had open at that moment (idle and
// in_use: the server does not count one that is still logging in among its sessions).
struct ServerObservation {
  base::TimePoint at{};
  // As ServerFacts::instance.
  std::string instance;
  routing::ConnectionFacts facts;
  OfPools<std::size_t> open;
};

// What the probe of a pool's server found of late.
class ServerObservations {
 public:
  // Forgets what there was if the server is another one now.
  void Add(ServerObservation observation);
  void Clear() { observations_.clear(); }

  bool empty() const { return observations_.empty(); }
  // Oldest first.
  const std::deque<ServerObservation>& all() const { return observations_; }
  const ServerObservation& latest() const { return observations_.back(); }

 private:
  std::deque<ServerObservation> observations_;
};

// One limit of one server.
struct ServerLimit {
  // The pools under it.
  OfPools<bool> binds;
  // The most connections that these pools may keep together, and up to which they may grow; that is
  // no more.
  std::size_t keep = 0;
  std::size_t grow = 0;
};

// The limits of every server that was observed: `observations` has what a probe found under one of
// its server's pools. `servers` has a number for each pool that exists: the same number is the same
// server, and so is the same ServerFacts::instance under another number. `reserve` is left to
// others below each limit.
std::vector<ServerLimit> LimitsOf(const OfPools<ServerObservations>& observations,
                                  const OfPools<std::optional<std::size_t>>& servers,
                                  std::size_t reserve);

// What a pool brings to the division.
struct BudgetClaim {
  // All its connections, and what it may and would have.
  std::size_t size = 0;
  std::size_t target_size = 0;
  std::size_t wanted = 0;
  // What it gets in any case.
  std::size_t floor = 1;
};

// The target_size that each pool may have at most: of what there is too little of, an equal share,
// where what one does not want is for the others. Empty for a pool that no limit binds.
OfPools<std::optional<std::size_t>> AllocateBudget(
    const std::vector<ServerLimit>& limits, const OfPools<std::optional<BudgetClaim>>& claims);

// The least that any limit lets all pools of this pool's server have together.
std::optional<std::size_t> TightestLimit(const std::vector<ServerLimit>& limits,
                                         routing::PoolRole pool);

}  // namespace scidex::control
