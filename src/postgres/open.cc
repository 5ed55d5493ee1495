#include "postgres/open.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/local_failure.h"
#include "base/stop_fd.h"
#include "postgres/libpq_files.h"
#include "postgres/libpq_warnings.h"
#include "postgres/local_error.h"
#include "postgres/masking.h"
#include "postgres/sqlstate.h"
#include "postgres/wait.h"

namespace scidex::postgres {
namespace {

using base::TimePoint;
using pool::ConnectOutcome;
using Parameters = std::map<std::string, base::Secret>;

bool NeedsResolving(const Endpoint& endpoint) {
  if (!endpoint.hostaddr.empty() || endpoint.host.empty()) return false;
  if (endpoint.host[0] == '/' || endpoint.host[0] == '@') return false;
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  return inet_pton(AF_INET, endpoint.host.c_str(), binary.data()) != 1 &&
         inet_pton(AF_INET6, endpoint.host.c_str(), binary.data()) != 1;
}

Opened NotOpened(ConnectOutcome outcome, base::Explanation message) {
  Opened failed;
  failed.outcome = outcome;
  failed.message = std::move(message);
  return failed;
}

}  // namespace

std::string WordsFor(ConnectOutcome outcome) {
  switch (outcome) {
    case ConnectOutcome::kOk:
    case ConnectOutcome::kReadOnlyUnproven:
    case ConnectOutcome::kConnectFailed:
      break;
    case ConnectOutcome::kNameNotResolved:
      return "a host name cannot be resolved";
    case ConnectOutcome::kConnectRefused:
      return "the host refused the connection, or the socket does not exist";
    case ConnectOutcome::kConnectTimeout:
      return "no response in time";
    case ConnectOutcome::kTlsFailed:
      return "TLS negotiation failed";
    case ConnectOutcome::kAuthFailed:
      return "the login was refused";
    case ConnectOutcome::kTooManyConnections:
      return "the server accepts no more connections";
    case ConnectOutcome::kNotAcceptingConnections:
      return "the server is starting up, shutting down or recovering";
    case ConnectOutcome::kOtherServer:
      return "the name leads to a server other than the probed one";
    case ConnectOutcome::kLocalFailure:
      return "this machine lacks a resource needed for connecting";
  }
  return "the connection cannot be opened";
}

namespace {

constexpr std::string_view kProtocolViolation = "08P01";

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// libpq reports a failed connect only as text. Errors from the server have a SQLSTATE; the others
// are classified by the stage that was reached and by the system's error strings in the C locale.
ConnectOutcome Classify(PGconn* connection, ConnStatusType stage, const std::string& sqlstate,
                        std::string_view message) {
  // PgBouncer's errors have no SQLSTATE of their own.
  if (Contains(message, "no more connections allowed")) return ConnectOutcome::kTooManyConnections;
  if (sqlstate == kProtocolViolation &&
      (Contains(message, "authentication failed") || Contains(message, "no such user")))
    return ConnectOutcome::kAuthFailed;
  if (!sqlstate.empty()) return ConnectOutcomeOf(sqlstate);
  if (const auto resource = LocalResourceIn(message)) {
    base::CountLocalFailure(*resource);
    return ConnectOutcome::kLocalFailure;
  }
  if (PQconnectionNeedsPassword(connection) != 0) return ConnectOutcome::kAuthFailed;
  // The server is shutting down, or a proxy has no server: TLS is not the cause.
  const bool hung_up = Contains(message, "server closed the connection unexpectedly");
  if ((stage == CONNECTION_SSL_STARTUP && !hung_up) || Contains(message, "SSL") ||
      Contains(message, "certificate")) {
    return ConnectOutcome::kTlsFailed;
  }
  if (Contains(message, "Connection refused") || Contains(message, "No such file or directory")) {
    return ConnectOutcome::kConnectRefused;
  }
  if (Contains(message, "Connection timed out")) return ConnectOutcome::kConnectTimeout;
  return Contains(message, "authentication") ? ConnectOutcome::kAuthFailed
                                             : ConnectOutcome::kConnectFailed;
}

std::string Where(const Endpoint& endpoint) {
  if (endpoint.host.empty() && endpoint.hostaddr.empty()) return "the local socket";
  std::string text = endpoint.host.empty() ? endpoint.hostaddr : endpoint.host;
  if (!endpoint.hostaddr.empty() && endpoint.hostaddr != text)
    text += " (" + endpoint.hostaddr + ")";
  if (!endpoint.port.empty()) text += " port " + endpoint.port;
  return text;
}

PgConnPtr Start(const Parameters& parameters) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.Reveal().c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  return PgConnPtr(PQconnectStartParams(keywords.data(), values.data(), 0));
}

Opened OpenOne(const Endpoint& endpoint, const Parameters& parameters, TimePoint deadline,
               const base::StopFd& stop) {
  PgConnPtr connection = Start(parameters);
  if (!connection) throw std::bad_alloc();
  // The password may come from the environment, a password file or a service file.
  if (const char* const password = PQpass(connection.get())) RememberSecret(base::Secret(password));
  // By default, libpq prints notices to standard error.
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  // Only verbose messages contain the SQLSTATE of a failed connect.
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  SocketWait wait(deadline, stop);
  ConnStatusType stage = PQstatus(connection.get());
  PostgresPollingStatusType wanted =
      stage == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (wanted == PGRES_POLLING_READING || wanted == PGRES_POLLING_WRITING) {
    // The socket may change after each step.
    switch (
        wait.For(PQsocket(connection.get()), wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT)) {
      case Wait::kReady:
        break;
      case Wait::kStopped:
        return NotOpened(ConnectOutcome::kConnectFailed, {"stopped while connecting", ""});
      case Wait::kDeadline:
        return NotOpened(ConnectOutcome::kConnectTimeout,
                         {WordsFor(ConnectOutcome::kConnectTimeout), Where(endpoint)});
    }
    stage = PQstatus(connection.get());
    wanted = PQconnectPoll(connection.get());
  }
  Opened opened;
  if (wanted == PGRES_POLLING_OK) {
    PQsetErrorVerbosity(connection.get(), PQERRORS_DEFAULT);
    opened.outcome = ConnectOutcome::kOk;
    opened.connection = std::move(connection);
    return opened;
  }
  // Classify the original text: masking might replace a word that is also a password.
  const std::string_view said(PQerrorMessage(connection.get()));
  const std::string_view first = said.substr(0, said.find('\n'));
  opened.sqlstate = SqlStateIn(first);
  opened.outcome = Classify(connection.get(), stage, opened.sqlstate, first);
  opened.startup_refused = opened.outcome == ConnectOutcome::kConnectFailed &&
                           !opened.sqlstate.empty() && !MeansShutdown(opened.sqlstate) &&
                           opened.sqlstate != kReadOnlySqlTransaction;
  opened.cannot_write = Contains(said, "session is read-only");
  opened.message = {WordsFor(opened.outcome) + InBrackets(opened.sqlstate), Masked(said)};
  return opened;
}

// How much a failure says, compared to those of other servers.
int WeightOf(const Opened& failed) {
  switch (failed.outcome) {
    // Not all servers could be tried.
    case ConnectOutcome::kLocalFailure:
      return 4;
    case ConnectOutcome::kAuthFailed:
      return 3;
    case ConnectOutcome::kTooManyConnections:
      return 2;
    default:
      return failed.sqlstate.empty() ? 0 : 1;
  }
}

// Of two failures that say equally much, the later one is kept.
void Keep(Opened& kept, Opened next) {
  kept.startup_refused = next.startup_refused = kept.startup_refused || next.startup_refused;
  kept.cannot_write = next.cannot_write = kept.cannot_write || next.cannot_write;
  if (next.outcome == ConnectOutcome::kOk || WeightOf(next) >= WeightOf(kept))
    kept = std::move(next);
}

Parameters For(const Endpoint& endpoint, Parameters parameters) {
  for (const auto& [keyword, value] :
       {std::pair{"host", &endpoint.host}, std::pair{"hostaddr", &endpoint.hostaddr},
        std::pair{"port", &endpoint.port}}) {
    parameters.insert_or_assign(keyword, base::Secret(*value));
  }
  return parameters;
}

// Returns the end of the next share if the remaining time is divided among `left` attempts.
TimePoint ShareOf(TimePoint deadline, std::size_t left) {
  const TimePoint now = base::RealClock().Now();
  return now >= deadline ? deadline : now + (deadline - now) / static_cast<int>(left);
}

class Attempt {
 public:
  Attempt(Parameters parameters, Resolver& resolver, const std::stop_token& stop)
      : parameters_(std::move(parameters)), resolver_(resolver), stop_(stop), stop_fd_(stop) {}

