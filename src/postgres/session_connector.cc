#include "postgres/session_connector.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/local_failure.h"
#include "postgres/fact_sql.h"
#include "postgres/guard.h"
#include "postgres/password_file.h"
#include "postgres/sqlstate.h"

namespace scidex::postgres {

using pool::ConnectOutcome;
using pool::ConnectResult;

namespace {

constexpr const char* kReadOnlyStartup = "-c default_transaction_read_only=on";

// A connection that a firewall or a NAT has dropped silently is detected 25 s after its last
// packet, even when idle, and 15 s after a query that is not acknowledged. The system's defaults
// are more than two hours and about 15 minutes.
constexpr std::array<std::pair<const char*, const char*>, 4> kHalfOpen{
    {{"keepalives_idle", "10"},
     {"keepalives_interval", "5"},
     {"keepalives_count", "3"},
     {"tcp_user_timeout", "15000"}}};

ConnectResult Failed(ConnectOutcome outcome, base::Explanation message, bool refused = false) {
  ConnectResult result;
  result.outcome = outcome;
  result.message = std::move(message);
  result.refused = refused;
  return result;
}

// The socket, its duplicate, and up to two files that libpq reads at the same time.
constexpr std::size_t kDescriptorsNeeded = 4;

ConnectResult NoDescriptors() {
  base::CountLocalFailure(base::LocalResource::kDescriptors);
  return Failed(ConnectOutcome::kLocalFailure,
                {"this process has no file descriptors left for a connection", ""});
}

bool MayBeOutOfFiles(ConnectOutcome outcome) {
  return outcome == ConnectOutcome::kNameNotResolved || outcome == ConnectOutcome::kAuthFailed ||
         outcome == ConnectOutcome::kTlsFailed || outcome == ConnectOutcome::kConnectFailed;
}

ConnectResult Succeeded(std::unique_ptr<Session> session) {
  ConnectResult result;
  result.outcome = ConnectOutcome::kOk;
  result.connection = std::move(session);
  return result;
}

ConnectResult FailedAfterLogin(const QueryResult& answer) {
  return Failed(answer.status == QueryResult::Status::kTimeout ? ConnectOutcome::kConnectTimeout
                                                               : ConnectOutcome::kConnectFailed,
                {"after the login: " + answer.message.words, answer.message.heard},
                answer.status == QueryResult::Status::kRefused);
}

// Whether a server answered that is not about to end, or a pooler that has one.
bool IsRefusal(const Opened& opened) {
  return opened.outcome == ConnectOutcome::kAuthFailed ||
         opened.outcome == ConnectOutcome::kTlsFailed ||
         opened.outcome == ConnectOutcome::kTooManyConnections ||
         (!opened.sqlstate.empty() && !MeansLost(opened.sqlstate));
}

// Poolers refuse unknown startup options with a protocol violation (PgBouncer), as an unsupported
// feature (managed proxies), or otherwise. So after any error except for authentication and lack of
// connections, another attempt is made without options.
bool RefusesOptions(const Opened& opened) {
  return opened.outcome != ConnectOutcome::kOk && opened.startup_refused;
}

// The level itself, but repeatable read in place of serializable.
std::string IsolationOfStandby(std::string_view level) {
  constexpr std::array<std::string_view, 3> kLevels{"read uncommitted", "read committed",
                                                    "repeatable read"};
  const auto* const known = std::ranges::find(kLevels, level);
  return std::string(known == kLevels.end() ? kLevels.back() : *known);
}

// Contains a volatile function: pgpool sends queries without one to a replica, where the setting
// may differ from that of the session that would write.
constexpr const char* kTransactionSetting =
    "SELECT current_setting('transaction_read_only'), pg_is_in_recovery()";

// Fails if the pooler gives each statement to another server session, so that no transaction is
// possible.
ConnectResult ShowTransactionReadOnly(std::unique_ptr<Session> session, std::string_view isolation,
                                      base::TimePoint deadline) {
  session->EnforceByTransaction(isolation);
  QueryResult shown = session->BeginReadOnly(deadline);
  if (shown.status == QueryResult::Status::kOk)
    shown = session->Query(kTransactionSetting, deadline);
  if (shown.status == QueryResult::Status::kTimeout) return FailedAfterLogin(shown);
  if (shown.status != QueryResult::Status::kOk || Value(shown, 0) != "on") {
    return Failed(
        ConnectOutcome::kReadOnlyUnproven,
        {"the pooler does not preserve a READ ONLY transaction; its pool_mode must be session "
         "or transaction",
         shown.message.ForLog()});
  }
  if (session->Recycle(deadline - base::RealClock().Now()) != pool::Recycled::kClean)
    return Failed(ConnectOutcome::kConnectFailed,
                  {"a READ ONLY transaction could not be rolled back", ""});
  return Succeeded(std::move(session));
}

// What is required of the server for such a session, by the target_session_attrs of the DSN. libpq
// would check whether the session may write: a read-only one never may, and the probe reports it.
std::string RequiredOf(const std::string& attributes, const SessionOptions& options) {
  if (options.read_only && attributes == "read-only") return "standby";
  if (attributes != "read-write") return attributes;
  if (options.read_only) return "primary";
  return options.for_probe ? kPreferReadWrite : attributes;
}

}  // namespace

SessionConnector::SessionConnector(std::string name, const SessionOptions& options,
                                   std::shared_ptr<Resolver> resolver,
                                   std::shared_ptr<base::HangupWatch> hangups, base::Clock& clock)
    : name_(std::move(name)),
      options_(options),
      dsn_(Dsn::Parse(options.dsn)),
      resolver_(std::move(resolver)),
      hangups_(std::move(hangups)),
      clock_(clock) {}

std::map<std::string, base::Secret> SessionConnector::Overrides(Startup startup) const {
  std::map<std::string, base::Secret> overrides;
  overrides.emplace("fallback_application_name", base::Secret(options_.application_name));
  if (!options_.password_file.empty())
    overrides.emplace("password", ReadPasswordFile(options_.password_file));
  // By default, libpq requests Kerberos credentials at each connect, and waits for them without a
  // deadline.
  if (!dsn_.parameters().contains("gssencmode") && std::getenv("PGGSSENCMODE") == nullptr)
    overrides.emplace("gssencmode", base::Secret("disable"));
  for (const auto& [keyword, value] : kHalfOpen) {
    if (!dsn_.parameters().contains(keyword)) overrides.emplace(keyword, base::Secret(value));
  }
  if (startup == Startup::kReadOnly) {
    // Last, to take precedence over the DSN and PGOPTIONS.
    const std::string others = dsn_.Get("options");
    overrides.emplace("options", base::Secret(others.empty() ? kReadOnlyStartup
                                                             : others + " " + kReadOnlyStartup));
  }
  const std::string attributes = dsn_.Get("target_session_attrs");
  if (!attributes.empty())
    overrides.emplace("target_session_attrs", base::Secret(RequiredOf(attributes, options_)));
  return overrides;
}

ConnectResult SessionConnector::Connect(base::TimePoint deadline,
                                        const std::stop_token& stop) noexcept {
  if (!base::CanOpenDescriptors(kDescriptorsNeeded)) return NoDescriptors();
  ConnectResult result = TryConnect(deadline, stop);
  // If no file can be opened, libpq and the resolver silently ignore theirs: the password file, the
  // resolver's files, certificates.
  return MayBeOutOfFiles(result.outcome) && !base::CanOpenDescriptors(kDescriptorsNeeded)
             ? NoDescriptors()
             : std::move(result);
}

ConnectResult SessionConnector::TryConnect(base::TimePoint deadline,
                                           const std::stop_token& stop) noexcept {
  try {
    Startup startup = options_.read_only && !behind_pooler_ ? Startup::kReadOnly : Startup::kPlain;
    // The first refusal may have had another cause, which the second attempt does not meet.
    constexpr int kAttempts = 3;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      if (std::optional<ConnectResult> result = ConnectWith(startup, deadline, stop))
        return std::move(*result);
      startup = startup == Startup::kPlain ? Startup::kReadOnly : Startup::kPlain;
    }
    return Failed(
        ConnectOutcome::kReadOnlyUnproven,
        {"the server refuses default_transaction_read_only=on in the startup packet", ""});
  } catch (const base::LocalFailure& error) {
    return Failed(ConnectOutcome::kLocalFailure,
                  {WordsFor(ConnectOutcome::kLocalFailure), error.what()});
  } catch (const std::exception& error) {
    const auto resource = base::LocalResourceOf(error);
    if (resource) base::CountLocalFailure(*resource);
    return Failed(resource ? ConnectOutcome::kLocalFailure : ConnectOutcome::kConnectFailed,
                  {error.what(), ""}, true);
  }
}

