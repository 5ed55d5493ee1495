#include "control/replica_watch.h"

#include <algorithm>
#include <utility>

namespace scidex::control {

using base::Duration;
using base::MutexLock;
using base::TimePoint;
using routing::Reason;

namespace {

// At a probe a second, more than an hour of a primary that never rests.
constexpr std::size_t kMaxSamples = 4096;

}  // namespace

void LagEstimator::OnPrimary(std::uint64_t wal_position, TimePoint now) {
  // A position that fell back is another primary's.
  if (!samples_.empty() && wal_position < samples_.back().wal_position) samples_.clear();
  if (!samples_.empty() && wal_position == samples_.back().wal_position) return;
  samples_.push_back({wal_position, now});
  if (samples_.size() > kMaxSamples) samples_.pop_front();
}

std::optional<Duration> LagEstimator::Lag(const ServerFacts& replica, bool primary_answers,
                                          TimePoint now) const {
  const bool caught_up = replica.wal_receiver_up && replica.replayed_all_received;
  if (!primary_answers || samples_.empty() || !replica.wal_position) {
    return caught_up ? Duration::zero() : replica.since_last_replay;
  }
  const auto missing = std::find_if(samples_.begin(), samples_.end(), [&](const Sample& sample) {
    return sample.wal_position > *replica.wal_position;
  });
  if (missing == samples_.end()) return Duration::zero();
  const Duration behind = now - missing->first_seen;
  // It may have been behind before the first look at the primary.
  if (missing == samples_.begin() && !caught_up)
    return std::max(behind, replica.since_last_replay.value_or(behind));
  return behind;
}

std::optional<std::uint64_t> LagEstimator::Bytes(const ServerFacts& replica) const {
  if (samples_.empty() || !replica.wal_position) return std::nullopt;
  const std::uint64_t written = samples_.back().wal_position;
  return written > *replica.wal_position ? written - *replica.wal_position : 0;
}

ReplicaWatch::ReplicaWatch(const routing::RoutingOptions& options, bool has_primary,
                           base::Clock& clock, OnVerdict on_verdict)
    : clock_(clock),
      on_verdict_(std::move(on_verdict)),
      options_(options),
      has_primary_(has_primary) {}

void ReplicaWatch::Reconfigure(const routing::RoutingOptions& options, bool has_primary,
                               bool new_primary, bool new_replica) {
  MutexLock lock(mutex_);
  options_ = options;
  has_primary_ = has_primary;
  withheld_.reset();
  if (new_primary) {
    lag_.Clear();
    primary_answers_.reset();
    primary_system_identifier_.reset();
    primary_instance_.clear();
    primary_timeline_.reset();
  }
  if (new_primary || new_replica) {
    replayed_.reset();
    ahead_ = false;
  }
  if (new_replica) {
    lagged_ = false;
    stats_.lag.reset();
    stats_.lag_bytes.reset();
    stats_.wal_receiver_up = false;
  }
}

void ReplicaWatch::OnPrimaryProbe(const ProbeResult& result) {
  std::optional<ProbeResult> withheld;
  bool found_ahead = false;
  {
    MutexLock lock(mutex_);
    withheld.swap(withheld_);
    // One in recovery takes no writes: it is no primary that a replica could be behind.
    primary_answers_ = result.reason == Reason::kOk && !result.facts.in_recovery;
    const bool ahead_before = ahead_;
    if (result.reason == Reason::kOk) LookAtPrimary(result);
    found_ahead = ahead_ && !ahead_before;
    if (found_ahead) {
      ++stats_.judged_unfit[Reason::kDiverged];
      stats_.lag.reset();
    }
  }
  if (withheld) {
    OnReplicaProbe(*withheld);
  } else if (found_ahead) {
    on_verdict_(Reason::kDiverged);
  }
}

void ReplicaWatch::LookAtPrimary(const ProbeResult& result) {
  const ServerFacts& facts = result.facts;
  if (facts.system_identifier) primary_system_identifier_ = facts.system_identifier;
  if (facts.in_recovery) return;
  if (facts.connections) primary_instance_ = facts.connections->instance;
  primary_timeline_ = facts.timeline;
  if (!facts.wal_position) return;
  lag_.OnPrimary(*facts.wal_position, clock_.Now());
  // Positions compare in this order alone: a primary that was asked earlier may have written since.
  if (replayed_ && result.asked_at >= replayed_known_at_) ahead_ = *replayed_ > *facts.wal_position;
}

bool ReplicaWatch::IsAhead(const ServerFacts& replica) const {
  return ahead_ ||
         (primary_timeline_ && replica.timeline && *replica.timeline > *primary_timeline_);
}

void ReplicaWatch::OnReplicaProbe(const ProbeResult& result) {
  routing::ReplicaObservation observation;
  observation.answer = result.reason;
  bool withhold = false;
  routing::RoutingOptions options;
  {
    MutexLock lock(mutex_);
    if (result.reason == Reason::kOk) {
      observation.in_recovery = result.facts.in_recovery;
      observation.system_identifier = result.facts.system_identifier;
      observation.primary_answers = primary_answers_.value_or(false);
      observation.primary_system_identifier = primary_system_identifier_;
      observation.primary_instance = primary_instance_;
      if (result.facts.connections) observation.instance = result.facts.connections->instance;
      if (result.facts.in_recovery) {
        replayed_ = result.facts.wal_position;
        replayed_known_at_ = clock_.Now();
        observation.ahead = IsAhead(result.facts);
        // What is ahead is not behind by nothing.
        if (!observation.ahead)
          observation.lag = lag_.Lag(result.facts, observation.primary_answers, clock_.Now());
        observation.lagged_before = lagged_;
        stats_.lag = observation.lag;
        stats_.lag_bytes = lag_.Bytes(result.facts);
      }
    }
    // Not for ever: a primary whose every session is lent may go without a first answer.
    withhold = result.reason == Reason::kOk && has_primary_ && !primary_answers_ && !withheld_;
    if (withhold) withheld_ = result;
    stats_.wal_receiver_up = result.reason == Reason::kOk && result.facts.wal_receiver_up;
    options = options_;
  }
  if (withhold) return;
  const Reason verdict = routing::JudgeReplica(observation, options);
  if (result.reason == Reason::kOk) {
    MutexLock lock(mutex_);
    lagged_ = verdict == Reason::kLagExceeded;
    if (verdict != Reason::kOk) ++stats_.judged_unfit[verdict];
  }
  on_verdict_(verdict);
}

ReplicaStats ReplicaWatch::Stats() const {
  MutexLock lock(mutex_);
  return stats_;
}

}  // namespace scidex::control
