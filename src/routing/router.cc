#include "routing/router.h"

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "routing/epoch.h"

namespace scidex::routing {

using base::MutexLock;
using base::TimePoint;
using pool::Lease;
using pool::Pool;

// Counts one of Shared::queued.
class Router::QueuedGuard {
 public:
  explicit QueuedGuard(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {
    shared_->queued.fetch_add(1);
    if (!shared_->closed) return;
    Leave();
    throw pool::PoolClosed("closed before this acquire had a connection", {});
  }
  ~QueuedGuard() { Leave(); }
  QueuedGuard(const QueuedGuard&) = delete;
  QueuedGuard& operator=(const QueuedGuard&) = delete;

 private:
  void Leave() {
    if (shared_->queued.fetch_sub(1) == 1) shared_->queued.notify_all();
  }

  const std::shared_ptr<Shared> shared_;
};

// Counts one of awaiting_.
class Router::AwaitingGuard {
 public:
  explicit AwaitingGuard(Router& router) : router_(router) {
    MutexLock lock(router_.mutex_);
    ++router_.awaiting_;
  }
  ~AwaitingGuard() {
    MutexLock lock(router_.mutex_);
    if (--router_.awaiting_ == 0 && router_.closed_) router_.decided_.NotifyAll();
  }
  AwaitingGuard(const AwaitingGuard&) = delete;
  AwaitingGuard& operator=(const AwaitingGuard&) = delete;

