#include "routing/router.h"

#include <functional>
#include <string>
#include <utility>

#include "base/log.h"
#include "routing/verdict.h"

namespace scidex::routing {

using base::MutexLock;
using base::TimePoint;
using pool::Lease;
using pool::Pool;

// A span of time during which the route does not change.
struct Router::Epoch {
  Route route;
  std::stop_source over;
};

Router::Router(const Pools& pools, const RoutingOptions& options, base::Clock& clock)
    : pools_(pools),
      options_(options),
      clock_(clock),
      machine_({pools[PoolRole::kPrimary] != nullptr, pools[PoolRole::kRo] != nullptr}, options,
               clock.Now()),
      epoch_(std::make_shared<Epoch>(Epoch{machine_.route(), {}})) {}

Lease Router::AcquireRead(const pool::AcquireOptions& options, const base::CallSite& borrower) {
  const TimePoint deadline = options.deadline.value_or(DefaultDeadline());
  for (;;) {
    const std::shared_ptr<Epoch> epoch = AwaitRoute(deadline, options.stop);
    Pool* const pool = PoolOf(epoch->route);
    if (pool == nullptr) ThrowDisabled();
    try {
      Lease lease = AcquireFrom(*pool, deadline, options.stop, *epoch, borrower);
      acquires_[epoch->route].fetch_add(1, std::memory_order_relaxed);
      return lease.Forward();
    } catch (const pool::AcquireCancelled&) {
      if (options.stop.stop_requested() || !epoch->over.stop_requested()) throw;
    }
  }
}

void Router::ThrowDisabled() {
  acquires_[Route::kPrimaryDisabled].fetch_add(1, std::memory_order_relaxed);
  const Reason reason = [this] {
    MutexLock lock(mutex_);
    return machine_.reason();
  }();
  std::string message = "reads are refused: the replica does not serve (";
  message += base::Name(reason);
  message += pools_[PoolRole::kPrimary] == nullptr
                 ? ") and there is no primary"
                 : ") and read_only.fallthrough does not allow the primary";
  throw ReadRoutingDisabled(message, RoStats());
}

// What is idle; else waits in the pool's queue until the lease, the deadline, the caller's stop or
// the end of the epoch.
Lease Router::AcquireFrom(Pool& pool, TimePoint deadline, const std::stop_token& stop,
                          const Epoch& epoch, const base::CallSite& borrower) {
  if (Lease idle = pool.TryAcquire({deadline, stop}, borrower)) return idle.Forward();
  std::stop_source either;
  const auto relay = [&either] { either.request_stop(); };
  const std::stop_callback on_stop(stop, relay);
  const std::stop_callback on_over(epoch.over.get_token(), relay);
  return pool.Acquire({deadline, either.get_token()}, borrower);
}

Lease Router::AcquireWrite(const pool::AcquireOptions& options, const base::CallSite& borrower) {
  Pool* const primary = pools_[PoolRole::kPrimary];
  if (primary == nullptr) throw NoPrimary("no primary is configured: nowhere to write", {});
  return primary->Acquire(options, borrower);
}

TimePoint Router::DefaultDeadline() const {
  const std::shared_ptr<Epoch> epoch = RouteInForce();
  const Pool* const pool = epoch ? PoolOf(epoch->route) : pools_[PoolRole::kRo];
  return pool == nullptr ? clock_.Now() : base::Add(clock_.Now(), pool->acquire_timeout());
}

// Null before the first verdict.
std::shared_ptr<Router::Epoch> Router::RouteInForce() const {
  MutexLock lock(mutex_);
  return machine_.decided() ? epoch_ : nullptr;
}

std::shared_ptr<Router::Epoch> Router::AwaitRoute(TimePoint deadline, const std::stop_token& stop) {
  if (auto epoch = RouteInForce()) return epoch;
  bool closed = false;
  {
    const std::stop_callback<std::function<void()>> on_stop(stop, [this] {
      MutexLock lock(mutex_);
      decided_.NotifyAll();
    });
    MutexLock lock(mutex_);
    ++awaiting_;
    while (!machine_.decided() && !closed_ && !stop.stop_requested() &&
           clock_.WaitUntil(decided_, mutex_, deadline)) {
    }
    closed = closed_;
    if (--awaiting_ == 0 && closed_) decided_.NotifyAll();
    if (machine_.decided()) return epoch_;
  }
  if (closed) throw pool::PoolClosed("closed before the first verdict on the replica", {});
  if (stop.stop_requested()) {
    throw pool::AcquireCancelled(
        "read cancelled while waiting for the first verdict on the replica", RoStats());
  }
  throw pool::AcquireTimeout("no verdict on the replica within the deadline of this read",
                             RoStats());
}

void Router::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  decided_.NotifyAll();
  while (awaiting_ > 0) decided_.Wait(mutex_);
}

