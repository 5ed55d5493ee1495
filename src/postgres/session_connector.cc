#include "postgres/session_connector.h"

#include <exception>
#include <stdexcept>
#include <utility>

#include "base/read_file.h"

namespace scidex::postgres {

using pool::ConnectOutcome;
using pool::ConnectResult;

namespace {

constexpr const char* kReadOnlyStartup = "-c default_transaction_read_only=on";

ConnectResult Failed(ConnectOutcome outcome, std::string message) {
  ConnectResult result;
  result.outcome = outcome;
  result.message = std::move(message);
  return result;
}

// Throws std::runtime_error. A newline at the end, which editors add, is not part of the password.
base::Secret ReadPassword(const std::string& path) {
  std::string password;
  try {
    password = base::ReadFile(path, base::FileKind::kRegular);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(std::string("the password file ") + error.what());
  }
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r'))
    password.pop_back();
  return base::Secret(std::move(password));
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
                                   std::shared_ptr<Resolver> resolver)
    : name_(std::move(name)),
      options_(options),
      dsn_(Dsn::Parse(options.dsn)),
      resolver_(std::move(resolver)) {}

std::map<std::string, base::Secret> SessionConnector::Overrides() const {
  std::map<std::string, base::Secret> overrides;
  overrides.emplace("fallback_application_name", base::Secret(options_.application_name));
  if (!options_.password_file.empty())
    overrides.emplace("password", ReadPassword(options_.password_file));
  if (options_.read_only) {
    // Last, so that it wins over what the DSN or PGOPTIONS says.
    const std::string others = dsn_.Get("options");
    overrides.emplace("options", base::Secret(others.empty() ? kReadOnlyStartup
                                                             : others + " " + kReadOnlyStartup));
    const std::string attributes = OfServer(dsn_.Get("target_session_attrs"));
    if (!attributes.empty()) overrides.emplace("target_session_attrs", base::Secret(attributes));
  }
  return overrides;
}

ConnectResult SessionConnector::Connect(base::TimePoint deadline,
                                        const std::stop_token& stop) noexcept {
  try {
    Opened opened = Open(dsn_, Overrides(), *resolver_, deadline, stop);
    if (opened.outcome != ConnectOutcome::kOk) {
      return RefusedReadOnly(opened) ? Failed(ConnectOutcome::kReadOnlyUnproven, opened.message)
                                     : Failed(opened.outcome, opened.message);
    }
    auto session = std::make_unique<Session>(name_, options_, std::move(opened.connection));
    if (options_.read_only) return ShowReadOnly(std::move(session), deadline);
    ConnectResult result;
    result.outcome = ConnectOutcome::kOk;
    result.connection = std::move(session);
    return result;
  } catch (const std::exception& error) {
    return Failed(ConnectOutcome::kConnectFailed, error.what());
  }
}

// PgBouncer refuses startup options that it does not know with a protocol violation.
bool SessionConnector::RefusedReadOnly(const Opened& opened) const {
  return options_.read_only && (opened.sqlstate == "08P01" ||
                                opened.message.find("startup parameter") != std::string::npos);
}

ConnectResult SessionConnector::ShowReadOnly(std::unique_ptr<Session> session,
                                             base::TimePoint deadline) const {
  bool on = session->ReportedReadOnly() == true;
  if (!session->ReportedReadOnly().has_value()) {
    const QueryResult shown = session->Query("SHOW default_transaction_read_only", deadline);
    if (shown.status == QueryResult::Status::kLost ||
        shown.status == QueryResult::Status::kTimeout) {
      return Failed(ConnectOutcome::kConnectFailed,
                    "the connection broke while read-only was checked");
    }
    on = Value(shown, 0) == "on";
  }
  if (!on) {
    return Failed(ConnectOutcome::kReadOnlyUnproven,
                  "default_transaction_read_only=on in the startup packet had no effect; a pooler "
                  "in between?");
  }
  ConnectResult result;
  result.outcome = ConnectOutcome::kOk;
  result.connection = std::move(session);
  return result;
}

}  // namespace scidex::postgres
