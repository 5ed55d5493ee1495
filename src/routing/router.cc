#include "routing/router.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <iterator>
#include <string>
#include <utility>

#include "base/log.h"
#include "routing/advice.h"
#include "routing/verdict.h"

namespace scidex::routing {

using base::MutexLock;
using base::TimePoint;
using pool::Lease;
using pool::Pool;

namespace {

// Returns the role of the pool that serves reads.
std::optional<PoolRole> ReadRole(Route route) {
  switch (route) {
    case Route::kReplica:
      return PoolRole::kRo;
    case Route::kPrimaryFallthrough:
      return PoolRole::kRoFallthrough;
    case Route::kPrimaryDisabled:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

// What an acquire uses when it no longer waits, and the router may have been destroyed.
struct Router::Shared {
  base::EnumArray<Route, std::atomic<std::uint64_t>> acquires;
  // Acquires that wait for a connection, or that continue after a wait.
  std::atomic<std::size_t> queued{0};
  // Set before `queued` is read for the last time: an acquire that comes later must not continue.
  std::atomic<bool> closed{false};
};

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

// A period during which neither the route nor the pools change.
struct Router::Epoch {
  pool::Pool* ReadPool() const {
    const std::optional<PoolRole> role = ReadRole(route);
    return role ? pools[*role].get() : nullptr;
  }

  // Constant once the epoch is in force.
  Route route = Route::kPrimaryDisabled;
  Pools pools;
  std::shared_ptr<Shared> shared;
  // Stopped once the route or the pools have changed. A reload that changes neither keeps it.
  std::stop_source over;
};

// A change that has been prepared but not applied.
class Router::Plan {
 public:
  RoutingOptions options;
  bool new_replica = false;
  std::shared_ptr<Epoch> epoch;
};

namespace {

// Adds advice on `reason` to warnings and errors.
void LogRoute(base::LogLevel level, const char* what, Reason reason, const base::LogField& first,
              const std::optional<base::LogField>& second = std::nullopt) {
  const base::LogField why{"reason", base::Name(reason)};
  const base::LogField advice{"advice", AdviceOn(reason)};
  const bool advises = level >= base::LogLevel::kWarn;
  if (second && advises) return base::Log(level, what, {first, *second, why, advice});
  if (second) return base::Log(level, what, {first, *second, why});
  if (advises) return base::Log(level, what, {first, why, advice});
  base::Log(level, what, {first, why});
}

Servers ServersOf(const Router::Pools& pools) {
  return {pools[PoolRole::kPrimary] != nullptr, pools[PoolRole::kRo] != nullptr};
}

}  // namespace

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

std::optional<RouteChange> Router::Change::OfRoute() const {
  if (route == route_before) return std::nullopt;
  return RouteChange{ReadRole(route_before), ReadRole(route)};
}

std::optional<RouteChange> Router::OnReplicaVerdict(Reason verdict, TimePoint probed_at) {
  Change change;
  std::shared_ptr<Epoch> ended;
  DrainIfWrongServer(verdict);
  // Allocated first: if that fails, nothing has changed yet.
  auto next = std::make_shared<Epoch>();
  {
    MutexLock lock(mutex_);
    change.first = !machine_.decided();
    change.route_before = machine_.route();
    change.reason_before = machine_.reason();
    if (machine_.OnVerdict(verdict, probed_at, clock_.Now(), clock_.WallNow())) {
      next->route = machine_.route();
      next->pools = epoch_->pools;
      next->shared = shared_;
      ended = std::exchange(epoch_, std::move(next));
    }
    change.route = machine_.route();
    change.reason = machine_.reason();
    if (change.first) decided_.NotifyAll();
  }
  if (ended) ended->over.request_stop();
  Log(change);
  return change.OfRoute();
}

// Called before the route can return to the replica: sessions opened while the pool's name led to
// another server are still connected to that one.
void Router::DrainIfWrongServer(Reason verdict) {
  const bool wrong = IsWrongServer(verdict);
  {
    MutexLock lock(mutex_);
    if (std::exchange(ro_is_wrong_server_, wrong) == wrong) return;
  }
  const std::shared_ptr<Pool> ro = Now()->pools[PoolRole::kRo];
  if (ro != nullptr) ro->Drain();
}

std::shared_ptr<Router::Plan> Router::Prepare(const Pools& pools, const RoutingOptions& options,
                                              bool new_replica) {
  auto plan = std::make_shared<Plan>();
  plan->options = options;
  plan->new_replica = new_replica;
  plan->epoch = std::make_shared<Epoch>(Epoch{Route::kPrimaryDisabled, pools, shared_, {}});
  // Destroyed without the lock, because a pool waits for its housekeeping.
  std::vector<std::shared_ptr<Pool>> forgotten;
  MutexLock lock(mutex_);
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    ForgetIdleRetired(role, forgotten);
    retired_[role].reserve(retired_[role].size() + 1);
  }
  return plan;
}

std::optional<RouteChange> Router::Apply(const std::shared_ptr<Plan>& plan) noexcept {
  const Pools& pools = plan->epoch->pools;
  Change change;
  std::shared_ptr<Epoch> ended;
  bool goes_on = false;
  {
    MutexLock lock(mutex_);
    // Before the first verdict, no reported route has changed.
    change.first = false;
    change.route_before = machine_.route();
    change.reason_before = machine_.reason();
    machine_.Reconfigure(ServersOf(pools), plan->options, plan->new_replica, clock_.Now(),
                         clock_.WallNow());
    max_lag_ = plan->options.max_lag;
    fallthrough_expected_ = plan->options.fallthrough_expected;
    if (plan->new_replica) ro_is_wrong_server_ = false;
    for (const PoolRole role : base::kEnumValues<PoolRole>) {
      if (epoch_->pools[role] != pools[role]) Retire(role, epoch_->pools[role]);
    }
    plan->epoch->route = machine_.route();
    // Otherwise a reload would stop checks of sessions, each of which costs its session.
    goes_on = !plan->new_replica && plan->epoch->route == epoch_->route &&
              std::equal(pools.begin(), pools.end(), epoch_->pools.begin());
    if (goes_on) plan->epoch->over = epoch_->over;
    ended = std::exchange(epoch_, plan->epoch);
    change.route = machine_.route();
    change.reason = machine_.reason();
    if (machine_.decided()) decided_.NotifyAll();
  }
  if (!goes_on) ended->over.request_stop();
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (ended->pools[role] && ended->pools[role] != pools[role]) ended->pools[role]->Retire();
  }
  Log(change);
  return change.OfRoute();
}

// Prepare() has reserved the capacity.
void Router::Retire(PoolRole role, const std::shared_ptr<Pool>& pool) {
  if (pool != nullptr) retired_[role].push_back(pool);
}

// Drops retired pools without active leases, keeping their counters.
void Router::ForgetIdleRetired(PoolRole role, std::vector<std::shared_ptr<Pool>>& forgotten) {
  std::vector<std::shared_ptr<Pool>>& retired = retired_[role];
  forgotten.reserve(forgotten.size() + retired.size());
  const auto idle =
      std::partition(retired.begin(), retired.end(),
                     [](const std::shared_ptr<Pool>& one) { return one->Stats().in_use > 0; });
  std::vector<pool::PoolStats> counts;
  for (auto one = idle; one != retired.end(); ++one) counts.push_back((*one)->Stats());
  // From here on, nothing can fail.
  for (const pool::PoolStats& one : counts) pool::AddCounters(counted_[role], one);
  std::move(idle, retired.end(), std::back_inserter(forgotten));
  retired.erase(idle, retired.end());
}

void Router::Log(const Change& change) {
  const base::LogLevel level = LevelOf(change.reason);
  if (change.first) {
    LogRoute(level, "route decided", change.reason, {"route", base::Name(change.route)});
  } else if (change.route != change.route_before) {
    // At a reload with another replica, this is not a failure: its first verdict is still to come.
    LogRoute(level, "route changed", change.reason, {"from", base::Name(change.route_before)},
             base::LogField{"to", base::Name(change.route)});
  } else if (change.reason != change.reason_before) {
    const bool is_graver = level > LevelOf(change.reason_before);
    LogRoute(is_graver ? level : base::LogLevel::kInfo, "reason of the route changed",
             change.reason, {"route", base::Name(change.route)},
             base::LogField{"from", base::Name(change.reason_before)});
  }
}

Router::PoolLineage Router::LineageOf(PoolRole role) const {
  return {epoch_->pools[role], retired_[role], counted_[role]};
}

pool::PoolStats Router::PoolLineage::Stats() const {
  pool::PoolStats stats;
  if (pool != nullptr) stats = pool->Stats();
  pool::AddCounters(stats, counted);
  for (const std::shared_ptr<Pool>& one : retired) {
    const pool::PoolStats before = one->Stats();
    pool::AddCounters(stats, before);
    stats.retired_leases += before.in_use;
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
