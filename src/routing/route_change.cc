#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "routing/advice.h"
#include "routing/epoch.h"
#include "routing/router.h"
#include "routing/verdict.h"

namespace scidex::routing {

using base::MutexLock;
using base::TimePoint;
using pool::Pool;

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

}  // namespace

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

}  // namespace scidex::routing
