#include "postgres/open.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/stop_fd.h"
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

Opened Failed(ConnectOutcome outcome, std::string message) {
  Opened failed;
  failed.outcome = outcome;
  failed.message = std::move(message);
  return failed;
}

// The first line of libpq's message, without the password should a server ever repeat it.
std::string Presentable(const char* libpq_message, const Parameters& parameters) {
  std::string text(libpq_message);
  text.resize(std::min(text.find('\n'), text.size()));
  const auto password = parameters.find("password");
  if (password == parameters.end() || password->second.Reveal().size() < 3) return text;
  const std::string& secret = password->second.Reveal();
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// libpq tells a failed connect by its text alone. The server's own refusals carry a SQLSTATE; what
// is left is told by the stage that was reached and by what the system's error strings say in the C
// locale.
ConnectOutcome Classify(PGconn* connection, ConnStatusType stage, const std::string& sqlstate,
                        std::string_view message) {
  if (!sqlstate.empty()) return ConnectOutcomeOf(sqlstate);
  if (PQconnectionNeedsPassword(connection) != 0) return ConnectOutcome::kAuthFailed;
  if (stage == CONNECTION_SSL_STARTUP || Contains(message, "SSL") ||
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
               int stop_fd) {
  PgConnPtr connection = Start(parameters);
  if (!connection) return Failed(ConnectOutcome::kConnectFailed, "out of memory");
  // libpq's own habit is to print notices to standard error.
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  // Verbose messages have the SQLSTATE, which libpq keeps to itself for a connect that failed.
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  ConnStatusType stage = PQstatus(connection.get());
  PostgresPollingStatusType wanted =
      stage == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (wanted == PGRES_POLLING_READING || wanted == PGRES_POLLING_WRITING) {
    // The socket can be another one after each step.
    switch (WaitForSocket(PQsocket(connection.get()),
                          wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, stop_fd)) {
      case Wait::kReady:
        break;
      case Wait::kStopped:
        return Failed(ConnectOutcome::kConnectFailed,
                      "stopped while connecting to " + Where(endpoint));
      case Wait::kDeadline:
        return Failed(ConnectOutcome::kConnectTimeout,
                      "no answer from " + Where(endpoint) + " in time");
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
  opened.message = Presentable(PQerrorMessage(connection.get()), parameters);
  opened.sqlstate = SqlStateIn(opened.message);
  opened.outcome = Classify(connection.get(), stage, opened.sqlstate, opened.message);
  return opened;
}

Parameters For(const Endpoint& endpoint, Parameters parameters) {
  for (const auto& [keyword, value] :
       {std::pair{"host", &endpoint.host}, std::pair{"hostaddr", &endpoint.hostaddr},
        std::pair{"port", &endpoint.port}}) {
    parameters.insert_or_assign(keyword, base::Secret(*value));
  }
  return parameters;
}

// One endpoint for each address of each name; names that do not resolve are left out, the last of
// them in `failure`.
std::vector<Endpoint> ResolveAll(const Dsn& dsn, Resolver& resolver, TimePoint deadline,
                                 const std::stop_token& stop, Opened& failure) {
  std::vector<Endpoint> resolved;
  for (const Endpoint& endpoint : dsn.endpoints()) {
    if (!NeedsResolving(endpoint)) {
      resolved.push_back(endpoint);
      continue;
    }
    const Resolver::Result result = resolver.Resolve(endpoint.host, deadline, stop);
    for (const std::string& address : result.addresses)
      resolved.push_back({endpoint.host, address, endpoint.port});
    if (result.addresses.empty()) {
      failure = Failed(ConnectOutcome::kNameNotResolved,
                       "cannot resolve host name \"" + endpoint.host + "\": " + result.error);
    }
  }
  return resolved;
}

}  // namespace

Opened Open(const Dsn& dsn, const std::map<std::string, base::Secret>& overrides,
            Resolver& resolver, TimePoint deadline, const std::stop_token& stop) {
  Parameters parameters = dsn.parameters();
  for (const auto& [keyword, value] : overrides) parameters.insert_or_assign(keyword, value);

  std::vector<std::string> rounds{dsn.Get("target_session_attrs")};
  if (rounds.front() == "prefer-standby") rounds = {"standby", "any"};

  Opened last;
  const std::vector<Endpoint> endpoints = ResolveAll(dsn, resolver, deadline, stop, last);
  const base::StopFd stop_fd(stop);
  std::size_t left = endpoints.size() * rounds.size();
  for (const std::string& wanted : rounds) {
    if (!wanted.empty()) parameters.insert_or_assign("target_session_attrs", base::Secret(wanted));
    for (const Endpoint& endpoint : endpoints) {
      const TimePoint now = base::RealClock().Now();
      const TimePoint share =
          now >= deadline ? deadline : now + (deadline - now) / static_cast<int>(left--);
      last = OpenOne(endpoint, For(endpoint, parameters), share, stop_fd.fd());
      if (last.outcome == ConnectOutcome::kOk || stop.stop_requested()) return last;
    }
  }
  return last;
}

}  // namespace scidex::postgres
