#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

#include "pool/core.h"
#include "pool/errors.h"

namespace scidex::pool {

using base::MutexLock;
using base::TimePoint;

namespace {

constexpr base::Duration kTrustsWatchFor = std::chrono::milliseconds(10);

}  // namespace

struct PoolCore::Request {
  Claim claim;
  const std::stop_token& stop;
  TimePoint deadline;
  // The request has been queued: it is counted in `requests`, and counts as a waiter until it ends.
  bool waited = false;
  // AcquireOptions::started.
  bool waited_elsewhere = false;
  // All the time may have been used up: a connection was unfit, or the acquire began in an earlier
  // pool.
  bool retry = false;
  // TryAcquire(): neither waits nor throws if no connection is idle.
  bool tries_only = false;
  // AcquireOptions::moves.
  const std::stop_source* moves = nullptr;
  // See EndEarly().
  bool ended = false;
  // Set when the pool may be destroyed before this acquire has ended.
  std::shared_ptr<PoolCore> alive = nullptr;
};

void PoolCore::CheckFork() const {
  if (!Forked()) return;
  PoolStats stats;
  stats.name = name_;
  throw ForkedPool(
      "pool " + name_ +
          ": created by the parent of this process; a child must create its own pool after fork()",
      std::move(stats));
}

Lease PoolCore::Acquire(const AcquireOptions& options, const base::CallSite& borrower) {
  CheckFork();
  const TimePoint now = clock_.Now();
  Request request{{borrower, options.started.value_or(now)},
                  options.stop,
                  options.deadline ? *options.deadline : base::Add(now, options_.acquire_timeout)};
  request.claim.client = options.client;
  request.waited_elsewhere = request.retry = options.started.has_value();
  request.moves = options.moves;
  for (TimePoint present = now;; present = clock_.Now()) {
    SlotList::iterator slot;
    bool taken = false;
    {
      MutexLock lock(mutex_);
      if (closed_) FailClosed(request, "is closed");
      if (request.stop.stop_requested()) FailCancelled(request);
      if (request.retry && present >= request.deadline) FailTimeout(request);
      taken = !idle_.empty() && MayOvertake(present);
      if (taken) slot = TakeIdle(request, present);
    }
    if (!taken) return Wait(request);
    if (Admit(slot, request, nullptr)) return Lease(this, slot);
  }
}

Lease PoolCore::TryAcquire(const AcquireOptions& options, const base::CallSite& borrower) {
  CheckFork();
  const TimePoint now = clock_.Now();
  Request request{{borrower, options.started.value_or(now)},
                  options.stop,
                  options.deadline ? *options.deadline : base::Add(now, options_.reset_timeout)};
  request.waited_elsewhere = request.retry = options.started.has_value();
  request.claim.client = options.client;
  request.moves = options.moves;
  request.tries_only = true;
  for (TimePoint present = now;; present = clock_.Now()) {
    SlotList::iterator slot;
    {
      MutexLock lock(mutex_);
      if (request.stop.stop_requested() || request.ended) return {};
      if (request.retry && present >= request.deadline) return {};
      if (idle_.empty() || !MayOvertake(present)) return {};
      slot = TakeIdle(request, present);
    }
    if (Admit(slot, request, nullptr)) return Lease(this, slot);
  }
}

bool PoolCore::HeadHasWaited(TimePoint now) const {
  return !waiters_.empty() && now - waiters_.front()->claim.started >= handoff_.after();
}

// A running thread may overtake waiters that have not waited long; see PoolOptions::handoff_after.
bool PoolCore::MayOvertake(TimePoint now) const { return !suspended_ && !HeadHasWaited(now); }

// Requires an idle connection.
SlotList::iterator PoolCore::TakeIdle(const Request& request, TimePoint now) {
  const SlotList::iterator slot = idle_.begin();
  leased_.splice(leased_.end(), idle_, slot);
  const bool waited = request.waited || request.waited_elsewhere;
  Lend(slot, request.claim, waited ? AcquireOutcome::kWaited : AcquireOutcome::kImmediate, now);
  slot->counted_request = !request.waited;
  if (slot->counted_request) ++counted_.requests;
  // No connect was started for a waiter that this connection would have served.
  if (!waiters_.empty()) StartConnects(now);
  return slot;
}

void PoolCore::Lend(SlotList::iterator slot, const Claim& claim, AcquireOutcome outcome,
                    TimePoint now) {
  slot->leased_at = now;
  slot->borrower = claim.borrower;
  slot->client = claim.client;
  slot->holder = claim.thread;
  slot->moved.store(false, std::memory_order_relaxed);
  slot->granted_as = outcome;
  slot->counted_request = false;
  slot->waited = now - claim.started;
  slot->handoff_delay = base::Duration::zero();
  slot->leak_reported = false;
  // Relaxed: snapshots, which read it, hold the same lock.
  slot->granted.store(false, std::memory_order_relaxed);
  slot->proof = ReadOnlyProof::kNone;
  ++counted_.acquires[outcome];
  counted_.acquire_wait.Observe(slot->waited);
}

// Undoes the counting of an acquire whose connection was unfit or could not be tried.
void PoolCore::Revoke(SlotList::iterator slot) {
  if (slot->counted_request) --counted_.requests;
  --counted_.acquires[slot->granted_as];
  counted_.acquire_wait.Unobserve(slot->waited);
}

Lease PoolCore::Wait(Request& request) {
  // Retire() does not wait for a waiter that has been served.
  request.alive = shared_from_this();
  Waiter waiter{request.claim};
  // Registered before the lock is taken, because the callback may run immediately, and destroyed
  // after the lock is released, because the callback may be waiting for it.
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
  if (request.stop.stop_possible()) {
    on_stop.emplace(request.stop, [this, &waiter] {
      MutexLock lock(mutex_);
      waiter.cancelled = true;
      waiter.wake.NotifyOne();
    });
  }
  {
    MutexLock lock(mutex_);
    Enqueue(request, waiter);
    StartConnects(clock_.Now());
  }
  for (;;) {
    const SlotList::iterator slot = AwaitTurn(request, waiter);
    if (Admit(slot, request, &waiter)) return Lease(this, slot);
  }
}

SlotList::iterator PoolCore::AwaitTurn(const Request& request, Waiter& waiter) {
  DeferredClose deferred;
  MutexLock lock(mutex_);
  for (bool expired = false;; expired = !clock_.WaitUntil(waiter.wake, mutex_, request.deadline)) {
    if (waiter.handed && !waiter.cancelled) {
      Slot& slot = **waiter.handed;
      slot.handoff_delay = clock_.Now() - slot.leased_at;
      handoff_.OnHandedOver(slot.handoff_delay);
      return *waiter.handed;
    }
    if (waiter.handed) {
      GiveBack(*waiter.handed, deferred);
      FailCancelled(request);
    }
    if (std::exchange(waiter.deadlocked, false)) FindDeadlock();
    const bool gone = closed_ || waiter.cancelled || waiter.deadlocked;
    if (!gone && !suspended_ && !idle_.empty() && waiters_.front() == &waiter) {
      Dequeue(waiter);
      const SlotList::iterator slot = TakeIdle(request, clock_.Now());
      WakeHead();
      return slot;
    }
    if (gone || expired) GiveUp(request, waiter);
  }
}

void PoolCore::GiveBack(SlotList::iterator slot, DeferredClose& deferred) {
  const TimePoint now = clock_.Now();
  Revoke(slot);
  if (MayStay(*slot, now)) {
    Offer(leased_, slot, now);
  } else {
    EvictLeased(slot, ReasonToEvict(*slot, now), deferred);
  }
}

void PoolCore::GiveUp(const Request& request, Waiter& waiter) {
  const std::string deadlock = waiter.deadlocked ? DescribeDeadlock() : "";
  Dequeue(waiter);
  WakeHead();
  if (closed_) FailClosed(request, "was closed while this acquire waited");
  if (waiter.cancelled) FailCancelled(request);
  if (waiter.deadlocked) {
    Fail<NestedAcquireDeadlock>(request, AcquireOutcome::kDeadlock, deadlock);
  }
  FailTimeout(request);
}

// Keeps the queue ordered by start time, so that an acquire whose connection turned out dead
// regains its place. Such an acquire is exempt from max_waiters.
void PoolCore::Enqueue(Request& request, Waiter& waiter) {
  if (!request.waited && waiters_.size() >= options_.max_waiters) {
    CountFailure(request, AcquireOutcome::kQueueFull);
    Throw<QueueFull>("the queue is full: max_waiters is " + std::to_string(options_.max_waiters));
  }
  auto place = waiters_.end();
  while (place != waiters_.begin() && (*std::prev(place))->claim.started > waiter.claim.started)
    --place;
  try {
    waiter.place = waiters_.insert(place, &waiter);
  } catch (const std::bad_alloc&) {
    CountFailure(request, AcquireOutcome::kError);
    throw;
  }
  if (waiter.claim.client) ++client_waiters_;
  waiter.handed.reset();
  if (!request.waited) ++counted_.requests;
  request.waited = true;
  if (HoldsLease(waiter.claim.thread) && request.deadline > clock_.Now()) FindDeadlock();
}

void PoolCore::Dequeue(Waiter& waiter) {
  waiters_.erase(waiter.place);
  if (waiter.claim.client) --client_waiters_;
  if (closed_) quiet_.NotifyAll();
}

// Checks whether the connection is fit for use. If not, returns false after evicting it (returning
// it, if it was not tried); `waiter` is then queued again in its old place.
bool PoolCore::Admit(SlotList::iterator slot, Request& request, Waiter* waiter) {
  EvictReason reason = EvictReason::kDead;
  if (slot->expires_at <= slot->leased_at) {
    reason = EvictReason::kMaxLifetime;
  } else if (IsAlive(*slot)) {
    // The end of the route or of the pool stops it too: otherwise a server that hangs would hold up
    // an acquire that another server could serve.
    const Prepared prepared =
        slot->connection->Prepare(request.deadline, {request.stop, request.moves, &retired_},
                                  {request.claim.borrower, request.claim.client});
    if (prepared.result == Prepared::Result::kReady) {
      slot->proof = prepared.proof;
      // Without the lock, so that an acquire takes it only once; see Slot::granted.
      slot->granted.store(true, std::memory_order_release);
      return true;
    }
    if (prepared.result == Prepared::Result::kNotTried) {
      ReturnUntried(slot, request);
      return false;
    }
    if (prepared.result == Prepared::Result::kUnproven) reason = EvictReason::kReadOnlyUnproven;
    if (prepared.result == Prepared::Result::kOtherServer) reason = EvictReason::kOtherServer;
    if (prepared.result == Prepared::Result::kStopped) reason = EvictReason::kBorrower;
  }
  if (reason != EvictReason::kMaxLifetime && reason != EvictReason::kBorrower) {
    request.retry = true;
    OnDeadConnection();
  }
  TakeBack(slot, reason, request, waiter);
  return false;
}

// The watch reports a hang-up within milliseconds, unless the machine is too busy to run its
// thread. A connection that has been idle for longer is worth a system call.
bool PoolCore::IsAlive(const Slot& slot) const {
  const bool idle_for_long = slot.leased_at - slot.offered_at >= kTrustsWatchFor;
  return slot.connection->IsAlive(idle_for_long ? Connection::LivenessCheck::kKernel
                                                : Connection::LivenessCheck::kWatch);
}

// The connection is unchanged: an acquire that came too late is no reason to close it.
void PoolCore::ReturnUntried(SlotList::iterator slot, Request& request) {
  DeferredClose deferred;
  MutexLock lock(mutex_);
  GiveBack(slot, deferred);
  request.alive = deferred.core;
  EndEarly(request);
}

void PoolCore::EndEarly(Request& request) {
  request.ended = true;
  if (request.tries_only) return;
  if (closed_) FailClosed(request, "was closed during this acquire");
  MoveIfRequested(request);
  if (request.stop.stop_requested()) FailCancelled(request);
  FailTimeout(request);
}

void PoolCore::TakeBack(SlotList::iterator slot, EvictReason reason, Request& request,
                        Waiter* waiter) {
  DeferredClose deferred;
  MutexLock lock(mutex_);
  const TimePoint now = clock_.Now();
  Revoke(slot);
  EvictLeased(slot, reason, deferred);
  request.alive = deferred.core;
  if (reason == EvictReason::kBorrower) return EndEarly(request);
  if (waiter == nullptr) return;
  if (now >= request.deadline) FailTimeout(request);
  Enqueue(request, *waiter);
  StartConnects(now);
}

template <typename Error>
void PoolCore::Fail(const Request& request, AcquireOutcome outcome, std::string_view what) {
  CountFailure(request, outcome);
  Throw<Error>(std::string(what));
}

// Called before the message is composed, because memory may be exhausted.
void PoolCore::CountFailure(const Request& request, AcquireOutcome outcome) {
  if (!request.waited) ++counted_.requests;
  ++counted_.acquires[outcome];
  counted_.acquire_wait.Observe(clock_.Now() - request.claim.started);
}

void PoolCore::MoveIfRequested(const Request& request) {
  if (request.moves == nullptr || !request.moves->stop_requested()) return;
  if (request.waited) --counted_.requests;
  throw AcquireMoved(request.claim.started);
}

void PoolCore::FailClosed(const Request& request, std::string_view what) {
  MoveIfRequested(request);
  Fail<PoolClosed>(request, AcquireOutcome::kClosed, what);
}

void PoolCore::FailCancelled(const Request& request) {
  MoveIfRequested(request);
  Fail<AcquireCancelled>(request, AcquireOutcome::kCancelled, "acquire cancelled");
}

void PoolCore::FailTimeout(const Request& request) {
  CountFailure(request, AcquireOutcome::kTimeout);
  const auto waited =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Now() - request.claim.started);
  Throw<AcquireTimeout>("no connection within " + std::to_string(waited.count()) + " ms" +
                        LastFailure());
}

std::string PoolCore::LastFailure() const {
  if (counted_.last_connect_outcome == ConnectOutcome::kOk) return "";
  std::string text = "; the last connect failed: ";
  text += base::Name(counted_.last_connect_outcome);
  return text + ": " + counted_.last_connect_message;
}

}  // namespace scidex::pool
