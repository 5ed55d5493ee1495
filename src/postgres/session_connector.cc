#include "postgres/session_connector.h"

#include <array>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <utility>

#include "base/clock.h"
#include "base/local_failure.h"
#include "postgres/guard.h"
#include "postgres/password_file.h"

namespace scidex::postgres {

using pool::ConnectOutcome;
using pool::ConnectResult;

namespace {

constexpr const char* kReadOnlyStartup = "-c default_transaction_read_only=on";

// A connection that a firewall or a NAT has dropped in silence is found 25 s after its last packet,
// also while it is idle, and 15 s after a query that is not acknowledged. The system's defaults are
// over two hours, and a quarter of one.
constexpr std::array<std::pair<const char*, const char*>, 4> kHalfOpen{
    {{"keepalives_idle", "10"},
     {"keepalives_interval", "5"},
     {"keepalives_count", "3"},
     {"tcp_user_timeout", "15000"}}};

ConnectResult Failed(ConnectOutcome outcome, base::Explanation message) {
  ConnectResult result;
  result.outcome = outcome;
  result.message = std::move(message);
  return result;
}

// The socket, its duplicate, and two files at a time that libpq reads on the way.
constexpr std::size_t kDescriptorsNeeded = 4;

ConnectResult NoDescriptors() {
  base::CountLocalFailure(base::LocalResource::kDescriptors);
  return Failed(ConnectOutcome::kLocalFailure,
                {"this process has no file descriptors left to connect with", ""});
}

bool MayBeForWantOfFiles(ConnectOutcome outcome) {
  return outcome == ConnectOutcome::kNameNotResolved || outcome == ConnectOutcome::kAuthFailed ||
         outcome == ConnectOutcome::kTlsFailed || outcome == ConnectOutcome::kConnectFailed;
}

ConnectResult Succeeded(std::unique_ptr<Session> session) {
  ConnectResult result;
  result.outcome = ConnectOutcome::kOk;
  result.connection = std::move(session);
  return result;
}

ConnectResult Unanswered(const QueryResult& answer) {
  return Failed(answer.status == QueryResult::Status::kTimeout ? ConnectOutcome::kConnectTimeout
                                                               : ConnectOutcome::kConnectFailed,
                {"after the login: " + answer.message.words, answer.message.heard});
}

// A pooler refuses startup options that it does not know with a protocol violation (PgBouncer) or
// as a feature that it lacks (managed proxies), and others in ways of their own: whatever it is but
// the login and room is tried without them.
bool RefusesOptions(const Opened& opened) {
  return opened.outcome == ConnectOutcome::kConnectFailed && !opened.sqlstate.empty();
}

// With a volatile function: pgpool has a replica answer a query without one, where the setting may
// be another than in the session that would write.
constexpr const char* kTransactionSetting =
    "SELECT current_setting('transaction_read_only'), pg_is_in_recovery()";

// A pooler that gives each statement to another server session can hold no transaction.
ConnectResult ShowTransactionReadOnly(std::unique_ptr<Session> session, base::TimePoint deadline) {
  session->EnforceByTransaction();
  QueryResult shown = session->BeginReadOnly(deadline);
  if (shown.status == QueryResult::Status::kOk)
    shown = session->Query(kTransactionSetting, deadline);
  if (shown.status == QueryResult::Status::kTimeout) return Unanswered(shown);
  if (shown.status != QueryResult::Status::kOk || Value(shown, 0) != "on") {
    return Failed(
        ConnectOutcome::kReadOnlyUnproven,
        {"a pooler in between holds no READ ONLY transaction; its pool_mode must be session "
         "or transaction",
         shown.message.ForLog()});
  }
  if (session->Recycle(deadline - base::RealClock().Now()) != pool::Recycled::kClean)
    return Failed(ConnectOutcome::kConnectFailed,
                  {"a READ ONLY transaction was not rolled back", ""});
  return Succeeded(std::move(session));
}

// libpq would ask the session whether it may write, which none of ours may; what is meant is the
// server.
std::string OfServer(const std::string& target_session_attrs) {
  if (target_session_attrs == "read-write") return "primary";
  if (target_session_attrs == "read-only") return "standby";
  return target_session_attrs;
}

}  // namespace

SessionConnector::SessionConnector(std::string name, const SessionOptions& options,
                                   std::shared_ptr<Resolver> resolver,
                                   std::shared_ptr<base::HangupWatch> hangups)
    : name_(std::move(name)),
      options_(options),
      dsn_(Dsn::Parse(options.dsn)),
      resolver_(std::move(resolver)),
      hangups_(std::move(hangups)) {}

std::map<std::string, base::Secret> SessionConnector::Overrides(Startup startup) const {
  std::map<std::string, base::Secret> overrides;
  overrides.emplace("fallback_application_name", base::Secret(options_.application_name));
  if (!options_.password_file.empty())
    overrides.emplace("password", ReadPasswordFile(options_.password_file));
  // libpq asks for Kerberos credentials at each connect unless told otherwise, and waits for them
  // without a deadline.
  if (!dsn_.parameters().contains("gssencmode") && std::getenv("PGGSSENCMODE") == nullptr)
    overrides.emplace("gssencmode", base::Secret("disable"));
  for (const auto& [keyword, value] : kHalfOpen) {
    if (!dsn_.parameters().contains(keyword)) overrides.emplace(keyword, base::Secret(value));
  }
  if (startup == Startup::kReadOnly) {
    // Last, so that it wins over what the DSN or PGOPTIONS says.
    const std::string others = dsn_.Get("options");
    overrides.emplace("options", base::Secret(others.empty() ? kReadOnlyStartup
                                                             : others + " " + kReadOnlyStartup));
  }
  if (options_.read_only) {
    const std::string attributes = OfServer(dsn_.Get("target_session_attrs"));
    if (!attributes.empty()) overrides.emplace("target_session_attrs", base::Secret(attributes));
  }
  return overrides;
}

ConnectResult SessionConnector::Connect(base::TimePoint deadline,
                                        const std::stop_token& stop) noexcept {
  if (!base::CanOpenDescriptors(kDescriptorsNeeded)) return NoDescriptors();
  ConnectResult result = TryConnect(deadline, stop);
  // Some of what a connect reads goes missing in silence where no file can be opened: the password
  // file, the resolver's files, certificates.
  return MayBeForWantOfFiles(result.outcome) && !base::CanOpenDescriptors(kDescriptorsNeeded)
             ? NoDescriptors()
             : std::move(result);
}

ConnectResult SessionConnector::TryConnect(base::TimePoint deadline,
                                           const std::stop_token& stop) noexcept {
  try {
    Startup startup = options_.read_only && !behind_pooler_ ? Startup::kReadOnly : Startup::kPlain;
    for (int attempt = 0; attempt < 2; ++attempt) {
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
                  {error.what(), ""});
  }
}

std::optional<ConnectResult> SessionConnector::ConnectWith(Startup startup,
                                                           base::TimePoint deadline,
                                                           const std::stop_token& stop) {
  Opened opened = Open(dsn_, Overrides(startup), *resolver_, deadline, stop);
  if (startup == Startup::kReadOnly && RefusesOptions(opened)) return std::nullopt;
  if (opened.outcome != ConnectOutcome::kOk) return Failed(opened.outcome, opened.message);
  auto session = std::make_unique<Session>(name_, options_, std::move(opened.connection), hangups_);
  if (options_.read_only) return ShowReadOnly(std::move(session), startup, deadline, stop);
  return Introduce(std::move(session), deadline, stop);
}

// Of a pooler it is not known which server is behind it at the moment.
QueryResult SessionConnector::AskForServer(Session& session, const std::string& columns,
                                           base::TimePoint deadline, const std::stop_token& stop) {
  const auto ask = [&](const char* started, const char* more) {
    return QueryGuarded(session,
                        std::string("SELECT pg_backend_pid(), ") + started + columns + more,
                        deadline, stop);
  };
  QueryResult answer;
  if (tells_start_) {
    // With a volatile function, for the reason that kTransactionSetting has one.
    answer = ask(kServerStart, ", pg_is_in_recovery()");
    // A privilege or a function that is missing, and not a moment in which it could not.
    tells_start_ = !answer.sqlstate.starts_with("42") && !answer.sqlstate.starts_with("0A");
  }
  if (!tells_start_) answer = ask("NULL", "");
  const std::string started = Value(answer, 1);
  if (!started.empty() && session.IsOfBackend(Value(answer, 0)))
    session.SetServerStarted(std::strtoll(started.c_str(), nullptr, 10));
  return answer;
}

// A server that does not tell is no reason to have no session.
ConnectResult SessionConnector::Introduce(std::unique_ptr<Session> session,
                                          base::TimePoint deadline, const std::stop_token& stop) {
  const QueryResult answer = AskForServer(*session, "", deadline, stop);
  return answer.status == QueryResult::Status::kOk || answer.status == QueryResult::Status::kRefused
             ? Succeeded(std::move(session))
             : Unanswered(answer);
}

std::optional<ConnectResult> SessionConnector::ShowReadOnly(std::unique_ptr<Session> session,
                                                            Startup startup,
                                                            base::TimePoint deadline,
                                                            const std::stop_token& stop) {
  const QueryResult shown = AskForServer(*session,
                                         ", current_setting('default_transaction_read_only'),"
                                         " current_setting('default_transaction_isolation')",
                                         deadline, stop);
  if (shown.status != QueryResult::Status::kOk) return Unanswered(shown);
  behind_pooler_ = !session->IsOfBackend(Value(shown, 0));
  if (behind_pooler_) return ShowTransactionReadOnly(std::move(session), deadline);
  if (startup == Startup::kPlain) return std::nullopt;
  if (Value(shown, 2) != "on" || session->ReportedReadOnly() == false) {
    return Failed(ConnectOutcome::kReadOnlyUnproven,
                  {"default_transaction_read_only=on in the startup packet had no effect", ""});
  }
  if (options_.of_replica && Value(shown, 3) == "serializable") {
    const QueryResult avoided = session->AvoidSerializable(deadline);
    if (avoided.status != QueryResult::Status::kOk) return Unanswered(avoided);
  }
  return Succeeded(std::move(session));
}

}  // namespace scidex::postgres
