// Makes one verdict on the replica of what the probes of the replica and of the primary find.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "control/probe.h"
#include "control/probe_stats.h"
#include "routing/options.h"
#include "routing/verdict.h"

namespace scidex::control {

// How far a replica is behind, measured by this process's clock alone: for how long the primary has
// been known to have WAL that the replica has not replayed. So an idle primary is no lag, nor is a
// difference between the servers' clocks, and a WAL receiver that died is.
//
// Not thread safe.
class LagEstimator {
 public:
  void OnPrimary(std::uint64_t wal_position, base::TimePoint now);
  void Clear() noexcept { samples_.clear(); }

  // Empty where it cannot be known: the replica never replayed a transaction, and no primary is
  // there to compare with. Without `primary_answers` the replica's own word is all there is.
  std::optional<base::Duration> Lag(const ServerFacts& replica, bool primary_answers,
                                    base::TimePoint now) const;
  // How much WAL of the primary's last known one it has not replayed.
  std::optional<std::uint64_t> Bytes(const ServerFacts& replica) const;

 private:
  struct Sample {
    std::uint64_t wal_position;
    base::TimePoint first_seen;
  };
  // Ascending in both; only changes of the position are kept.
  std::deque<Sample> samples_;
};

// Thread safe.
class ReplicaWatch {
 public:
  using OnVerdict = std::function<void(routing::Reason)>;

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
  // On another timeline than the primary can have had, or ahead of it.
  bool IsAhead(const ServerFacts& replica) const SCIDEX_REQUIRES(mutex_);

  base::Clock& clock_;
  const OnVerdict on_verdict_;

  mutable base::Mutex mutex_;
  routing::RoutingOptions options_ SCIDEX_GUARDED_BY(mutex_);
  bool has_primary_ SCIDEX_GUARDED_BY(mutex_);
  LagEstimator lag_ SCIDEX_GUARDED_BY(mutex_);
  // Empty until the primary's first probe, or for good without a primary.
  std::optional<bool> primary_answers_ SCIDEX_GUARDED_BY(mutex_);
  // What the replica answered before the primary was first asked.
  std::optional<ProbeResult> withheld_ SCIDEX_GUARDED_BY(mutex_);
  std::optional<std::string> primary_system_identifier_ SCIDEX_GUARDED_BY(mutex_);
  std::string primary_instance_ SCIDEX_GUARDED_BY(mutex_);
  std::optional<std::uint64_t> primary_timeline_ SCIDEX_GUARDED_BY(mutex_);
  // How far the replica was, and when that was known.
  std::optional<std::uint64_t> replayed_ SCIDEX_GUARDED_BY(mutex_);
  base::TimePoint replayed_known_at_ SCIDEX_GUARDED_BY(mutex_){};
  // The primary, asked later, was not as far.
  bool ahead_ SCIDEX_GUARDED_BY(mutex_) = false;
  // The latest answer of the replica was judged kLagExceeded.
  bool lagged_ SCIDEX_GUARDED_BY(mutex_) = false;
  ReplicaStats stats_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::control
