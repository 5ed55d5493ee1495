// Invariants of every snapshot of a pool, and of consecutive snapshots.
#pragma once

#include <algorithm>
#include <functional>
#include <string>

#include "pool/stats.h"
#include "unit/pool/pool_test_base.h"

namespace scidex::pool {

// The numbers of a snapshot that contradict each other; empty if none do. `detached` connections
// have left the pool.
inline std::string Contradiction(const PoolStats& stats, std::size_t detached = 0) {
  if (stats.connecting + stats.idle + stats.in_use != stats.size) return "states and size";
  if (stats.size > stats.max_size) return "size and max_size";
  if (Sum(stats.acquires) + stats.waiters != stats.requests) return "outcomes and requests";
  if (stats.acquire_wait.total() != Sum(stats.acquires)) return "waits and outcomes";
  if (stats.connect.total() != Sum(stats.connects)) return "connect times and connects";
  const std::uint64_t ended = stats.use.total();
  const std::uint64_t lent =
      stats.acquires[AcquireOutcome::kImmediate] + stats.acquires[AcquireOutcome::kWaited];
  if (ended > lent || lent > ended + stats.in_use) return "leases and uses";
  if (Sum(stats.read_only_proofs) != lent) return "proofs and leases";
  if (stats.connects[ConnectOutcome::kOk] !=
      stats.idle + stats.in_use + Sum(stats.evictions) + detached) {
    return "connects and evictions";
  }
  if (stats.oldest_waiter < 0s || stats.oldest_lease() < 0s) return "an age below zero";
  return "";
}

inline bool NoneDecreased(const Histogram& before, const Histogram& after) {
  for (std::size_t i = 0; i <= before.bounds().size(); ++i) {
    if (after.count(i) < before.count(i)) return false;
  }
  return after.sum() >= before.sum();
}

template <typename Counts>
bool NoneDecreased(const Counts& before, const Counts& after) {
  return std::equal(before.begin(), before.end(), after.begin(), std::less_equal<>());
}

// The counter that decreased; empty if none did.
inline std::string DecreasedCounter(const PoolStats& before, const PoolStats& after) {
  if (after.requests < before.requests) return "requests";
  if (!NoneDecreased(before.acquires, after.acquires)) return "acquires";
  if (!NoneDecreased(before.connects, after.connects)) return "connects";
  if (!NoneDecreased(before.evictions, after.evictions)) return "evictions";
  if (!NoneDecreased(before.read_only_proofs, after.read_only_proofs)) return "read_only_proofs";
  if (!NoneDecreased(before.acquire_wait, after.acquire_wait)) return "acquire_wait";
  if (!NoneDecreased(before.use, after.use)) return "use";
  if (!NoneDecreased(before.connect, after.connect)) return "connect";
  return "";
}

}  // namespace scidex::pool
