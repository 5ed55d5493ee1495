#include "routing/verdict.h"

namespace scidex::routing {

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
  const bool lag_counts = observation.primary_answers && options.max_lag > base::Duration::zero();
  const base::Duration limit = observation.lagged_before ? options.max_lag / 2 : options.max_lag;
  if (lag_counts && observation.lag && *observation.lag > limit) return Reason::kLagExceeded;
  return Reason::kOk;
}

bool IsMisled(Reason verdict) {
  return verdict == Reason::kNotInRecovery || verdict == Reason::kIsPrimary ||
         verdict == Reason::kWrongCluster;
}

}  // namespace scidex::routing
