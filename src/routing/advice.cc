#include "routing/advice.h"

namespace scidex::routing {

std::string_view AdviceOn(Reason reason) {
  switch (reason) {
    case Reason::kOk:
      return "";
    case Reason::kStartingUp:
      return "wait for the first verdict on the replica";
    case Reason::kReplicaNotConfigured:
      return "set replica.dsn, or accept that the primary serves all reads";
    case Reason::kNameNotResolved:
      return "check the host in the DSN and the name service of this machine";
    case Reason::kConnectRefused:
      return "check that PostgreSQL runs there and listens on this port";
    case Reason::kConnectTimeout:
      return "check the network and the firewalls on the path to this host, then "
             "whether the server hangs";
    case Reason::kConnectFailed:
      return "correct what the error names, on this machine or in the DSN; else read the server's "
             "log";
    case Reason::kTlsFailed:
      return "check certificates and sslmode on both sides";
    case Reason::kAuthFailed:
      return "check user, password and pg_hba.conf";
    case Reason::kTooManyConnections:
      return "raise max_connections, or the CONNECTION LIMIT of the role or database, or lower "
             "max_size of the pools that use this server";
    case Reason::kNotAcceptingConnections:
      return "wait for it to start; if it does not, read the server's log";
    case Reason::kNotInRecovery:
      return "find out which server is the primary: there may be two";
    case Reason::kIsPrimary:
      return "point replica.dsn at the replica";
    case Reason::kWrongCluster:
      return "point replica.dsn at a replica of this primary";
    case Reason::kDiverged:
      return "stop the replica and rebuild it from the primary";
    case Reason::kLagExceeded:
      return "look for a long query, paused replay or a slow disk on the replica";
    case Reason::kProbeTimeout:
      return "check the network, then the server's load and locks";
    case Reason::kReadOnlyUnproven:
      return "look for a pooler in between, and see docs/read-only.md";
  }
  return "";
}

std::string_view OutageOf(Reason reason) {
  switch (reason) {
    // The server refused for a reason not listed here, or this process cannot use its sessions.
    case Reason::kConnectFailed:
    case Reason::kReadOnlyUnproven:
      return "provides no session";
    case Reason::kAuthFailed:
    case Reason::kTlsFailed:
    case Reason::kTooManyConnections:
    case Reason::kNotAcceptingConnections:
      return "refuses sessions";
    default:
      return "does not answer";
  }
}

base::LogLevel LevelOf(Reason reason) {
  switch (reason) {
    case Reason::kOk:
    case Reason::kStartingUp:
      return base::LogLevel::kInfo;
    case Reason::kNotInRecovery:
    case Reason::kWrongCluster:
    case Reason::kDiverged:
      return base::LogLevel::kError;
    default:
      return base::LogLevel::kWarn;
  }
}

}  // namespace scidex::routing
