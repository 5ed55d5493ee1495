#include "control/replica_watch.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "routing/advice.h"

namespace scidex::control {

using base::MutexLock;
using base::TimePoint;
using routing::Reason;

namespace {

// A primary without room for another session gives no verdict while all others are lent, and may
// write meanwhile.
constexpr int kProbesUntilOutdated = 5;
constexpr base::Duration kOutdatedAfter = std::chrono::seconds(10);

void LogStale(bool begins, Reason verdict, const std::optional<base::Duration>& lag,
              const routing::RoutingOptions& options) {
  const base::LogField max_lag{"max_lag_seconds", options.max_lag};
  if (begins) {
    base::LogWarn(
        "the replica is stale, and fit to serve reads because read_only.on_lag is serve_stale",
        {{"lag_seconds", lag ? base::LogValue(*lag) : base::LogValue("unknown")}, max_lag});
  } else if (verdict != Reason::kOk) {
    base::LogInfo("the stale replica is no longer fit to serve reads",
                  {{"reason", base::Name(verdict)}, max_lag});
  } else if (lag) {
    base::LogInfo("the replica is no longer stale", {{"lag_seconds", *lag}, max_lag});
  } else {
    base::LogInfo("the lag of the stale replica is no longer known", {max_lag});
  }
}

// The change of the route that follows names the reason, but not the server.
void LogUnfit(Reason verdict, const routing::ServerFacts& facts,
              const std::optional<base::Duration>& lag, const routing::RoutingOptions& options) {
  // No copy: a verdict takes effect even if there is no memory.
  const base::LogField host{"host", facts.address ? std::string_view(facts.address->host) : ""};
  const base::LogField port{"port", facts.address ? std::string_view(facts.address->port) : ""};
  if (verdict == Reason::kLagExceeded && lag) {
    base::LogWarn("the replica lags too far behind to serve reads",
                  {host, port, {"lag_seconds", *lag}, {"max_lag_seconds", options.max_lag}});
  } else {
    base::Log(routing::LevelOf(verdict), "the replica answers, but is not fit to serve reads",
              {host, port, {"reason", base::Name(verdict)}});
  }
}

}  // namespace

ReplicaWatch::ReplicaWatch(const routing::RoutingOptions& options, bool has_primary,
                           base::Clock& clock, OnVerdict on_verdict)
    : clock_(clock),
      on_verdict_(std::move(on_verdict)),
      options_(options),
      has_primary_(has_primary) {}

void ReplicaWatch::Reconfigure(const routing::RoutingOptions& options, bool has_primary,
                               bool new_primary, bool new_replica) {
  const MutexLock judging(judging_);
  MutexLock lock(mutex_);
  // Which limits the lag has exceeded is known only for the previous ones.
  const bool same_limits = options_.max_lag == options.max_lag &&
                           options_.on_lag == options.on_lag &&
                           options_.max_stale_lag == options.max_stale_lag;
  if (!same_limits || new_replica) lagged_ = was_stale_ = false;
  options_ = options;
  has_primary_ = has_primary;
  pending_probe_.reset();
  waits_until_.reset();
  if (new_primary) {
    lag_.Clear();
    primary_ = Primary::kNotProbed;
    primary_system_identifier_.reset();
    primary_instance_.clear();
    primary_timeline_.reset();
  }
  if (new_primary || new_replica) divergence_.Forget();
  if (new_replica) {
    verdict_.reset();
    serves_stale_ = false;
    answered_unfit_ = Reason::kOk;
    stats_.stale = false;
    stats_.lag.reset();
    stats_.lag_bytes.reset();
    stats_.wal_receiver_up.reset();
  }
}

void ReplicaWatch::OnPrimaryProbe(const ProbeResult& result) {
  std::optional<ProbeResult> pending;
  bool found_ahead = false;
  const MutexLock judging(judging_);
  {
    MutexLock lock(mutex_);
    pending.swap(pending_probe_);
    // A server in recovery accepts no writes, so a replica cannot lag behind it.
    primary_ = result.reason == Reason::kOk && !result.facts.in_recovery ? Primary::kAnswers
               : result.refused                                          ? Primary::kRefuses
                                                                         : Primary::kLost;
    const bool found_before = divergence_.found();
    if (result.reason == Reason::kOk) ObservePrimary(result);
    found_ahead = divergence_.found() && !found_before;
    if (found_ahead && !pending) {
      ++stats_.judged_unfit[Reason::kDiverged];
      stats_.lag.reset();
    }
  }
  if (pending) {
    Judge(*pending);
  } else if (found_ahead) {
    Report(Reason::kDiverged, result.started);
  }
}

void ReplicaWatch::ObservePrimary(const ProbeResult& result) {
  const routing::ServerFacts& facts = result.facts;
  if (facts.system_identifier) {
    // The replica's positions do not compare with those of another cluster. They do with those of
    // another run, or of a replica that was promoted: it may lack what the other one has replayed.
    if (primary_system_identifier_ && primary_system_identifier_ != facts.system_identifier)
      divergence_.Forget();
    primary_system_identifier_ = facts.system_identifier;
  }
  if (facts.in_recovery) return;
  primary_instance_ = facts.instance;
  primary_timeline_ = facts.timeline;
  if (facts.replayable_position || facts.transactions) primary_answered_at_ = clock_.Now();
  lag_.OnPrimary(facts, clock_.Now());
  lag_.OnFlushed(facts, result.asked_at);
  divergence_.OnPrimary(facts, result.asked_at);
}

bool ReplicaWatch::IsAhead(const routing::ServerFacts& replica) const {
  // A primary that no longer answers may have been replaced by one on a later timeline.
  return divergence_.found() || (primary_ == Primary::kAnswers && primary_timeline_ &&
                                 replica.timeline && *replica.timeline > *primary_timeline_);
}

bool ReplicaWatch::KnowsPrimary() const {
  if (!has_primary_) return true;
  return primary_ == Primary::kAnswers &&
         clock_.Now() - primary_answered_at_ <=
             std::max(kOutdatedAfter, kProbesUntilOutdated * options_.good_probe_distance);
}

void ReplicaWatch::OnReplicaProbe(const ProbeResult& result) {
  const MutexLock judging(judging_);
  Judge(result);
}

void ReplicaWatch::Judge(const ProbeResult& result) {
  routing::ReplicaObservation observation;
  observation.answer = result.reason;
  bool wait_for_primary = false;
  bool is_stale = false;
  routing::RoutingOptions options;
  {
    MutexLock lock(mutex_);
    // Unless reported now, these are unknown.
    stats_.lag.reset();
    stats_.lag_bytes.reset();
    if (result.reason == Reason::kOk) {
      observation.in_recovery = result.facts.in_recovery;
      observation.system_identifier = result.facts.system_identifier;
      observation.primary_is_lost = primary_ == Primary::kLost;
      observation.primary_system_identifier = primary_system_identifier_;
      observation.primary_instance = primary_instance_;
      observation.instance = result.facts.instance;
      if (result.facts.in_recovery) {
        divergence_.OnReplica(result.facts, clock_.Now());
        observation.ahead = IsAhead(result.facts);
        // A replica that is ahead has unknown lag, not none.
        if (!observation.ahead)
          observation.lag = lag_.Lag(result.facts, KnowsPrimary(), clock_.Now());
        observation.lag_facts_failed = result.facts.lag_facts_failed;
        observation.lagged_before = lagged_;
        observation.stale_before = was_stale_;
        stats_.stale = is_stale = routing::IsStale(observation, options_);
        if (observation.lag) {
          lagged_ = routing::LagsTooFar(observation, options_);
          was_stale_ = is_stale;
        }
        stats_.lag = observation.lag;
        stats_.lag_bytes = lag_.Bytes(result.facts);
      }
    }
    // Not for ever: a primary whose sessions are all lent may not give a first answer for long.
    if (result.reason == Reason::kOk && has_primary_ && primary_ == Primary::kNotProbed) {
      wait_for_primary = !waits_until_ || clock_.Now() < *waits_until_;
      if (!waits_until_) waits_until_ = base::Add(result.started, options_.primary_known_within);
    }
    pending_probe_.reset();
    if (wait_for_primary) pending_probe_ = result;
    stats_.wal_receiver_up = result.reason != Reason::kOk ? std::nullopt
                             : result.facts.in_recovery   ? result.facts.wal_receiver_up
                                                          : std::optional(false);
    options = options_;
  }
  if (wait_for_primary) return;
  const Reason verdict = routing::JudgeReplica(observation, options);
  const bool serves_stale =
      is_stale && verdict == Reason::kOk && options.on_lag == routing::OnLag::kServeStale;
  const bool is_unfit = result.reason == Reason::kOk && verdict != Reason::kOk;
  bool served_stale = false;
  bool is_news = false;
  {
    MutexLock lock(mutex_);
    served_stale = std::exchange(serves_stale_, serves_stale);
    is_news = std::exchange(answered_unfit_, is_unfit ? verdict : Reason::kOk) != verdict;
    if (is_unfit) ++stats_.judged_unfit[verdict];
  }
  if (is_unfit && is_news) LogUnfit(verdict, result.facts, observation.lag, options);
  if (serves_stale != served_stale) LogStale(serves_stale, verdict, observation.lag, options);
  Report(verdict, result.started);
}

void ReplicaWatch::Report(Reason verdict, TimePoint started) {
  std::optional<Reason> before;
  {
    MutexLock lock(mutex_);
    before = std::exchange(verdict_, verdict);
  }
  if (before != verdict) {
    base::LogDebug("verdict on the replica",
                   {{"from", before ? base::Name(*before) : "none"}, {"to", base::Name(verdict)}});
  }
  on_verdict_(verdict, started);
}

ReplicaStats ReplicaWatch::Stats() const {
  MutexLock lock(mutex_);
  return stats_;
}

}  // namespace scidex::control
