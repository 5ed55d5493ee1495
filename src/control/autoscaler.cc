#include "control/autoscaler.h"

#include <algorithm>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "base/local_failure.h"
#include "base/log.h"

namespace scidex::control {

using base::MutexLock;
using base::TimePoint;
using routing::PoolRole;
using routing::Reason;

namespace {

std::string ToText(const std::optional<std::size_t>& budget) {
  return budget ? std::to_string(*budget) : "unknown";
}

struct TargetChange {
  std::size_t to = 0;
  std::string_view reason;
};

void LogTargetChange(std::string_view message, const std::string& pool, const ScalingSample& sample,
                     const TargetChange& change, const std::optional<std::size_t>& budget) {
  base::LogInfo(message, {{"pool", pool},
                          {"from", sample.target_size},
                          {"to", change.to},
                          {"reason", change.reason},
                          {"in_use", sample.in_use},
                          {"waiters", sample.waiters},
                          {"budget", ToText(budget)}});
}

}  // namespace

Autoscaler::Autoscaler(const AutoscalerOptions& options,
                       const OfPools<std::optional<ScaledPool>>& pools, base::Scheduler& scheduler)
    : options_(options),
      clock_(scheduler.clock()),
      task_(scheduler, base::TaskKind::kAutoscaler,
            [this](const std::stop_token&) { return Run(); }) {
  stats_.mode = options.mode;
  if (options.mode == AutoscalerMode::kOff) return;
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (!pools[role]) continue;
    servers_[role] = pools[role]->server;
    pools_[role].emplace(
        Scaled{*pools[role], {}, ScalingHistory(options.shrink_after), std::nullopt});
    pools_[role]->replaced.reserve(1);
  }
}

Autoscaler::~Autoscaler() { Stop(); }

void Autoscaler::Inherit(const Autoscaler& before) noexcept {
  OfPools<std::optional<std::size_t>> owed;
  {
    const MutexLock moving(before.moving_);
    owed = before.owed_;
  }
  const AutoscalerStats stats = before.Stats();
  const MutexLock moving(moving_);
  MutexLock lock(mutex_);
  // Everything else concerns pools and servers that may have changed.
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    stats_.pools[role].decisions = stats.pools[role].decisions;
    if (!pools_[role] || options_.mode != AutoscalerMode::kOn) continue;
    owed_[role] = owed[role];
    try {
      InheritReplaced(before, role);
    } catch (const std::bad_alloc&) {
      base::CountLocalFailure(base::LocalResource::kMemory);
    }
  }
}

void Autoscaler::InheritReplaced(const Autoscaler& before, PoolRole role) {
  Scaled& scaled = *pools_[role];
  const auto& old = before.pools_[role];
  const bool is_kept = old && old->pool.pool == scaled.pool.pool;
  const bool is_replaced = old && old->pool.pool == scaled.pool.before && scaled.pool.same_server;
  if (!is_kept && !is_replaced) return;
  // Room for the latest one.
  scaled.replaced.reserve(old->replaced.size() + 1);
  for (const ReplacedPool& replaced : old->replaced) {
    if (clock_.Now() < replaced.until) scaled.replaced.push_back(replaced);
  }
}

void Autoscaler::Start() noexcept {
  if (options_.mode == AutoscalerMode::kOff) return;
  task_.Start(base::Add(clock_.Now(), options_.interval));
}

void Autoscaler::SizeNewPools() noexcept {
  const MutexLock moving(moving_);
  const TimePoint until = base::Add(clock_.Now(), kConnectionsKnownFor);
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (!pools_[role]) continue;
    ScaledPool& scaled = pools_[role]->pool;
    const bool is_sized = scaled.is_new && options_.mode == AutoscalerMode::kOn;
    const std::size_t target = scaled.before ? scaled.before->target_size() : 1;
    if (is_sized) scaled.pool->StartAt(scaled.same_server ? target : 1);
    // The predecessor may have been owed a higher target than it received.
    if (is_sized && !scaled.same_server && scaled.before)
      owed_[role] = std::max(owed_[role].value_or(0), target);
    const std::shared_ptr<pool::Pool> replaced = std::exchange(scaled.before, nullptr);
    if (!is_sized || !scaled.same_server || !replaced) continue;
    scaled.pool->MakeRoomFor(*replaced, until);
    // Within the reserved capacity.
    pools_[role]->replaced.push_back({replaced, until});
  }
}

void Autoscaler::TakeOver(PoolRole role, std::size_t target) noexcept {
  if (options_.mode != AutoscalerMode::kOn || !pools_[role]) return;
  const MutexLock moving(moving_);
  owed_[role] = std::max(owed_[role].value_or(0), target);
  try {
    ApplyOwed();
  } catch (const std::bad_alloc&) {
    // The next answered probe retries this.
    base::CountLocalFailure(base::LocalResource::kMemory);
  }
}

// Targets that were owed while a server's budget was unknown are applied once; after that, the
// periodic checks decide.
void Autoscaler::ApplyOwed() {
  const bool nothing =
      std::none_of(owed_.begin(), owed_.end(), [](const auto& target) { return target; });
  if (nothing) return;
  const std::vector<ServerLimit> limits = Limits(clock_.Now());
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (!owed_[role] || !TightestLimit(limits, role)) continue;
    Raise(role, limits, *owed_[role]);
    owed_[role].reset();
  }
}

