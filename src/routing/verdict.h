// Whether the replica can serve reads: a judgement of one probe, without state.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "routing/options.h"
#include "routing/route.h"

namespace scidex::routing {

// What one probe of the replica found.
struct ReplicaObservation {
  // kOk if it answered within its timeout; else why not.
  Reason answer = Reason::kOk;
  // The rest holds only for an answer.
  bool in_recovery = false;
  std::optional<std::string> system_identifier;
  // Of one run of one server; empty where it is not known.
  std::string instance;
  // It has replayed more than the primary had written later, or is on a later timeline.
  bool ahead = false;
  std::optional<base::Duration> lag;
  // The judgement before this one was kLagExceeded, or that it is stale: then the lag has to come
  // down to half of what it may be, so that a replica at the edge does not flap.
  bool lagged_before = false;
  bool stale_before = false;
  // What is known of the primary at that moment.
  bool primary_answers = false;
  std::optional<std::string> primary_system_identifier;
  std::string primary_instance;
};

// kOk or the reason why the replica cannot serve. While the primary does not answer, lag is no
// reason: a replica that answers is then the only server left.
Reason JudgeReplica(const ReplicaObservation& observation, const RoutingOptions& options);

// The replica lags by more than max_lag, whether or not it serves.
bool IsStale(const ReplicaObservation& observation, const RoutingOptions& options);

// The verdict is that the replica's DSN leads to another server than it should.
bool IsWrongServer(Reason verdict);

}  // namespace scidex::routing