  void Want(const std::string& target_session_attrs) {
    if (target_session_attrs.empty()) return;
    parameters_.insert_or_assign("target_session_attrs", base::Secret(target_session_attrs));
  }

  // Tries each address of the name in turn.
  Opened Try(const Endpoint& endpoint, TimePoint deadline) {
    if (!NeedsResolving(endpoint)) return TryAddress(endpoint, deadline);
    const Resolver::Result resolved = resolver_.Resolve(endpoint.host, deadline, stop_);
    const ConnectOutcome unresolved =
        resolved.local_failure ? ConnectOutcome::kLocalFailure : ConnectOutcome::kNameNotResolved;
    if (resolved.addresses.empty()) {
      return NotOpened(unresolved,
                       {WordsFor(unresolved), '"' + endpoint.host + "\": " + resolved.error});
    }
    Opened opened;
    std::size_t left = resolved.addresses.size();
    for (const std::string& address : resolved.addresses) {
      Keep(opened, TryAddress({endpoint.host, address, endpoint.port}, ShareOf(deadline, left--)));
      if (opened.outcome == ConnectOutcome::kOk || stop_.stop_requested()) break;
    }
    return opened;
  }

 private:
  Opened TryAddress(const Endpoint& endpoint, TimePoint deadline) {
    return OpenOne(endpoint, For(endpoint, parameters_), deadline, stop_fd_);
  }

