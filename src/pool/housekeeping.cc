#include <iterator>
#include <stop_token>

#include "base/log.h"
#include "pool/core.h"

namespace scidex::pool {

using base::Duration;
using base::MutexLock;
using base::TimePoint;

namespace {

constexpr Duration kInterval = std::chrono::seconds(1);

}  // namespace

TimePoint PoolCore::RunHousekeeping() {
  const TimePoint now = clock_.Now();
  std::vector<LeaseInfo> leaks;
  bool over = false;
  {
    DeferredClose deferred;
    MutexLock lock(mutex_);
    ReapIdle(now, deferred);
    CollectLeaks(now, leaks);
    StartConnects(now);
    over = closed_ && leased_.empty();
  }
  SweepDeadIdle();
  for (const LeaseInfo& leak : leaks) {
    base::LogWarn("lease held too long", {{"pool", name_},
                                          {"held_seconds", leak.age},
                                          {"call_site", base::ToString(leak.borrower)},
                                          {"client", leak.client},
                                          {"backend_pid", leak.backend_pid}});
  }
  return over ? base::kNever : base::Add(now, kInterval);
}

void PoolCore::ReapIdle(TimePoint now, DeferredClose& deferred) {
  for (auto slot = idle_.begin(); slot != idle_.end();) {
    const auto next = std::next(slot);
    if (slot->expires_at <= now) Evict(idle_, slot, EvictReason::kMaxLifetime, deferred);
    slot = next;
  }
  if (idle_.empty()) return;
  const auto oldest = std::prev(idle_.end());
  if (Size() > target_size_) {
    Evict(idle_, oldest, EvictReason::kShrunk, deferred);
  } else if (options_.idle_timeout > Duration::zero() && idle_.size() > options_.min_idle &&
             now - oldest->offered_at >= options_.idle_timeout &&
             now - last_shrink_ >= options_.idle_timeout) {
    last_shrink_ = now;
    Evict(idle_, oldest, EvictReason::kIdleTimeout, deferred);
  }
}

void PoolCore::CollectLeaks(TimePoint now, std::vector<LeaseInfo>& leaks) {
  if (options_.leak_after == Duration::zero()) return;
  for (Slot& slot : leased_) {
    if (now - slot.leased_at < options_.leak_after) break;
    if (slot.leak_reported) continue;
    slot.leak_reported = true;
    ++counted_.leases_leaked;
    leaks.push_back(InfoOf(slot, now));
  }
}

}  // namespace scidex::pool
