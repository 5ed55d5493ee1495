#include "routing/verdict.h"

namespace scidex::routing {

namespace {

bool LagExceeds(const ReplicaObservation& observation, base::Duration most, bool before) {
  if (most <= base::Duration::zero()) return false;
  // A replica that was too busy to report its lag has not caught up.
  if (!observation.lag) return before && observation.lag_facts_failed;
  return *observation.lag > (before ? most / 2 : most);
}

}  // namespace

Reason JudgeReplica(const ReplicaObservation& observation, const RoutingOptions& options) {
  if (observation.answer != Reason::kOk) return observation.answer;
  const bool other_cluster =
      observation.system_identifier && observation.primary_system_identifier &&
      *observation.system_identifier != *observation.primary_system_identifier;
  if (!observation.in_recovery) {
    const bool same_run =
        !observation.instance.empty() && observation.instance == observation.primary_instance;
    return same_run && !other_cluster ? Reason::kIsPrimary : Reason::kNotInRecovery;
  }
  if (other_cluster) return Reason::kWrongCluster;
  if (observation.ahead) return Reason::kDiverged;
  return !observation.primary_is_lost && LagsTooFar(observation, options) ? Reason::kLagExceeded
                                                                          : Reason::kOk;
}

bool LagsTooFar(const ReplicaObservation& observation, const RoutingOptions& options) {
  const bool serves_stale = options.on_lag == OnLag::kServeStale;
  const base::Duration most = serves_stale ? options.max_stale_lag : options.max_lag;
  return LagExceeds(observation, most, observation.lagged_before);
}

bool IsStale(const ReplicaObservation& observation, const RoutingOptions& options) {
  return observation.answer == Reason::kOk && observation.in_recovery &&
         LagExceeds(observation, options.max_lag, observation.stale_before);
}

bool IsWrongServer(Reason verdict) {
  return verdict == Reason::kNotInRecovery || verdict == Reason::kIsPrimary ||
         verdict == Reason::kWrongCluster;
}

}  // namespace scidex::routing