  Parameters parameters_;
  Resolver& resolver_;
  const std::stop_token& stop_;
  const base::StopFd stop_fd_;
};

}  // namespace

Opened Open(const Dsn& dsn, const std::map<std::string, base::Secret>& overrides,
            Resolver& resolver, TimePoint deadline, const std::stop_token& stop) {
  Parameters parameters = dsn.parameters();
  for (const auto& [keyword, value] : overrides) parameters.insert_or_assign(keyword, value);
  CheckServiceFiles();
  CheckTlsFiles(dsn, parameters);
  PreventWarnings(dsn, parameters);
  for (const char* keyword : {"password", "sslpassword"})
    RememberSecret(base::Secret(dsn.Get(keyword, parameters)));
  std::vector<std::string> rounds{dsn.Get("target_session_attrs", parameters)};
  if (rounds.front() == "prefer-standby") rounds = {"standby", "any"};
  const bool prefers_read_write = rounds.front() == kPreferReadWrite;
  if (prefers_read_write) rounds = {"read-write", "primary"};

  Attempt attempt(std::move(parameters), resolver, stop);
  Opened opened;
  std::size_t left = dsn.endpoints().size() * (prefers_read_write ? 1 : rounds.size());
  for (const std::string& round : rounds) {
    attempt.Want(round);
    for (const Endpoint& endpoint : dsn.endpoints()) {
      // Whether the servers will be tried again is known only once one of them has answered so.
      const bool again = opened.startup_refused || opened.cannot_write;
      Keep(opened, attempt.Try(endpoint, ShareOf(deadline, left-- + (again ? 1 : 0))));
      if (opened.outcome == ConnectOutcome::kOk || stop.stop_requested()) return opened;
    }
    if (!prefers_read_write) continue;
    if (!opened.cannot_write) break;
    left = dsn.endpoints().size();
  }
  return opened;
}

}  // namespace scidex::postgres