 private:
  Router& router_;
};

Router::Router(const Pools& pools, const RoutingOptions& options, base::Clock& clock)
    : clock_(clock),
      shared_(std::make_shared<Shared>()),
      max_lag_(options.max_lag),
      fallthrough_expected_(options.fallthrough_expected),
      machine_(ServersOf(pools), options, clock.Now()),
      epoch_(std::make_shared<Epoch>(Epoch{machine_.route(), pools, shared_, {}})) {
  // Without a replica, there is no verdict to wait for.
  if (machine_.decided())
    Log({true, machine_.route(), machine_.route(), machine_.reason(), machine_.reason()});
}

Router::~Router() {
  Close();
  // An acquire may be the last to use one of them.
  for (const std::vector<std::shared_ptr<Pool>>& retired : retired_) {
    for (const std::shared_ptr<Pool>& pool : retired) pool->Close();
  }
  for (std::size_t queued = shared_->queued; queued > 0; queued = shared_->queued)
    shared_->queued.wait(queued);
}

// Before any lock, which a thread of the parent may have held.
void Router::CheckFork() const {
  if (!fork_check_.Forked()) return;
  throw pool::ForkedPool(
      "created by the parent of this process; a child must create its own database after fork()",
      {});
}

Lease Router::AcquireRead(const pool::AcquireOptions& options, const base::CallSite& borrower) {
  CheckFork();
  pool::AcquireOptions attempt = options;
  attempt.deadline = options.deadline.value_or(DefaultDeadline());
  std::optional<QueuedGuard> queued;
  for (;;) {
    const std::shared_ptr<Epoch> epoch = AwaitRoute(*attempt.deadline, attempt.stop);
    Pool* const pool = epoch->ReadPool();
    if (pool == nullptr) CountAndThrowDisabled(epoch->pools);
    attempt.moves = &epoch->over;
    try {
      Lease lease = AcquireFrom(*pool, attempt, *epoch, queued, borrower);
      epoch->shared->acquires[epoch->route].fetch_add(1, std::memory_order_relaxed);
      return lease.Forward();
    } catch (const pool::AcquireMoved& moved) {
      attempt.started = moved.started();
    }
  }
}

void Router::CountAndThrowDisabled(const Pools& pools) {
  shared_->acquires[Route::kPrimaryDisabled].fetch_add(1, std::memory_order_relaxed);
  const Reason reason = [this] {
    MutexLock lock(mutex_);
    return machine_.reason();
  }();
  std::string message = "reads are refused: the replica does not serve (";
  message += base::Name(reason);
  message += pools[PoolRole::kPrimary] == nullptr
                 ? ") and there is no primary"
                 : ") and read_only.fallthrough does not allow the primary";
  throw ReadRoutingDisabled(message, RoStats());
}

// Takes an idle connection; otherwise waits in the pool's queue until there is a lease, the
// deadline passes, the caller requests a stop, or the epoch ends.
Lease Router::AcquireFrom(Pool& pool, const pool::AcquireOptions& options, const Epoch& epoch,
                          std::optional<QueuedGuard>& queued, const base::CallSite& borrower) {
  if (Lease idle = pool.TryAcquire(options, borrower)) return idle.Forward();
  if (!queued) queued.emplace(epoch.shared);
  const pool::AnyStop either({options.stop, &epoch.over});
  pool::AcquireOptions waiting = options;
  waiting.stop = either.token();
  return pool.Acquire(waiting, borrower);
}

Lease Router::AcquireWrite(const pool::AcquireOptions& options, const base::CallSite& borrower) {
  return AcquireOf(PoolRole::kPrimary, "no primary is configured to write to", options, borrower);
}

Lease Router::AcquireFallthrough(const pool::AcquireOptions& options,
                                 const base::CallSite& borrower) {
  return AcquireOf(PoolRole::kRoFallthrough, "there is no pool for reads from the primary", options,
                   borrower);
}

Lease Router::AcquireOf(PoolRole role, const char* why_none, const pool::AcquireOptions& options,
                        const base::CallSite& borrower) {
  CheckFork();
  pool::AcquireOptions attempt = options;
  std::optional<QueuedGuard> queued;
  for (;;) {
    const std::shared_ptr<Epoch> epoch = Now();
    Pool* const pool = epoch->pools[role].get();
    if (pool == nullptr) throw NoPrimary(why_none, {});
    if (!attempt.deadline) attempt.deadline = base::Add(clock_.Now(), pool->acquire_timeout());
    attempt.moves = &epoch->over;
    try {
      if (Lease idle = pool->TryAcquire(attempt, borrower)) return idle.Forward();
      if (!queued) queued.emplace(epoch->shared);
      return pool->Acquire(attempt, borrower).Forward();
    } catch (const pool::AcquireMoved& moved) {
      attempt.started = moved.started();
    }
  }
}

TimePoint Router::DefaultDeadline() const {
  const std::shared_ptr<Epoch> decided = RouteInForce();
  const std::shared_ptr<Epoch> epoch = decided ? decided : Now();
  const Pool* const pool = decided ? epoch->ReadPool() : epoch->pools[PoolRole::kRo].get();
  return pool == nullptr ? clock_.Now() : base::Add(clock_.Now(), pool->acquire_timeout());
}

std::shared_ptr<Router::Epoch> Router::Now() const {
  MutexLock lock(mutex_);
  return epoch_;
}

// Null before the first verdict.
std::shared_ptr<Router::Epoch> Router::RouteInForce() const {
  MutexLock lock(mutex_);
  return machine_.decided() ? epoch_ : nullptr;
}

std::shared_ptr<Router::Epoch> Router::AwaitRoute(TimePoint deadline, const std::stop_token& stop) {
  if (auto epoch = RouteInForce()) return epoch;
  bool closed = false;
  PoolLineage ro;
  {
    // Until this is destroyed, Close() does not return.
    const AwaitingGuard awaiting(*this);
    const std::stop_callback<std::function<void()>> on_stop(stop, [this] {
      MutexLock lock(mutex_);
      decided_.NotifyAll();
    });
    MutexLock lock(mutex_);
    while (!machine_.decided() && !closed_ && !stop.stop_requested() &&
           clock_.WaitUntil(decided_, mutex_, deadline)) {
    }
    if (machine_.decided()) return epoch_;
    closed = closed_;
    ro = LineageOf(PoolRole::kRo);
  }
  if (closed) throw pool::PoolClosed("closed before the first verdict on the replica", {});
  if (stop.stop_requested()) {
    throw pool::AcquireCancelled(
        "read cancelled while waiting for the first verdict on the replica", StatsOf(ro));
  }
  throw pool::AcquireTimeout("no verdict on the replica within the deadline of this read",
                             StatsOf(ro));
}

void Router::Close() {
  shared_->closed = true;
  MutexLock lock(mutex_);
  closed_ = true;
  decided_.NotifyAll();
  while (awaiting_ > 0) decided_.Wait(mutex_);
}

Router::PoolLineage Router::LineageOf(PoolRole role) const {
  return {epoch_->pools[role], retired_[role], counted_[role]};
}

pool::PoolStats Router::PoolLineage::Stats() const {
  pool::PoolStats stats;
  if (pool != nullptr) stats = pool->Stats();
  pool::AddCounters(stats, counted);
  for (const std::shared_ptr<Pool>& one : retired) {
    pool::AddRetired(stats, one->Stats());
  }
  return stats;
}

pool::PoolStats Router::RoStats() const {
  PoolLineage ro;
  {
    MutexLock lock(mutex_);
    ro = LineageOf(PoolRole::kRo);
  }
  return StatsOf(ro);
}

pool::PoolStats Router::StatsOf(const PoolLineage& ro) {
  return ro.pool == nullptr ? pool::PoolStats{} : ro.Stats();
}

PoolsStats Router::pool_stats() const {
  PoolsStats stats;
  base::EnumArray<PoolRole, PoolLineage> lineages;
  {
    MutexLock lock(mutex_);
    for (const PoolRole role : base::kEnumValues<PoolRole>) lineages[role] = LineageOf(role);
    stats.max_lag = max_lag_;
    stats.fallthrough_expected = fallthrough_expected_;
    stats.route = machine_.Stats(clock_.Now());
  }
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (lineages[role].pool != nullptr) {
      stats.pools[role] = lineages[role].Stats();
    } else {
      stats.gone[role] = lineages[role].Stats();
    }
  }
  stats.ro_dsn_configured = lineages[PoolRole::kRo].pool != nullptr;
  for (const Route route : base::kEnumValues<Route>) {
    stats.route.acquires[route] = shared_->acquires[route].load(std::memory_order_relaxed);
  }
  return stats;
}

}  // namespace scidex::routing
