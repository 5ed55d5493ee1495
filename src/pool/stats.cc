#include "pool/stats.h"

#include <algorithm>

namespace scidex::pool {
namespace {

template <typename E>
void Add(base::EnumArray<E, std::uint64_t>& sum, const base::EnumArray<E, std::uint64_t>& more) {
  for (const E value : base::kEnumValues<E>) sum[value] += more[value];
}

}  // namespace

void AddCounters(PoolStats& stats, const PoolStats& before) {
  stats.requests += before.requests;
  Add(stats.acquires, before.acquires);
  Add(stats.connects, before.connects);
  Add(stats.evictions, before.evictions);
  for (const ResizeDirection direction : {ResizeDirection::kUp, ResizeDirection::kDown}) {
    Add(stats.resizes[direction], before.resizes[direction]);
  }
  Add(stats.read_only_proofs, before.read_only_proofs);
  stats.read_only_violations += before.read_only_violations;
  stats.read_only_tampered += before.read_only_tampered;
  stats.read_only_writes += before.read_only_writes;
  stats.read_only_unproven += before.read_only_unproven;
  stats.leases_leaked += before.leases_leaked;
  stats.acquire_wait.Add(before.acquire_wait);
  stats.use.Add(before.use);
  stats.connect.Add(before.connect);
}

void AddRetired(PoolStats& stats, const PoolStats& before) {
  AddCounters(stats, before);
  stats.retired_leases += before.in_use;
  // Counted in its requests until they end or move to the successor.
  stats.waiters += before.waiters;
  stats.client_waiters += before.client_waiters;
  stats.oldest_waiter = std::max(stats.oldest_waiter, before.oldest_waiter);
}

std::string Summary(const PoolStats& stats) {
  std::string text = std::to_string(stats.in_use) + " in use + " + std::to_string(stats.idle) +
                     " idle + " + std::to_string(stats.connecting) + " connecting of " +
                     std::to_string(stats.max_size) + ", " + std::to_string(stats.waiters) +
                     " waiting";
  if (!stats.oldest_leases.empty()) {
    const LeaseInfo& oldest = stats.oldest_leases.front();
    text += "; longest held by " + base::ToString(oldest.borrower);
    if (!oldest.client.empty()) text += " for " + oldest.client;
  }
  return text;
}

}  // namespace scidex::pool
