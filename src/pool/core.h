// The private half of pool.h: the state of one pool and all code that changes it. Members are
// defined in the file of their job: acquire.cc, deadlock.cc, release.cc, growth.cc, ready.cc,
// housekeeping.cc, snapshot.cc, lifecycle.cc.
//
// Locking: mutex_ is the only lock. No external code runs under it (no connect, close, callback or
// log), and it is never held while another pool's lock is taken. Only the locks of the gates, of
// the housekeeping task, of the executor's queue and of the timer are taken inside it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/call_site.h"
#include "base/clock.h"
#include "base/fork.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "pool/connect_gate.h"
#include "pool/connection.h"
#include "pool/handoff.h"
#include "pool/lease.h"
#include "pool/options.h"
#include "pool/pool.h"
#include "pool/stats.h"

namespace scidex::pool {

// The generation of a connection that may not stay in the pool.
inline constexpr std::uint64_t kNoGeneration = std::numeric_limits<std::uint64_t>::max();

// One open connection and what is known about it. It is in exactly one list at a time.
struct Slot {
  std::unique_ptr<Connection> connection;
  std::uint64_t generation = 0;
  base::TimePoint expires_at = base::kNever;
  std::int64_t backend_pid = 0;
  // When it was last offered to acquirers, by becoming idle or by a handoff.
  base::TimePoint offered_at{};

  // The members below describe the current lease.
  base::TimePoint leased_at{};
  base::CallSite borrower;
  std::shared_ptr<const std::string> client;
  // The thread that acquired it. It is the holder until the lease is moved.
  std::thread::id holder;
  // Set without the lock by the thread that moves the lease. Relaxed: only a holder that waits is
  // part of a deadlock, and it has taken the lock since it moved the lease.
  std::atomic<bool> moved{false};
  AcquireOutcome granted_as = AcquireOutcome::kImmediate;
  // The request was counted when the connection was lent, not when it was queued.
  bool counted_request = false;
  base::Duration waited{0};
  // Time from the handoff until the waiter ran.
  base::Duration handoff_delay{0};
  bool leak_reported = false;
  // Set by the borrower's thread, without the lock, once the connection has proved fit for use.
  // Until then the acquire has not ended, and snapshots exclude it. The store releases `proof`: a
  // snapshot, which holds the lock but not this thread, reads `proof` only after it has seen true.
  // Lend() resets both under the lock.
  std::atomic<bool> granted{false};
  ReadOnlyProof proof = ReadOnlyProof::kNone;
};
using SlotList = std::list<Slot>;

// Connections that a change has evicted. They are closed after the lock is released: declare this
// before the MutexLock.
struct DeferredClose {
  DeferredClose() = default;
  ~DeferredClose() {
    if (!to_close.empty()) Close();
  }
  DeferredClose(const DeferredClose&) = delete;
  DeferredClose& operator=(const DeferredClose&) = delete;

  void Close() noexcept;

  // The owner of the connections: the pool may be destroyed while they are closed.
  std::shared_ptr<PoolCore> core;
  SlotList to_close;
};

struct Waiter;
using WaiterList = std::list<Waiter*>;

// Who acquires, and since when.
struct Claim {
  base::CallSite borrower;
  base::TimePoint started{};
  std::thread::id thread = std::this_thread::get_id();
  // AcquireOptions::client.
  std::shared_ptr<const std::string> client = nullptr;
};

// A blocked acquirer; lives on its stack.
struct Waiter {
  Claim claim;
  base::CondVar wake = {};
  // Set when a connection is handed over. The waiter has then left the queue.
  std::optional<SlotList::iterator> handed = std::nullopt;
  bool cancelled = false;
  // Chosen by FindDeadlock() to give up.
  bool deadlocked = false;
  WaiterList::iterator place = {};
};

class PoolCore final : public SessionObserver, public std::enable_shared_from_this<PoolCore> {
 public:
  PoolCore(std::string name, const PoolOptions& options, Pool::Dependencies dependencies);
  ~PoolCore() override;

