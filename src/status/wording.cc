#include "status/wording.h"

#include "base/enum.h"

namespace scidex::status {

using routing::Reason;
using routing::Route;

std::string_view Headline(Route route) {
  switch (route) {
    case Route::kReplica:
      return "Reads go to the replica";
    case Route::kPrimaryFallthrough:
      return "Reads fall through to the primary";
    case Route::kPrimaryDisabled:
      return "Reads are refused";
  }
  return "";
}

std::string_view Explanation(Reason reason) {
  switch (reason) {
    case Reason::kOk:
      return "The replica is fit to serve reads.";
    case Reason::kStartingUp:
      return "There is no verdict on the replica yet.";
    case Reason::kReplicaNotConfigured:
      return "No replica is configured.";
    case Reason::kNameNotResolved:
      return "The name of the replica's host cannot be resolved.";
    case Reason::kConnectRefused:
      return "The replica's host refuses connections.";
    case Reason::kConnectTimeout:
      return "The replica's host does not answer connects in time.";
    case Reason::kConnectFailed:
      return "Connects to the replica fail.";
    case Reason::kTlsFailed:
      return "TLS with the replica fails.";
    case Reason::kAuthFailed:
      return "The replica refuses the login.";
    case Reason::kTooManyConnections:
      return "The replica has no room for another connection.";
    case Reason::kNotAcceptingConnections:
      return "The replica is starting up or shutting down.";
    case Reason::kNotInRecovery:
      return "The server is not in recovery: it was promoted, or never was a replica.";
    case Reason::kIsPrimary:
      return "The replica's DSN leads to the primary itself.";
    case Reason::kWrongCluster:
      return "The server is a replica of another primary.";
    case Reason::kDiverged:
      return "The replica has data that the primary never had or has lost; it must be rebuilt.";
    case Reason::kLagExceeded:
      return "The replica's lag has exceeded the maximum and has not yet fallen to half of it.";
    case Reason::kProbeTimeout:
      return "The replica does not answer in time.";
    case Reason::kReadOnlyUnproven:
      return "Sessions of the replica cannot be verified to be read-only.";
  }
  return "";
}

std::string_view Explanation(Reason reason, const control::ReplicaStats& replica) {
  if (reason == Reason::kOk && replica.stale)
    return "The replica is fit to serve reads, although it is stale: its lag has exceeded the "
           "maximum and has not yet fallen to half of it.";
  if (reason == Reason::kOk && !replica.lag)
    return "The replica is fit to serve reads; its lag is unknown.";
  return Explanation(reason);
}

}  // namespace scidex::status