void Router::OnReplicaVerdict(Reason verdict) {
  Change change;
  std::shared_ptr<Epoch> ended;
  DrainIfMisled(verdict);
  {
    MutexLock lock(mutex_);
    change.first = !machine_.decided();
    change.route_before = machine_.route();
    change.reason_before = machine_.reason();
    if (machine_.OnVerdict(verdict, clock_.Now(), clock_.WallNow())) {
      ended = std::exchange(epoch_, std::make_shared<Epoch>(Epoch{machine_.route(), {}}));
    }
    change.route = machine_.route();
    change.reason = machine_.reason();
    if (change.first) decided_.NotifyAll();
  }
  // First: a log that blocks holds up no read.
  if (ended) ended->over.request_stop();
  Log(change);
}

// Before the route can return to it: what was opened while the pool's name led elsewhere stays
// there.
void Router::DrainIfMisled(Reason verdict) {
  const bool misled = IsMisled(verdict);
  {
    MutexLock lock(mutex_);
    if (std::exchange(misled_, misled) == misled) return;
  }
  if (pools_[PoolRole::kRo] != nullptr) pools_[PoolRole::kRo]->Drain();
}

void Router::Log(const Change& change) {
  if (change.first) {
    base::LogInfo("route decided",
                  {{"route", base::Name(change.route)}, {"reason", base::Name(change.reason)}});
  } else if (change.route != change.route_before) {
    base::Log(change.route == Route::kReplica ? base::LogLevel::kInfo : base::LogLevel::kWarn,
              "route changed",
              {{"from", base::Name(change.route_before)},
               {"to", base::Name(change.route)},
               {"reason", base::Name(change.reason)}});
  } else if (change.reason != change.reason_before) {
    base::LogInfo("reason of the route changed", {{"route", base::Name(change.route)},
                                                  {"from", base::Name(change.reason_before)},
                                                  {"reason", base::Name(change.reason)}});
  }
}

Pool* Router::PoolOf(Route route) const {
  switch (route) {
    case Route::kReplica:
      return pools_[PoolRole::kRo];
    case Route::kPrimaryFallthrough:
      return pools_[PoolRole::kRoFallthrough];
    case Route::kPrimaryDisabled:
      return nullptr;
  }
  return nullptr;
}

pool::PoolStats Router::RoStats() const {
  const Pool* const ro = pools_[PoolRole::kRo];
  return ro == nullptr ? pool::PoolStats{} : ro->Stats();
}

PoolsStats Router::pool_stats() const {
  PoolsStats stats;
  for (std::size_t i = 0; i < base::kEnumCount<PoolRole>; ++i) {
    const auto role = static_cast<PoolRole>(i);
    if (pools_[role] != nullptr) stats.pools[role] = pools_[role]->Stats();
  }
  stats.ro_dsn_configured = pools_[PoolRole::kRo] != nullptr;
  stats.max_lag = options_.max_lag;
  {
    MutexLock lock(mutex_);
    stats.route = machine_.Stats(clock_.Now());
  }
  for (std::size_t i = 0; i < base::kEnumCount<Route>; ++i) {
    const auto route = static_cast<Route>(i);
    stats.route.acquires[route] = acquires_[route].load(std::memory_order_relaxed);
  }
  return stats;
}

}  // namespace scidex::routing
