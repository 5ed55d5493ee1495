#include "postgres/session.h"

#include <fcntl.h>
#include <libpq-events.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "postgres/sqlstate.h"

namespace scidex::postgres {

using base::TimePoint;
using pool::Prepared;
using pool::ReadOnlyProof;

namespace {

constexpr const char* kReadOnlySetting = "default_transaction_read_only";

// "cannot execute INSERT in a read-only transaction" -> "INSERT". A server that speaks another
// language still writes the command in capitals.
std::string VerbIn(std::string_view message) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  for (std::size_t from = 0; from < message.size(); ++from) {
    std::size_t to = from;
    while (to < message.size() && (is_capital(message[to]) || (to > from && message[to] == ' ')))
      ++to;
    while (to > from && message[to - 1] == ' ') --to;
    if (to - from >= 2) return std::string(message.substr(from, to - from));
    from = to > from ? to : from;
  }
  return "unknown";
}

}  // namespace

// Sees every result of the connection, through libpqxx and libpq alike.
int Session::OnEvent(PGEventId id, void* info, void* session) {
  if (id != PGEVT_RESULTCREATE) return 1;
  const PGresult* result = static_cast<PGEventResultCreate*>(info)->result;
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (sqlstate == nullptr) return 1;
  auto* const self = static_cast<Session*>(session);
  if (MeansLost(sqlstate)) self->doomed_ = true;
  if (self->read_only_ && sqlstate == kReadOnlySqlTransaction) {
    const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    self->OnRefusedWrite(message == nullptr ? "" : message);
  }
  return 1;
}

void Session::OnNotice(void* session, const PGresult* notice) {
  auto* const self = static_cast<Session*>(session);
  const auto field = [notice](int code) -> std::string_view {
    const char* value = PQresultErrorField(notice, code);
    return value == nullptr ? "" : value;
  };
  const std::string_view severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
  // A server that stops at once, or that has crashed elsewhere, announces it as a mere warning.
  if (severity == "FATAL" || severity == "PANIC" || MeansLost(field(PG_DIAG_SQLSTATE)))
    self->doomed_ = true;
  if (self->libpqxx_notices_ != nullptr) self->libpqxx_notices_(nullptr, notice);
}

Session::Session(std::string name, const SessionOptions& options, PgConnPtr connection)
    : name_(std::move(name)),
      read_only_(options.read_only),
      reset_(options.reset),
      adopted_(std::move(connection)),
      socket_(fcntl(PQsocket(adopted_.raw()), F_DUPFD_CLOEXEC, 0)) {
  // Without it no deadline could be kept.
  if (socket_.get() < 0)
    throw std::system_error(errno, std::generic_category(), "no descriptor left for a session");
  libpqxx_notices_ = PQsetNoticeReceiver(raw(), &OnNotice, this);
  PQregisterEventProc(raw(), &OnEvent, "scidex_session", this);
}

Session::~Session() = default;

Session& Session::Of(const pool::Lease& lease) {
  auto* session = dynamic_cast<Session*>(&lease.connection());
  if (session == nullptr)
    throw std::logic_error("this lease is of a pool that does not hold PostgreSQL sessions");
  return *session;
}

bool Session::IsAlive() noexcept {
  PGconn* const connection = raw();
  return connection != nullptr && PQstatus(connection) == CONNECTION_OK &&
         ConsumePending(connection) && !doomed_;
}

// What arrives on an idle session is a notice or a changed setting, which libpq has to see before
// its reports are believed, or the end.
bool Session::ConsumePending(PGconn* connection) noexcept {
  constexpr int kEnough = 64;
  for (int i = 0; i < kEnough; ++i) {
    pollfd polled{PQsocket(connection), POLLIN, 0};
    if (poll(&polled, 1, 0) <= 0) return true;
    if (PQconsumeInput(connection) == 0) return false;
    // Parses what was read.
    if (PQisBusy(connection) != 0 || PQstatus(connection) != CONNECTION_OK) return false;
    while (PGnotify* const notification = PQnotifies(connection)) PQfreemem(notification);
  }
  return true;
}

std::optional<bool> Session::ReportedReadOnly() const {
  const char* reported = raw() == nullptr ? nullptr : PQparameterStatus(raw(), kReadOnlySetting);
  if (reported == nullptr) return std::nullopt;
  return std::string_view(reported) == "on";
}

Prepared Session::Prepare(TimePoint deadline, const base::CallSite& borrower) noexcept {
  Prepared prepared;
  if (read_only_) {
    const std::optional<bool> reported = ReportedReadOnly();
    if (reported == true) {
      prepared.proof = ReadOnlyProof::kReported;
    } else {
      if (reported == false) ReportTampering();
      prepared = SetReadOnly(deadline);
    }
  }
  borrower_ = borrower;
  return prepared;
}

Prepared Session::SetReadOnly(TimePoint deadline) {
  const QueryResult set = Query("SET SESSION default_transaction_read_only = on", deadline);
  if (doomed_ || set.status == QueryResult::Status::kLost ||
      set.status == QueryResult::Status::kTimeout) {
    return {Prepared::Result::kLost, ReadOnlyProof::kNone};
  }
  // Where the setting is reported, the report has the last word.
  if (set.status == QueryResult::Status::kOk && ReportedReadOnly() != false) {
    return {Prepared::Result::kReady, ReadOnlyProof::kSet};
  }
  if (observer_ != nullptr) observer_->OnReadOnlyUnproven();
  base::LogError("read-only could not be shown; the session is closed",
                 {{"pool", name_}, {"error", set.message}});
  return {Prepared::Result::kUnproven, ReadOnlyProof::kNone};
}

void Session::ReportTampering() {
  if (observer_ != nullptr) observer_->OnReadOnlyTampered();
  base::LogWarn("a borrower switched read-only off; it is set again",
                {{"pool", name_}, {"call_site", base::ToString(borrower_)}});
}

void Session::OnRefusedWrite(const char* message) {
  if (observer_ != nullptr) observer_->OnReadOnlyViolation();
  base::LogWarn(
      "a write was refused in a read-only session",
      {{"pool", name_}, {"verb", VerbIn(message)}, {"call_site", base::ToString(borrower_)}});
}

bool Session::Recycle(base::Duration within) noexcept {
  PGconn* const connection = raw();
  if (connection == nullptr || doomed_ || PQpipelineStatus(connection) != PQ_PIPELINE_OFF)
    return false;
  const PGTransactionStatusType transaction = PQtransactionStatus(connection);
  if (transaction == PQTRANS_ACTIVE || transaction == PQTRANS_UNKNOWN) return false;
  PQsetnonblocking(connection, 0);
  const TimePoint deadline = base::Add(base::RealClock().Now(), within);
  const auto run = [&](const char* sql) {
    return Query(sql, deadline).status == QueryResult::Status::kOk;
  };
  if (transaction != PQTRANS_IDLE && !run("ROLLBACK")) return false;
  if (reset_ == SessionReset::kResetAll && !run("RESET ALL")) return false;
  if (reset_ == SessionReset::kDiscardAll && !run("DISCARD ALL")) return false;
  return true;
}

QueryResult Session::Query(const char* sql, TimePoint deadline, const std::stop_token& stop) {
  if (raw() == nullptr) {
    QueryResult lost;
    lost.status = QueryResult::Status::kLost;
    lost.message = "the connection was closed";
    return lost;
  }
  return postgres::Query(raw(), sql, deadline, stop);
}

void Session::ShutDown() noexcept { shutdown(socket_.get(), SHUT_RDWR); }

}  // namespace scidex::postgres
