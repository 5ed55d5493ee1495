#include <algorithm>
#include <new>
#include <vector>

#include "base/local_failure.h"
#include "pool/core.h"

namespace scidex::pool {

bool PoolCore::HoldsLease(std::thread::id thread) const {
  return std::any_of(leased_.begin(), leased_.end(),
                     [&](const Slot& slot) { return slot.holder == thread; });
}

// If every lease is held by a waiting thread, marks the last of these waiters to give up. Called
// after everything that can complete a deadlock: a holder joins the queue, a connection is closed
// and not replaced, the target is lowered.
void PoolCore::FindDeadlock() noexcept {
  try {
    TryFindDeadlock();
  } catch (const std::bad_alloc&) {
    base::CountLocalFailure(base::LocalResource::kMemory);
  }
}

void PoolCore::TryFindDeadlock() {
  const std::size_t room = options_.autoscaled ? options_.max_size : target_size_;
  const bool another_to_come = Size() + closing_ > leased_.size() || leased_.size() < room;
  if (waiters_.empty() || suspended_ || another_to_come) return;
  std::vector<std::thread::id> holders;
  for (const Slot& slot : leased_) {
    if (slot.moved.load(std::memory_order_relaxed)) return;
    holders.push_back(slot.holder);
  }
  std::sort(holders.begin(), holders.end());
  holders.erase(std::unique(holders.begin(), holders.end()), holders.end());
  // A thread has at most one waiter.
  std::size_t waiting = 0;
  Waiter* last = nullptr;
  for (Waiter* waiter : waiters_) {
    if (!std::binary_search(holders.begin(), holders.end(), waiter->claim.thread)) continue;
    if (waiter->deadlocked) return;
    ++waiting;
    last = waiter;
  }
  if (waiting < holders.size()) return;
  last->deadlocked = true;
  last->wake.NotifyOne();
}

std::string PoolCore::DescribeDeadlock() const noexcept {
  try {
    return TryDescribeDeadlock();
  } catch (const std::bad_alloc&) {
    return {};
  }
}

std::string PoolCore::TryDescribeDeadlock() const {
  std::string text = "every lease is held by a thread that waits for another one";
  const char* separator = ": ";
  std::size_t described = 0;
  for (const Slot& slot : leased_) {
    if (described++ == PoolStats::kOldestLeases) break;
    const auto waiter = std::find_if(waiters_.begin(), waiters_.end(), [&](const Waiter* w) {
      return w->claim.thread == slot.holder;
    });
    text += separator + base::ToString(slot.borrower);
    if (waiter != waiters_.end()) text += " waits at " + base::ToString((*waiter)->claim.borrower);
    separator = "; ";
  }
  return text;
}

}  // namespace scidex::pool
