// Derives one verdict on the replica from the probes of the replica and of the primary.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "control/divergence.h"
#include "control/lag_estimator.h"
#include "control/probe.h"
#include "control/probe_stats.h"
#include "routing/options.h"
#include "routing/verdict.h"

namespace scidex::control {

// Thread-safe.
class ReplicaWatch {
 public:
  // Called with the verdict and the start of the probe that it is based on; one at a time, in the
  // order of the judgements. It must not call the watch, except for Stats().
  using OnVerdict = std::function<void(routing::Reason, base::TimePoint)>;

  // `has_primary`: OnPrimaryProbe() will be called. The replica's answers are judged only after
  // that call, because its lag and cluster are unknown before; see
  // RoutingOptions::primary_known_within.
  ReplicaWatch(const routing::RoutingOptions& options, bool has_primary, base::Clock& clock,
               OnVerdict on_verdict);

  // Changes the options. With `new_primary` or `new_replica`, nothing is known of that server, and
  // no verdict on it follows.
  void Reconfigure(const routing::RoutingOptions& options, bool has_primary, bool new_primary,
                   bool new_replica);

  // Process the results of probes, in any order.
  void OnPrimaryProbe(const ProbeResult& result);
  void OnReplicaProbe(const ProbeResult& result);

  ReplicaStats Stats() const;

 private:
  void Judge(const ProbeResult& result) SCIDEX_REQUIRES(judging_);
  void ObservePrimary(const ProbeResult& result) SCIDEX_REQUIRES(mutex_);
  // Whether it is on a later timeline than the primary can have had, or ahead of the primary.
  bool IsAhead(const routing::ServerFacts& replica) const SCIDEX_REQUIRES(mutex_);
  // Reports a verdict on a probe that started at this time.
  void Report(routing::Reason verdict, base::TimePoint started);
  // Whether what is known of the primary is current.
  bool KnowsPrimary() const SCIDEX_REQUIRES(mutex_);

  base::Clock& clock_;
  const OnVerdict on_verdict_;

  // Held from a judgement until its verdict has taken effect: the probes of the primary and of the
  // replica run on different threads, and a verdict must not be followed by an older one. Locked
  // before mutex_.
  base::Mutex judging_;

  mutable base::Mutex mutex_;
  routing::RoutingOptions options_ SCIDEX_GUARDED_BY(mutex_);
  bool has_primary_ SCIDEX_GUARDED_BY(mutex_);
  LagEstimator lag_ SCIDEX_GUARDED_BY(mutex_);
  // By its latest probe. Without a primary, it stays kNotProbed.
  enum class Primary {
    kNotProbed,
    kAnswers,
    kRefuses,
    kLost,  // see ReplicaObservation
  };
  Primary primary_ SCIDEX_GUARDED_BY(mutex_) = Primary::kNotProbed;
  base::TimePoint primary_answered_at_ SCIDEX_GUARDED_BY(mutex_){};
  // The replica's latest answer, if it waits for the primary's first result.
  std::optional<ProbeResult> pending_probe_ SCIDEX_GUARDED_BY(mutex_);
  // Until when answers wait. Set by the first one that does.
  std::optional<base::TimePoint> waits_until_ SCIDEX_GUARDED_BY(mutex_);
  std::optional<std::string> primary_system_identifier_ SCIDEX_GUARDED_BY(mutex_);
  std::string primary_instance_ SCIDEX_GUARDED_BY(mutex_);
  std::optional<std::uint64_t> primary_timeline_ SCIDEX_GUARDED_BY(mutex_);
  Divergence divergence_ SCIDEX_GUARDED_BY(mutex_);
  // The replica's latest answer was judged fit although the replica was stale.
  bool serves_stale_ SCIDEX_GUARDED_BY(mutex_) = false;
  // Why a replica that answers is not fit to serve reads, as logged; kOk if it is fit or does not
  // answer.
  routing::Reason answered_unfit_ SCIDEX_GUARDED_BY(mutex_) = routing::Reason::kOk;
  // When the lag was last known: whether it was too large to serve, and whether the replica was
  // stale.
  bool lagged_ SCIDEX_GUARDED_BY(mutex_) = false;
  bool was_stale_ SCIDEX_GUARDED_BY(mutex_) = false;
  // The latest verdict on this replica, for the log.
  std::optional<routing::Reason> verdict_ SCIDEX_GUARDED_BY(mutex_);
  ReplicaStats stats_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::control
