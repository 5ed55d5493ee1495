#include "control/scaling_policy.h"

#include <algorithm>
#include <cmath>

namespace scidex::control {

using base::Duration;
using base::TimePoint;

namespace {

// Two intervals.
constexpr std::size_t kEvidence = 3;
constexpr Duration kServeWithin = std::chrono::seconds(1);
// The window of the peak is forgotten in this many parts.
constexpr int kParts = 32;
// Maximum number of steps down within shrink_after.
constexpr int kStepsDown = 10;
// After the server had no room, there is no growth for this long, whatever the budget.
constexpr Duration kAfterNoRoom = std::chrono::seconds(10);

// A number of additional connections that is needed, and why.
struct Need {
  std::size_t count = 0;
  ScalingReason reason = ScalingReason::kSteady;
};

// By Little's law: total waiting time divided by elapsed time.
double MeanWaiters(const ScalingSample& before, const ScalingSample& after) {
  const double seconds = base::Seconds(after.at - before.at);
  return seconds > 0 ? base::Seconds(after.waited - before.waited) / seconds : 0;
}

Duration MeanWait(const ScalingSample& before, const ScalingSample& after) {
  const auto acquires = static_cast<Duration::rep>(after.acquires - before.acquires);
  return acquires > 0 ? (after.waited - before.waited) / acquires : Duration::zero();
}

// Number of connections that serve these waiters once within kServeWithin: fewer than one each if
// leases are short. If waiters arrive faster than they are served, the next checks will see them.
std::size_t ConnectionsFor(std::size_t waiters, const std::deque<ScalingSample>& evidence) {
  const std::uint64_t leases = evidence.back().leases - evidence.front().leases;
  if (leases == 0) return waiters;
  const double mean_use =
      base::Seconds(evidence.back().held - evidence.front().held) / static_cast<double>(leases);
  const double each = std::min(1.0, mean_use / base::Seconds(kServeWithin));
  return std::max<std::size_t>(
      1, static_cast<std::size_t>(std::ceil(static_cast<double>(waiters) * each)));
}

// Number of waiters that will not get one of the idle connections.
std::size_t WaitersBeyondIdle(const ScalingSample& sample) {
  return sample.waiters > sample.idle ? sample.waiters - sample.idle : 0;
}

// Whether the pool has all connections that it may have. If not, a higher target would not bring
// more of them any sooner: the server is slow or down.
bool IsFilled(const ScalingSample& sample) {
  return sample.connecting == 0 && sample.size >= sample.target_size;
}

Need NeedOf(const std::deque<ScalingSample>& evidence, Duration wait_threshold) {
  if (evidence.size() < kEvidence - 1) return {};
  const ScalingSample& last = evidence.back();
  const ScalingSample& before = *(evidence.rbegin() + 1);
  if (const std::size_t left = WaitersBeyondIdle(before); left > 0) {
    // Fewer than before: the backlog of an outage or of a rush is being worked off.
    if (WaitersBeyondIdle(last) < left) return {};
    const bool filled = IsFilled(before) && IsFilled(last);
    return {ConnectionsFor(left, evidence),
            filled ? ScalingReason::kWaiting : ScalingReason::kConnecting};
  }
  if (evidence.size() < kEvidence) return {};
  // Two intervals, so that acquires that waited for the previous step are not counted twice.
  const ScalingSample& first = evidence.front();
  if (MeanWait(first, before) <= wait_threshold || MeanWait(before, last) <= wait_threshold ||
      !std::all_of(evidence.begin(), evidence.end(), IsFilled)) {
    return {};
  }
  const double waiting = std::min(MeanWaiters(first, before), MeanWaiters(before, last));
  return {ConnectionsFor(static_cast<std::size_t>(std::ceil(waiting)), evidence),
          ScalingReason::kWaitsLong};
}

ScalingDecision Grow(const ScalingHistory& history, const Need& need) {
  const ScalingSample& sample = history.latest();
  const std::size_t target = sample.target_size;
  if (need.reason == ScalingReason::kConnecting) return {target, need.reason};
  if (target >= sample.max_size) return {target, ScalingReason::kAtMax};
  if (history.no_room_at() && sample.at - *history.no_room_at() < kAfterNoRoom)
    return {target, ScalingReason::kAtBudget};
  return {std::min(target + std::min(need.count, target), sample.max_size), need.reason};
}

ScalingDecision Shrink(const ScalingHistory& history, Duration shrink_after) {
  const ScalingSample& sample = history.latest();
  const std::size_t target = sample.target_size;
  const std::size_t peak = history.peak();
  const std::size_t keep =
      std::max(sample.floor(), peak + std::max<std::size_t>(1, (peak + 3) / 4));
  if (target <= keep) return {target, ScalingReason::kSteady};
  if (sample.at - history.raised_at() < shrink_after ||
      sample.at - history.moved_at() < shrink_after / kStepsDown) {
    return {target, ScalingReason::kCoolingDown};
  }
  return {std::max(keep, target - std::max<std::size_t>(1, target / 10)), ScalingReason::kIdle};
}

}  // namespace

ScalingSample SampleOf(const pool::PoolStats& stats, TimePoint at) {
  ScalingSample sample;
  sample.at = at;
  sample.size = stats.size;
  sample.connecting = stats.connecting;
  sample.idle = stats.idle;
  sample.in_use = stats.in_use;
  sample.waiters = stats.waiters;
  sample.target_size = stats.target_size;
  sample.max_size = stats.max_size;
  sample.min_idle = stats.min_idle;
  sample.acquires = stats.acquire_wait.total();
  sample.waited = stats.acquire_wait.sum();
  sample.leases = stats.use.total();
  sample.held = stats.use.sum();
  sample.no_room = stats.connects[pool::ConnectOutcome::kTooManyConnections];
  return sample;
}

void ScalingHistory::Add(const ScalingSample& sample) {
  std::size_t needed = sample.in_use + sample.waiters;
  if (!latest_) {
    moved_at_ = raised_at_ = sample.at;
  } else {
    // Acquires that waited between the two samples, even if none waits now.
    const auto mean = static_cast<std::size_t>(std::lround(MeanWaiters(*latest_, sample)));
    needed = std::max(needed, sample.in_use + mean);
    if (sample.no_room > latest_->no_room) no_room_at_ = sample.at;
    if (sample.target_size != latest_->target_size) {
      evidence_.clear();
      moved_at_ = sample.at;
      if (sample.target_size > latest_->target_size) raised_at_ = sample.at;
    }
  }
  NoteNeed(needed, sample.at);
  evidence_.push_back(sample);
  if (evidence_.size() > kEvidence) evidence_.pop_front();
  latest_ = sample;
}

void ScalingHistory::NoteNeed(std::size_t needed, TimePoint at) {
  if (parts_.empty() || at - parts_.back().from >= shrink_after_ / kParts) {
    parts_.push_back({at, needed});
  } else {
    parts_.back().needed = std::max(parts_.back().needed, needed);
  }
  // The first part ends where the second begins.
  while (parts_.size() > 1 && at - parts_[1].from >= shrink_after_) parts_.pop_front();
}

std::size_t ScalingHistory::peak() const {
  std::size_t peak = 0;
  for (const Part& part : parts_) peak = std::max(peak, part.needed);
  return peak;
}

ScalingDecision DesiredTarget(const ScalingHistory& history, const AutoscalerOptions& options) {
  const Need need = NeedOf(history.evidence(), options.wait_threshold);
  return need.count > 0 ? Grow(history, need) : Shrink(history, options.shrink_after);
}

ScalingDecision ClampToBudget(const ScalingDecision& desired, const ScalingSample& sample,
                              const std::optional<std::size_t>& budget) {
  const std::size_t now = sample.target_size;
  if (!budget) {
    return desired.target_size > now ? ScalingDecision{now, ScalingReason::kBudgetUnknown}
                                     : desired;
  }
  const std::size_t bounded = std::max(std::min(desired.target_size, *budget), sample.floor());
  if (bounded == desired.target_size) return desired;
  if (bounded < now) return {bounded, ScalingReason::kOverBudget};
  return {bounded, bounded == now ? ScalingReason::kAtBudget : desired.reason};
}

ScalingDecision Step(const ScalingHistory& history, const AutoscalerOptions& options,
                     const std::optional<std::size_t>& budget) {
  return ClampToBudget(DesiredTarget(history, options), history.latest(), budget);
}

}  // namespace scidex::control
