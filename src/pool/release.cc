#include <new>
#include <utility>

#include "base/local_failure.h"
#include "pool/core.h"

namespace scidex::pool {

using base::MutexLock;
using base::TimePoint;

void PoolCore::Release(SlotList::iterator slot) noexcept {
  // The socket belongs to the parent: nothing may be sent on it.
  if (Forked()) return;
  const Recycled recycled = slot->connection->Recycle(options_.reset_timeout);
  if (recycled != Recycled::kClean) {
    return Discard(slot,
                   recycled == Recycled::kLost ? EvictReason::kDead : EvictReason::kResetFailed);
  }
  const TimePoint now = clock_.Now();
  DeferredClose deferred;
  MutexLock lock(mutex_);
  CountUse(*slot, now);
  if (MayStay(*slot, now)) {
    Offer(leased_, slot, now);
  } else {
    EvictLeased(slot, ReasonToEvict(*slot, now), deferred);
  }
}

void PoolCore::Discard(SlotList::iterator slot, EvictReason reason) noexcept {
  if (Forked()) return;
  // This may be the last lease that keeps the state of a closed pool alive.
  const std::shared_ptr<PoolCore> alive = shared_from_this();
  {
    DeferredClose deferred;
    MutexLock lock(mutex_);
    CountUse(*slot, clock_.Now());
    EvictLeased(slot, reason, deferred);
  }
  if (reason == EvictReason::kDead) {
    OnDeadConnection();
  } else if (reason == EvictReason::kResetFailed && on_trouble_) {
    // The server may not have answered.
    on_trouble_();
  }
}

// Whatever killed one connection has probably killed others: find them before the next acquire
// does.
void PoolCore::OnDeadConnection() {
  SweepDeadIdle();
  if (on_trouble_) on_trouble_();
}

void PoolCore::CountUse(const Slot& slot, TimePoint now) {
  counted_.use.Observe(now - slot.leased_at);
  handoff_.OnUsed(now - slot.leased_at - slot.handoff_delay);
  ++counted_.read_only_proofs[slot.proof];
}

void PoolCore::EvictLeased(SlotList::iterator slot, EvictReason reason, DeferredClose& deferred) {
  Evict(leased_, slot, reason, deferred);
  if (closed_ && leased_.empty()) self_.reset();
}

std::unique_ptr<Connection> PoolCore::Detach(SlotList::iterator slot) noexcept {
  if (Forked()) return nullptr;
  slot->connection->Observe(nullptr);
  std::shared_ptr<PoolCore> last;
  std::shared_ptr<PoolCore> successor;
  SlotList detached;
  {
    MutexLock lock(mutex_);
    const TimePoint now = clock_.Now();
    CountUse(*slot, now);
    detached.splice(detached.end(), leased_, slot);
    if (closed_) left_->store(Left());
    if (closed_ && leased_.empty()) last = std::move(self_);
    StartConnects(now);
    successor = successor_.lock();
  }
  if (successor) successor->OnClosedBefore();
  return std::move(slot->connection);
}

// Hands the connection over to the oldest waiter if that one has waited long enough. Otherwise
// makes it idle and wakes the oldest waiter, which takes it unless a running thread is faster.
void PoolCore::Offer(SlotList& from, SlotList::iterator slot, TimePoint now) {
  slot->offered_at = now;
  if (!suspended_ && HeadHasWaited(now)) {
    Waiter& head = *waiters_.front();
    waiters_.pop_front();
    if (head.claim.client) --client_waiters_;
    leased_.splice(leased_.end(), from, slot);
    Lend(slot, head.claim, AcquireOutcome::kWaited, now);
    head.handed = slot;
    head.wake.NotifyOne();
    // The waiter may have been woken for an idle connection, which it now leaves to the next
    // waiter.
    WakeHead();
    return;
  }
  idle_.splice(idle_.begin(), from, slot);
  WakeHead();
}

void PoolCore::WakeHead() {
  if (!suspended_ && !idle_.empty() && !waiters_.empty()) waiters_.front()->wake.NotifyOne();
}

// Requires that Size() counts `slot`.
bool PoolCore::MayStay(const Slot& slot, TimePoint now) const {
  return !closed_ && slot.generation == generation_ && slot.expires_at > now &&
         Size() <= target_size_;
}

// Requires a slot that may not stay.
EvictReason PoolCore::ReasonToEvict(const Slot& slot, TimePoint now) const {
  if (closed_) return EvictReason::kClosed;
  if (slot.generation != generation_) return EvictReason::kDrained;
  if (slot.expires_at <= now) return EvictReason::kMaxLifetime;
  return EvictReason::kShrunk;
}

void PoolCore::Evict(SlotList& from, SlotList::iterator slot, EvictReason reason,
                     DeferredClose& deferred) {
  ++counted_.evictions[reason];
  ++closing_;
  deferred.to_close.splice(deferred.to_close.end(), from, slot);
  deferred.core = shared_from_this();
}

void DeferredClose::Close() noexcept {
  const std::size_t count = to_close.size();
  to_close.clear();
  core->OnClosed(count);
}

void PoolCore::OnClosed(std::size_t count) {
  std::shared_ptr<PoolCore> successor;
  {
    MutexLock lock(mutex_);
    closing_ -= count;
    StartConnects(clock_.Now());
    FindDeadlock();
    successor = successor_.lock();
    if (closed_) {
      left_->store(Left());
      quiet_.NotifyAll();
    }
  }
  if (successor) successor->OnClosedBefore();
}

void PoolCore::SweepDeadIdle() {
  DeferredClose deferred;
  MutexLock lock(mutex_);
  // Another thread is already sweeping. One that had nothing to sweep would not be noticed here,
  // and would take the connections of the next one for its own.
  if (!checking_.empty() || idle_.empty()) return;
  // Allocate first: no connection may be left in checking_ if this fails.
  std::vector<SlotList::iterator> slots;
  std::vector<SlotList::iterator> dead;
  try {
    slots.reserve(idle_.size());
    dead.reserve(idle_.size());
  } catch (const std::bad_alloc&) {
    base::CountLocalFailure(base::LocalResource::kMemory);
    return;
  }
  checking_.swap(idle_);
  for (auto slot = checking_.begin(); slot != checking_.end(); ++slot) slots.push_back(slot);
  lock.Unlock();
  for (const SlotList::iterator slot : slots) {
    if (!slot->connection->IsAlive(Connection::LivenessCheck::kKernel)) dead.push_back(slot);
  }
  lock.Lock();
  const TimePoint now = clock_.Now();
  for (const SlotList::iterator slot : dead) Evict(checking_, slot, EvictReason::kDead, deferred);
  for (auto slot = checking_.begin(); slot != checking_.end();) {
    const auto next = std::next(slot);
    // Connections above the target are closed at one per second, by ReapIdle().
    if (const EvictReason reason = ReasonToEvict(*slot, now);
        !MayStay(*slot, now) && reason != EvictReason::kShrunk) {
      Evict(checking_, slot, reason, deferred);
    }
    slot = next;
  }
  idle_.splice(idle_.end(), checking_);
  WakeHead();
  lock.Unlock();
  if (!dead.empty() && on_trouble_) on_trouble_();
}

}  // namespace scidex::pool