  // Implementation of Pool.
  void Start();
  Lease Acquire(const AcquireOptions& options, const base::CallSite& borrower);
  Lease TryAcquire(const AcquireOptions& options, const base::CallSite& borrower);
  void AwaitReady(base::TimePoint deadline, const std::stop_token& stop);
  void Resize(std::size_t target, ResizeCause cause);
  void StartAt(std::size_t target);
  void MakeRoomFor(PoolCore& before, base::TimePoint until) noexcept;
  void Drain();
  void EvictIdle();
  void Suspend();
  void Resume();
  void OnServerAnswered();
  void Retire();
  void Close();
  PoolStats Stats() const;
  std::size_t target_size() const;
  const std::string& name() const { return name_; }
  base::Duration acquire_timeout() const { return options_.acquire_timeout; }
  // This process is a child of the process that created the pool.
  bool Forked() const { return fork_check_.Forked(); }

  // Implementation of Lease.
  void Release(SlotList::iterator slot) noexcept;
  void Discard(SlotList::iterator slot, EvictReason reason) noexcept;
  std::unique_ptr<Connection> Detach(SlotList::iterator slot) noexcept;

  // `count` connections were closed and no longer occupy room.
  void OnClosed(std::size_t count);

  void OnReadOnlyViolation() override { violations_.fetch_add(1, std::memory_order_relaxed); }
  void OnReadOnlyTampered() override { tampered_.fetch_add(1, std::memory_order_relaxed); }
  void OnReadOnlyWrite() override { writes_.fetch_add(1, std::memory_order_relaxed); }
  void OnReadOnlyUnproven() override { unproven_.fetch_add(1, std::memory_order_relaxed); }
  void OnPeerGone() override;
  void OnWrongServer() override;

 private:
  // acquire.cc
  struct Request;
  void CheckFork() const;
  SlotList::iterator TakeIdle(const Request& request, base::TimePoint now) SCIDEX_REQUIRES(mutex_);
  Lease Wait(Request& request);
  SlotList::iterator AwaitTurn(const Request& request, Waiter& waiter);
  bool HeadHasWaited(base::TimePoint now) const SCIDEX_REQUIRES(mutex_);
  bool MayOvertake(base::TimePoint now) const SCIDEX_REQUIRES(mutex_);
  [[noreturn]] void GiveUp(const Request& request, Waiter& waiter) SCIDEX_REQUIRES(mutex_);
  void Enqueue(Request& request, Waiter& waiter) SCIDEX_REQUIRES(mutex_);
  void Dequeue(Waiter& waiter) SCIDEX_REQUIRES(mutex_);
  void Lend(SlotList::iterator slot, const Claim& claim, AcquireOutcome outcome,
            base::TimePoint now) SCIDEX_REQUIRES(mutex_);
  bool Admit(SlotList::iterator slot, Request& request, Waiter* waiter);
  bool IsAlive(const Slot& slot) const;
  void ReturnUntried(SlotList::iterator slot, Request& request);
  // Gives back a connection that was lent to an acquire that ends without it.
  void GiveBack(SlotList::iterator slot, DeferredClose& deferred) SCIDEX_REQUIRES(mutex_);
  void TakeBack(SlotList::iterator slot, EvictReason reason, Request& request, Waiter* waiter);
  // The acquire was stopped, or its deadline has passed, while it had a connection. Throws, unless
  // it only tries.
  void EndEarly(Request& request) SCIDEX_REQUIRES(mutex_);
  void Revoke(SlotList::iterator slot) SCIDEX_REQUIRES(mutex_);
  template <typename Error>
  [[noreturn]] void Fail(const Request& request, AcquireOutcome outcome, std::string_view what)
      SCIDEX_REQUIRES(mutex_);
  void CountFailure(const Request& request, AcquireOutcome outcome) SCIDEX_REQUIRES(mutex_);
  template <typename Error>
  [[noreturn]] void Throw(const std::string& what) const SCIDEX_REQUIRES(mutex_) {
    PoolStats stats = StatsLocked(clock_.Now());
    const std::string message = "pool " + name_ + ": " + what + " (" + Summary(stats) + ")";
    throw Error(message, std::move(stats));
  }
  // Returns "; the last connect failed: …", or "" if connects do not fail.
  std::string LastFailure() const SCIDEX_REQUIRES(mutex_);
  // Throws AcquireMoved, uncounted, if the acquire continues in another pool.
  void MoveIfRequested(const Request& request) SCIDEX_REQUIRES(mutex_);
  [[noreturn]] void FailClosed(const Request& request, std::string_view what)
      SCIDEX_REQUIRES(mutex_);
  [[noreturn]] void FailCancelled(const Request& request) SCIDEX_REQUIRES(mutex_);
  [[noreturn]] void FailTimeout(const Request& request) SCIDEX_REQUIRES(mutex_);

