#include "routing/verdict.h"

namespace scidex::routing {

Reason JudgeReplica(const ReplicaObservation& observation, const RoutingOptions& options) {
  if (observation.answer != Reason::kOk) return observation.answer;
  if (!observation.in_recovery) return Reason::kNotInRecovery;
  if (observation.system_identifier && observation.primary_system_identifier &&
      *observation.system_identifier != *observation.primary_system_identifier) {
    return Reason::kWrongCluster;
  }
  const bool lag_counts = observation.primary_answers && options.max_lag > base::Duration::zero();
  const base::Duration limit = observation.lagged_before ? options.max_lag / 2 : options.max_lag;
  if (lag_counts && observation.lag && *observation.lag > limit) return Reason::kLagExceeded;
  return Reason::kOk;
}

bool IsMisled(Reason verdict) {
  return verdict == Reason::kNotInRecovery || verdict == Reason::kWrongCluster;
}

}  // namespace scidex::routing