void Autoscaler::Raise(PoolRole role, const std::vector<ServerLimit>& limits, std::size_t target) {
  OfPools<std::optional<BudgetClaim>> claims;
  OfPools<ScalingSample> samples;
  for (const PoolRole other : base::kEnumValues<PoolRole>) {
    if (!pools_[other]) continue;
    const ScalingSample& sample = samples[other] =
        SampleOf(pools_[other]->pool.pool->Stats(), clock_.Now());
    claims[other] = {sample.size, sample.target_size, sample.target_size, sample.floor()};
  }
  const ScalingSample& sample = samples[role];
  claims[role]->wanted = std::min(target, sample.max_size);
  const std::size_t granted =
      std::min(claims[role]->wanted, AllocateBudget(limits, claims)[role].value_or(0));
  if (granted <= sample.target_size) return;
  pool::Pool& pool = *pools_[role]->pool.pool;
  pool.Resize(granted, pool::ResizeCause::kAutoscaler);
  LogTargetChange("target size changed", pool.name(), sample, {granted, "takes_over"},
                  TightestLimit(limits, role));
}

void Autoscaler::Stop() { task_.Stop(); }

AutoscalerStats Autoscaler::Stats() const {
  MutexLock lock(mutex_);
  return stats_;
}

void Autoscaler::OnProbe(PoolRole role, const ProbeResult& result) {
  if (options_.mode == AutoscalerMode::kOff) return;
  if (result.reason != Reason::kOk || !result.facts.connections) {
    MutexLock lock(mutex_);
    observations_[role].Clear();
    return;
  }
  ServerObservation observation{clock_.Now(), result.facts.instance, *result.facts.connections, {}};
  for (const PoolRole other : base::kEnumValues<PoolRole>) {
    if (!pools_[other]) continue;
    const pool::PoolStats stats = pools_[other]->pool.pool->Stats();
    observation.open[other] = stats.idle + stats.in_use;
    for (const ReplacedPool& replaced : pools_[other]->replaced) {
      if (observation.at < replaced.until) observation.open[other] += replaced.pool->Stats().in_use;
    }
  }
  {
    MutexLock lock(mutex_);
    observations_[role].Add(std::move(observation));
  }
  const MutexLock moving(moving_);
  ApplyOwed();
}

std::vector<ServerLimit> Autoscaler::Limits(TimePoint now) const {
  OfPools<ServerObservations> observations;
  {
    MutexLock lock(mutex_);
    observations = observations_;
  }
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    ServerObservations& of_pool = observations[role];
    if (!of_pool.empty() && now - of_pool.latest().at > kConnectionsKnownFor) of_pool.Clear();
  }
  return LimitsOf(observations, servers_, options_.server_reserve);
}

TimePoint Autoscaler::Run() {
  const MutexLock moving(moving_);
  const TimePoint now = clock_.Now();
  OfPools<std::optional<ScalingDecision>> desired;
  OfPools<std::optional<BudgetClaim>> claims;
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (!pools_[role]) continue;
    ScalingHistory& history = pools_[role]->history;
    history.Add(SampleOf(pools_[role]->pool.pool->Stats(), now));
    const ScalingSample& sample = history.latest();
    desired[role] = DesiredTarget(history, options_);
    claims[role] = {sample.size, sample.target_size, desired[role]->target_size, sample.floor()};
  }
  const std::vector<ServerLimit> limits = Limits(now);
  const OfPools<std::optional<std::size_t>> budgets = AllocateBudget(limits, claims);
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (!pools_[role]) continue;
    Scaled& scaled = *pools_[role];
    CarryOut(role, scaled, ClampToBudget(*desired[role], scaled.history.latest(), budgets[role]),
             TightestLimit(limits, role));
  }
  return base::Add(now, options_.interval);
}

void Autoscaler::CarryOut(PoolRole role, Scaled& scaled, const ScalingDecision& decision,
                          std::optional<std::size_t> budget) {
  if (options_.mode == AutoscalerMode::kOn) {
    scaled.pool.pool->Resize(decision.target_size, pool::ResizeCause::kAutoscaler);
  }
  {
    MutexLock lock(mutex_);
    ScalingStats& stats = stats_.pools[role];
    ++stats.decisions[decision.reason];
    stats.latest = decision;
    stats.budget = budget;
  }
  LogOnce(scaled, decision, budget);
}

void Autoscaler::LogOnce(Scaled& scaled, const ScalingDecision& decision,
                         std::optional<std::size_t> budget) {
  const ScalingSample& sample = scaled.history.latest();
  if (decision.target_size == sample.target_size) {
    scaled.logged.reset();
    return;
  }
  // In dry_run, the same decision is made again at the next check.
  const bool again = options_.mode == AutoscalerMode::kDryRun && scaled.logged &&
                     scaled.logged->target_size == decision.target_size &&
                     scaled.logged->reason == decision.reason;
  scaled.logged = decision;
  if (again) return;
  LogTargetChange(
      options_.mode == AutoscalerMode::kOn ? "target size changed" : "target size would change",
      scaled.pool.pool->name(), sample, {decision.target_size, base::Name(decision.reason)},
      budget);
}

}  // namespace scidex::control
