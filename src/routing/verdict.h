// Whether the replica can serve reads: a stateless judgement of one probe.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "routing/options.h"
#include "routing/route.h"

namespace scidex::routing {

// The result of one probe of the replica.
struct ReplicaObservation {
  // kOk if the replica answered within its timeout; otherwise why not.
  Reason answer = Reason::kOk;
  // The members below are valid only if it answered.
  bool in_recovery = false;
  std::optional<std::string> system_identifier;
  // Identifies one run of one server; empty if unknown.
  std::string instance;
  // It has replayed more than the primary had written at a later time, or is on a later timeline.
  bool ahead = false;
  std::optional<base::Duration> lag;
  // The lag is unknown for a reason that may pass.
  bool lag_facts_failed = false;
  // Whether LagsTooFar() and IsStale() were true when the lag was last known. If so, the lag must
  // fall to half the limit, so that a replica close to the limit does not flap.
  bool lagged_before = false;
  bool stale_before = false;
  // What is known of the primary at that moment.
  // It does not answer or is in recovery. False if it only refuses us, or if none is
  // configured: that says nothing about other clients, whose writes the replica may lack.
  bool primary_is_lost = false;
  std::optional<std::string> primary_system_identifier;
  std::string primary_instance;
};

// Returns kOk, or the reason why the replica cannot serve. While the primary is lost, lag is not
// a reason: a replica that answers is then the only server left.
Reason JudgeReplica(const ReplicaObservation& observation, const RoutingOptions& options);

// Whether the lag has exceeded the limit for serving reads and has not yet fallen to half of it,
// whether or not the primary is lost.
bool LagsTooFar(const ReplicaObservation& observation, const RoutingOptions& options);

// Whether the replica's lag has exceeded max_lag and has not yet fallen to half of it, whether or
// not the replica serves.
bool IsStale(const ReplicaObservation& observation, const RoutingOptions& options);

// Whether the verdict means that the replica's DSN leads to the wrong server.
bool IsWrongServer(Reason verdict);

}  // namespace scidex::routing