  // deadlock.cc
  bool HoldsLease(std::thread::id thread) const SCIDEX_REQUIRES(mutex_);
  // If memory is exhausted, a deadlock is neither found nor described.
  void FindDeadlock() noexcept SCIDEX_REQUIRES(mutex_);
  void TryFindDeadlock() SCIDEX_REQUIRES(mutex_);
  std::string DescribeDeadlock() const noexcept SCIDEX_REQUIRES(mutex_);
  std::string TryDescribeDeadlock() const SCIDEX_REQUIRES(mutex_);

  // ready.cc
  bool IsReady() const SCIDEX_REQUIRES(mutex_);
  void NotifyReady() SCIDEX_REQUIRES(mutex_);

  // release.cc
  void CountUse(const Slot& slot, base::TimePoint now) SCIDEX_REQUIRES(mutex_);
  void EvictLeased(SlotList::iterator slot, EvictReason reason, DeferredClose& deferred)
      SCIDEX_REQUIRES(mutex_);
  void Offer(SlotList& from, SlotList::iterator slot, base::TimePoint now) SCIDEX_REQUIRES(mutex_);
  void WakeHead() SCIDEX_REQUIRES(mutex_);
  bool MayStay(const Slot& slot, base::TimePoint now) const SCIDEX_REQUIRES(mutex_);
  EvictReason ReasonToEvict(const Slot& slot, base::TimePoint now) const SCIDEX_REQUIRES(mutex_);
  void Evict(SlotList& from, SlotList::iterator slot, EvictReason reason, DeferredClose& deferred)
      SCIDEX_REQUIRES(mutex_);
  void EvictAllIdle(EvictReason reason, DeferredClose& deferred) SCIDEX_REQUIRES(mutex_);
  void SweepDeadIdle();
  void OnDeadConnection();

  // growth.cc
  void StartConnects(base::TimePoint now) SCIDEX_REQUIRES(mutex_);
  std::size_t RequestConnects(std::size_t wanted, base::TimePoint now) SCIDEX_REQUIRES(mutex_);
  bool ConfirmAtGates(base::TimePoint now) SCIDEX_REQUIRES(mutex_);
  void ReportToGates(ConnectOutcome outcome, base::TimePoint now) SCIDEX_REQUIRES(mutex_);
  void ReturnToGates(std::size_t count) SCIDEX_REQUIRES(mutex_);
  std::size_t ConnectsWanted() const SCIDEX_REQUIRES(mutex_);
  void RunConnect();
  void SubmitConnect() SCIDEX_REQUIRES(mutex_);
  std::optional<std::uint64_t> BeginConnect();
  void ConnectOne(std::uint64_t generation);
  ConnectResult Connect(base::TimePoint started, SlotList& slot) noexcept;
  void OnConnected(SlotList& opened, std::uint64_t generation, base::TimePoint now,
                   DeferredClose& deferred) SCIDEX_REQUIRES(mutex_);
  void OnConnectFailed(ConnectResult& result) SCIDEX_REQUIRES(mutex_);
  base::TimePoint ExpiryOf(base::TimePoint created) SCIDEX_REQUIRES(mutex_);

  // lifecycle.cc
  void StopHousekeeping();
  // A pool before this one has closed connections.
  void OnClosedBefore();
  // Number of open connections of the pools before this one, as far as they count here.
  std::size_t OpenBefore() const SCIDEX_REQUIRES(mutex_);

  // housekeeping.cc
  base::TimePoint RunHousekeeping();
  void ReapIdle(base::TimePoint now, DeferredClose& deferred) SCIDEX_REQUIRES(mutex_);
  void CollectLeaks(base::TimePoint now, std::vector<LeaseInfo>& leaks) SCIDEX_REQUIRES(mutex_);

  // snapshot.cc
  PoolStats StatsLocked(base::TimePoint now) const SCIDEX_REQUIRES(mutex_);
  static LeaseInfo InfoOf(const Slot& slot, base::TimePoint now);

  std::size_t IdleCount() const SCIDEX_REQUIRES(mutex_) { return idle_.size() + checking_.size(); }
  std::size_t Size() const SCIDEX_REQUIRES(mutex_) {
    return connecting_ + IdleCount() + leased_.size();
  }
  // Number of connections that a retired pool still has.
  std::size_t Left() const SCIDEX_REQUIRES(mutex_) {
    return checking_.size() + leased_.size() + closing_;
  }

