// Makes one verdict on the replica of what the probes of the replica and of the primary find.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "control/lag_estimator.h"
#include "control/probe.h"
#include "control/probe_stats.h"
#include "routing/options.h"
#include "routing/verdict.h"

namespace scidex::control {

// Thread safe.
class ReplicaWatch {
 public:
  // The verdict, and when the probe that it is by began.
  using OnVerdict = std::function<void(routing::Reason, base::TimePoint)>;

  // `has_primary`: OnPrimaryProbe() will be called. A replica that answers is judged only after
  // that, as its lag and its cluster could not be known.
  ReplicaWatch(const routing::RoutingOptions& options, bool has_primary, base::Clock& clock,
               OnVerdict on_verdict);

  // Other options, or another primary or replica, of which nothing is known then, from now on.
  void Reconfigure(const routing::RoutingOptions& options, bool has_primary, bool new_primary,
                   bool new_replica);

  // The results of the probes, in whatever order they come.
  void OnPrimaryProbe(const ProbeResult& result);
  void OnReplicaProbe(const ProbeResult& result);

  ReplicaStats Stats() const;

 private:
  void LookAtPrimary(const ProbeResult& result) SCIDEX_REQUIRES(mutex_);
  void LookAtReplica(const ProbeResult& result) SCIDEX_REQUIRES(mutex_);
  void ForgetPositions() SCIDEX_REQUIRES(mutex_);
  // On another timeline than the primary can have had, or ahead of it.
  bool IsAhead(const routing::ServerFacts& replica) const SCIDEX_REQUIRES(mutex_);

  base::Clock& clock_;
  const OnVerdict on_verdict_;

  mutable base::Mutex mutex_;
  routing::RoutingOptions options_ SCIDEX_GUARDED_BY(mutex_);
  bool has_primary_ SCIDEX_GUARDED_BY(mutex_);
  LagEstimator lag_ SCIDEX_GUARDED_BY(mutex_);
  // Empty until the primary's first probe, or for good without a primary.
  std::optional<bool> primary_answers_ SCIDEX_GUARDED_BY(mutex_);
  // What the replica answered before the primary was first asked.
  std::optional<ProbeResult> pending_probe_ SCIDEX_GUARDED_BY(mutex_);
  std::optional<std::string> primary_system_identifier_ SCIDEX_GUARDED_BY(mutex_);
  std::string primary_instance_ SCIDEX_GUARDED_BY(mutex_);
  std::optional<std::uint64_t> primary_timeline_ SCIDEX_GUARDED_BY(mutex_);
  // How far the replica was, below which number all of its transactions were complete, and when
  // that was known.
  std::optional<std::uint64_t> replayed_ SCIDEX_GUARDED_BY(mutex_);
  std::optional<std::uint64_t> completed_below_ SCIDEX_GUARDED_BY(mutex_);
  base::TimePoint replayed_known_at_ SCIDEX_GUARDED_BY(mutex_){};
  std::string replica_instance_ SCIDEX_GUARDED_BY(mutex_);
  // The primary, asked later, was not as far; and how far the replica was.
  bool ahead_ SCIDEX_GUARDED_BY(mutex_) = false;
  std::uint64_t ahead_until_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // The latest answer of the replica was judged kLagExceeded.
  bool lagged_ SCIDEX_GUARDED_BY(mutex_) = false;
  ReplicaStats stats_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::control