std::optional<ConnectResult> SessionConnector::ConnectWith(Startup startup,
                                                           base::TimePoint deadline,
                                                           const std::stop_token& stop) {
  Opened opened = Open(dsn_, Overrides(startup), *resolver_, deadline, stop);
  if (startup == Startup::kReadOnly && RefusesOptions(opened)) return std::nullopt;
  if (opened.outcome != ConnectOutcome::kOk)
    return Failed(opened.outcome, opened.message, IsRefusal(opened));
  auto session = std::make_unique<Session>(name_, options_, std::move(opened.connection), hangups_);
  if (options_.read_only) return ShowReadOnly(std::move(session), startup, deadline, stop);
  return VerifyServer(std::move(session), deadline, stop);
}

// Behind a pooler, the current server is unknown.
QueryResult SessionConnector::AskForServer(Session& session, const std::string& columns,
                                           base::TimePoint deadline, const std::stop_token& stop) {
  const auto ask = [&](const char* started, const char* more) {
    return QueryGuarded(session,
                        std::string("SELECT pg_backend_pid(), ") + started + columns + more,
                        deadline, stop);
  };
  QueryResult answer;
  const base::TimePoint now = clock_.Now();
  bool refused = now < ask_for_start_at_.load();
  if (!refused) {
    // With a volatile function, as in kTransactionSetting.
    answer = ask(kServerStart, ", pg_is_in_recovery()");
    // A missing privilege or function, as opposed to a temporary failure.
    refused = answer.sqlstate.starts_with("42") || answer.sqlstate.starts_with("0A");
    if (refused) ask_for_start_at_ = base::Add(now, kAskAgainAfter);
  }
  if (refused) answer = ask("NULL", "");
  const std::string started = Value(answer, 1);
  if (!started.empty() && session.IsOfBackend(Value(answer, 0)))
    session.SetServerStarted(std::strtoll(started.c_str(), nullptr, 10));
  return answer;
}