  // Constant.
  const std::string name_;
  const PoolOptions options_;
  const std::shared_ptr<Connector> connector_;
  base::Scheduler& scheduler_;
  base::Clock& clock_;
  const std::function<void()> on_trouble_;
  const base::ForkCheck fork_check_;

  // Not guarded by mutex_.
  // For failures of this pool's own connects; for all failures if there is no server_gate_.
  ConnectGate own_gate_;
  // For failures that concern the server, shared with its other pools; may be null. Its lock guards
  // server_client_.
  const std::shared_ptr<ConnectGate> server_gate_;
  ConnectGate::Client server_client_;
  // Stopped when this pool is retired; ends its connects and the checks of acquires.
  std::stop_source retired_;
  std::atomic<std::uint64_t> violations_{0};
  std::atomic<std::uint64_t> tampered_{0};
  std::atomic<std::uint64_t> writes_{0};
  std::atomic<std::uint64_t> unproven_{0};
  // Number of connections of this pool, for its successor. Kept up to date once this pool is
  // retired.
  const std::shared_ptr<std::atomic<std::size_t>> left_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  // Wakes threads in AwaitReady().
  base::CondVar ready_;
  // Notified when something that Retire() waits for may have ended.
  base::CondVar quiet_;

  mutable base::Mutex mutex_;

  // Guarded by mutex_: the connections.
  bool closed_ SCIDEX_GUARDED_BY(mutex_) = false;
  bool suspended_ SCIDEX_GUARDED_BY(mutex_) = false;
  std::size_t target_size_ SCIDEX_GUARDED_BY(mutex_);
  std::uint64_t generation_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // Most recently released first.
  SlotList idle_ SCIDEX_GUARDED_BY(mutex_);
  // Idle connections that SweepDeadIdle() is checking without the lock. Only it changes this list.
  SlotList checking_ SCIDEX_GUARDED_BY(mutex_);
  // Oldest lease first.
  SlotList leased_ SCIDEX_GUARDED_BY(mutex_);
  std::size_t connecting_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // Evicted connections that are still being closed: not in Size(), but the server still has them.
  std::size_t closing_ SCIDEX_GUARDED_BY(mutex_) = 0;
  base::TimePoint last_shrink_ SCIDEX_GUARDED_BY(mutex_);
  // For OnWrongServer(): no further drain before this time.
  base::TimePoint next_replacement_ SCIDEX_GUARDED_BY(mutex_) = base::TimePoint::min();

  // Guarded by mutex_: the threads that wait.
  // Oldest first.
  WaiterList waiters_ SCIDEX_GUARDED_BY(mutex_);
  // Number of waiters_ with a client, so that a snapshot does not have to walk the queue.
  std::size_t client_waiters_ SCIDEX_GUARDED_BY(mutex_) = 0;
  HandoffThreshold handoff_ SCIDEX_GUARDED_BY(mutex_);
  // Number of threads in AwaitReady().
  std::size_t awaiting_ready_ SCIDEX_GUARDED_BY(mutex_) = 0;

  // Guarded by mutex_: the connects.
  ConnectGate::Client own_client_ SCIDEX_GUARDED_BY(mutex_);
  std::mt19937_64 jitter_ SCIDEX_GUARDED_BY(mutex_);
  // Connects in connecting_ that no thread has started yet.
  std::size_t queued_connects_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // Number of connects whose thread still uses this object.
  std::size_t connect_jobs_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // The server's gate has a connect reserved for this pool, and must be asked again.
  bool has_reserved_connect_ SCIDEX_GUARDED_BY(mutex_) = false;

  // Guarded by mutex_: the counters. Only these are kept up to date; a snapshot fills in the rest.
  PoolStats counted_ SCIDEX_GUARDED_BY(mutex_);

  // Guarded by mutex_: the pools before and after this one.
  std::weak_ptr<PoolCore> successor_ SCIDEX_GUARDED_BY(mutex_);
  // left_ of the pools that this one has replaced, and until when they count.
  std::vector<std::shared_ptr<std::atomic<std::size_t>>> before_ SCIDEX_GUARDED_BY(mutex_);
  base::TimePoint before_counts_until_ SCIDEX_GUARDED_BY(mutex_) = base::TimePoint::min();

  // Guarded by mutex_: the lifetime.
  // Keeps the state of a closed pool alive while it has active leases.
  std::shared_ptr<PoolCore> self_ SCIDEX_GUARDED_BY(mutex_);
  // Null once the pool is closed.
  std::shared_ptr<base::PeriodicTask> housekeeping_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::pool
