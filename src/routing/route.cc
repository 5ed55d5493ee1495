#include "routing/route.h"

namespace scidex::routing {

Reason ReasonOf(pool::ConnectOutcome outcome) {
  using pool::ConnectOutcome;
  switch (outcome) {
    case ConnectOutcome::kOk:
      return Reason::kOk;
    case ConnectOutcome::kNameNotResolved:
      return Reason::kNameNotResolved;
    case ConnectOutcome::kConnectRefused:
      return Reason::kConnectRefused;
    case ConnectOutcome::kConnectTimeout:
      return Reason::kConnectTimeout;
    case ConnectOutcome::kConnectFailed:
      return Reason::kConnectFailed;
    case ConnectOutcome::kTlsFailed:
      return Reason::kTlsFailed;
    case ConnectOutcome::kAuthFailed:
      return Reason::kAuthFailed;
    case ConnectOutcome::kTooManyConnections:
      return Reason::kTooManyConnections;
    case ConnectOutcome::kNotAcceptingConnections:
      return Reason::kNotAcceptingConnections;
    case ConnectOutcome::kReadOnlyUnproven:
      return Reason::kReadOnlyUnproven;
    case ConnectOutcome::kOtherServer:
    case ConnectOutcome::kLocalFailure:
      break;
  }
  return Reason::kConnectFailed;
}

}  // namespace scidex::routing