// The session is usable even if the server refuses the query.
ConnectResult SessionConnector::VerifyServer(std::unique_ptr<Session> session,
                                             base::TimePoint deadline,
                                             const std::stop_token& stop) {
  const QueryResult answer = AskForServer(*session, "", deadline, stop);
  return answer.status == QueryResult::Status::kOk || answer.status == QueryResult::Status::kRefused
             ? Succeeded(std::move(session))
             : FailedAfterLogin(answer);
}

std::optional<ConnectResult> SessionConnector::ShowReadOnly(std::unique_ptr<Session> session,
                                                            Startup startup,
                                                            base::TimePoint deadline,
                                                            const std::stop_token& stop) {
  const QueryResult shown = AskForServer(*session,
                                         ", current_setting('default_transaction_read_only'),"
                                         " current_setting('default_transaction_isolation')",
                                         deadline, stop);
  if (shown.status != QueryResult::Status::kOk) return FailedAfterLogin(shown);
  // A standby refuses all statements with serializable, which may become the default later.
  const std::string isolation =
      options_.of_replica ? IsolationOfStandby(Value(shown, 3)) : std::string();
  behind_pooler_ = !session->IsOfBackend(Value(shown, 0));
  if (behind_pooler_) return ShowTransactionReadOnly(std::move(session), isolation, deadline);
  if (startup == Startup::kPlain) return std::nullopt;
  if (Value(shown, 2) != "on" || session->ReportedReadOnly() == false) {
    return Failed(ConnectOutcome::kReadOnlyUnproven,
                  {"default_transaction_read_only=on in the startup packet had no effect", ""});
  }
  if (!isolation.empty()) {
    const QueryResult pinned = session->PinIsolation(isolation, deadline);
    if (pinned.status != QueryResult::Status::kOk) return FailedAfterLogin(pinned);
  }
  return Succeeded(std::move(session));
}

}  // namespace scidex::postgres
