// Where reads go, and why: the closed sets used by metrics, logs and pages.
#pragma once

#include "base/enum.h"
#include "pool/connection.h"

namespace scidex::routing {

enum class Route { kReplica, kPrimaryFallthrough, kPrimaryDisabled };

// The value of scidex_pg_pool_ro_routes_to: 1, 2, 3.
constexpr int RoutesTo(Route route) { return static_cast<int>(route) + 1; }

// Why the replica serves (kOk) or does not.
enum class Reason {
  kOk,
  kStartingUp,
  kReplicaNotConfigured,
  kNameNotResolved,
  kConnectRefused,
  kConnectTimeout,
  kConnectFailed,
  kTlsFailed,
  kAuthFailed,
  kTooManyConnections,
  kNotAcceptingConnections,
  kNotInRecovery,
  // The replica's DSN leads to the primary itself.
  kIsPrimary,
  kWrongCluster,
  // It has WAL that the primary never had.
  kDiverged,
  kLagExceeded,
  kProbeTimeout,
  kReadOnlyUnproven,
};

// Must not be called with kLocalFailure or kOtherServer, which are not evidence about the judged
// server.
Reason ReasonOf(pool::ConnectOutcome outcome);

}  // namespace scidex::routing

template <>
struct scidex::base::EnumNames<scidex::routing::Route> {
  static constexpr std::array<std::string_view, 3> kNames{"replica", "primary_fallthrough",
                                                          "primary_disabled"};
};

template <>
struct scidex::base::EnumNames<scidex::routing::Reason> {
  static constexpr std::array<std::string_view, 18> kNames{"ok",
                                                           "starting_up",
                                                           "replica_not_configured",
                                                           "name_not_resolved",
                                                           "connect_refused",
                                                           "connect_timeout",
                                                           "connect_failed",
                                                           "tls_failed",
                                                           "auth_failed",
                                                           "too_many_connections",
                                                           "not_accepting_connections",
                                                           "not_in_recovery",
                                                           "is_primary",
                                                           "wrong_cluster",
                                                           "diverged",
                                                           "lag_exceeded",
                                                           "probe_timeout",
                                                           "read_only_unproven"};
};
