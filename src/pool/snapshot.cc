#include <algorithm>

#include "pool/core.h"

namespace scidex::pool {

using base::MutexLock;
using base::TimePoint;

PoolStats PoolCore::Stats() const {
  if (Forked()) {
    PoolStats stats;
    stats.name = name_;
    return stats;
  }
  MutexLock lock(mutex_);
  // Read under the lock, so that nothing in the pool is newer.
  return StatsLocked(clock_.Now());
}

std::size_t PoolCore::target_size() const {
  if (Forked()) return 0;
  MutexLock lock(mutex_);
  return target_size_;
}

LeaseInfo PoolCore::InfoOf(const Slot& slot, TimePoint now) {
  return {slot.borrower, now - slot.leased_at, slot.client ? *slot.client : std::string(),
          slot.backend_pid};
}

PoolStats PoolCore::StatsLocked(TimePoint now) const {
  PoolStats stats = counted_;
  stats.connecting = connecting_;
  stats.idle = IdleCount();
  stats.in_use = leased_.size();
  stats.size = Size();
  stats.target_size = target_size_;
  stats.handoff_after = handoff_.after();
  stats.waiters = waiters_.size();
  stats.client_waiters = client_waiters_;
  if (!waiters_.empty()) stats.oldest_waiter = now - waiters_.front()->claim.started;
  for (const Slot& slot : leased_) {
    // The borrower's thread does not take the lock: if this is true, its proof is visible too.
    if (slot.granted.load(std::memory_order_acquire)) {
      ++stats.read_only_proofs[slot.proof];
    } else {
      // The acquire has not ended: the connection is being checked and may turn out dead.
      if (slot.granted_as == AcquireOutcome::kWaited) {
        ++stats.waiters;
        if (slot.client) ++stats.client_waiters;
        stats.oldest_waiter = std::max(stats.oldest_waiter, now - slot.leased_at + slot.waited);
      } else {
        --stats.requests;
      }
      --stats.acquires[slot.granted_as];
      stats.acquire_wait.Unobserve(slot.waited);
    }
    if (stats.oldest_leases.size() < PoolStats::kOldestLeases) {
      stats.oldest_leases.push_back(InfoOf(slot, now));
    }
  }
  stats.read_only_violations = violations_.load(std::memory_order_relaxed);
  stats.read_only_tampered = tampered_.load(std::memory_order_relaxed);
  stats.read_only_writes = writes_.load(std::memory_order_relaxed);
  stats.read_only_unproven = unproven_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace scidex::pool
