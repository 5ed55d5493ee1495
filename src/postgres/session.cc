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
#include "base/local_failure.h"
#include "base/log.h"
#include "postgres/sqlstate.h"

namespace scidex::postgres {

using base::TimePoint;
using pool::Recycled;

namespace {

std::string PinOf(const std::string& isolation) {
  return "SET default_transaction_isolation = '" + isolation + "'";
}

void DropNotifications(PGconn* connection) noexcept {
  while (PGnotify* const notification = PQnotifies(connection)) PQfreemem(notification);
}

}  // namespace

std::string_view Session::TagOf(const PGresult* result) {
  // libpq does not modify it.
  return PQcmdStatus(const_cast<PGresult*>(result));
}

// libpq calls this for every result of the connection, including those of libpqxx.
int Session::OnEvent(PGEventId id, void* info, void* session) {
  if (id != PGEVT_RESULTCREATE) return 1;
  const PGresult* result = static_cast<PGEventResultCreate*>(info)->result;
  auto* const self = static_cast<Session*>(session);
  if (self->read_only_) {
    self->CheckForWrite(result);
    self->CheckForTampering(result);
  }
  if (self->only_reads_) self->only_reads_ = IsOfRead(result);
  self->CheckForReset(result);
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (sqlstate == nullptr) return 1;
  const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (EndsSession(severity == nullptr ? "" : severity) || MeansShutdown(sqlstate) ||
      (self->by_transaction_ && MeansLost(sqlstate)))
    self->server_closing_ = true;
  // A standby refuses serializable transactions, which the borrower may have made the default.
  if (sqlstate == kFeatureNotSupported) self->unpinned_ = true;
  if (sqlstate == kReadOnlySqlTransaction) {
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
  // A server announces an immediate shutdown, or a crash of another session, only as a warning.
  if (EndsSession(field(PG_DIAG_SEVERITY_NONLOCALIZED)) || MeansShutdown(field(PG_DIAG_SQLSTATE)))
    self->server_closing_ = true;
  if (self->libpqxx_notices_ != nullptr) self->libpqxx_notices_(nullptr, notice);
}

Session::Session(std::string name, const SessionOptions& options, PgConnPtr connection,
                 std::shared_ptr<base::HangupWatch> hangups)
    : name_(std::move(name)),
      read_only_(options.read_only),
      reset_(options.reset),
      adopted_(std::move(connection)),
      socket_(fcntl(PQsocket(adopted_.raw()), F_DUPFD_CLOEXEC, 0)),
      hangups_(std::move(hangups)),
      expects_recovery_(options.of_replica || ReportedInRecovery() == true) {
  // Required for enforcing deadlines.
  if (socket_.get() < 0) {
    throw base::LocalFailure(base::LocalResource::kDescriptors,
                             "no file descriptor left for a session");
  }
  libpqxx_notices_ = PQsetNoticeReceiver(raw(), &OnNotice, this);
  PQregisterEventProc(raw(), &OnEvent, "scidex_session", this);
}

Session::~Session() {
  try {
    CheckForTamperingAtEnd();
  } catch (const std::exception& error) {
    if (const auto resource = base::LocalResourceOf(error)) base::CountLocalFailure(*resource);
  }
}

Session& Session::Of(const pool::Lease& lease) {
  auto* session = dynamic_cast<Session*>(&lease.connection());
  if (session == nullptr)
    throw std::logic_error("the pool of this lease does not contain PostgreSQL sessions");
  return *session;
}

bool Session::IsAlive(LivenessCheck check) noexcept {
  PGconn* const connection = raw();
  if (connection == nullptr || PQstatus(connection) != CONNECTION_OK || server_closing_ ||
      peer_gone_)
    return false;
  if (check == LivenessCheck::kWatch && hangup_) return true;
  return ConsumePending(connection) && !server_closing_;
}

// Input on an idle session is a notice, a changed setting, which libpq must process before its
// reports are valid, or the end of the connection.
bool Session::ConsumePending(PGconn* connection) noexcept {
  constexpr int kMaxReads = 64;
  for (int i = 0; i < kMaxReads; ++i) {
    pollfd polled{PQsocket(connection), POLLIN, 0};
    if (poll(&polled, 1, 0) <= 0) return true;
    if (PQconsumeInput(connection) == 0) return false;
    // Parses the data read.
    if (PQisBusy(connection) != 0 || PQstatus(connection) != CONNECTION_OK) return false;
    DropNotifications(connection);
  }
  return true;
}

std::optional<bool> Session::Reported(const char* setting) const {
  const char* reported = raw() == nullptr ? nullptr : PQparameterStatus(raw(), setting);
  if (reported == nullptr) return std::nullopt;
  return std::string_view(reported) == "on";
}

void Session::Observe(pool::SessionObserver* observer) noexcept {
  hangup_.reset();
  observer_ = observer;
  if (observer == nullptr) return;
  try {
    hangup_.emplace(*hangups_, socket_.get(), [this, observer] {
      peer_gone_ = true;
      observer->OnPeerGone();
    });
  } catch (const std::exception& error) {
    if (const auto resource = base::LocalResourceOf(error)) base::CountLocalFailure(*resource);
    base::LogWarn(
        "cannot watch a session's socket; each acquire checks it by a system call instead",
        {{"pool", name_}, {"error", error.what()}});
  }
}

// A server reports its promotion together with the response to a query; a pooler may report that of
// another server.
bool Session::MovedToAnotherKindOfServer() const {
  return expects_recovery_ && !by_transaction_ && ReportedInRecovery() == false;
}

Recycled Session::Recycle(base::Duration within) noexcept {
  try {
    return TryRecycle(within);
  } catch (const std::exception& error) {
    if (const auto resource = base::LocalResourceOf(error)) base::CountLocalFailure(*resource);
    return Recycled::kDirty;
  }
}

Recycled Session::TryRecycle(base::Duration within) {
  PGconn* const connection = raw();
  const bool has_unread = connection != nullptr && HasUnreadResults();
  CheckForTamperingAtEnd();
  if (connection == nullptr || server_closing_ || PQstatus(connection) != CONNECTION_OK)
    return Recycled::kLost;
  if (has_unread) return Recycled::kDirty;
  const PGTransactionStatusType transaction = PQtransactionStatus(connection);
  PQsetnonblocking(connection, 0);
  if (observer_ != nullptr && MovedToAnotherKindOfServer()) observer_->OnWrongServer();
  const TimePoint deadline = base::Add(base::RealClock().Now(), within);
  if (transaction == PQTRANS_INTRANS) AskOfOpenTransaction(deadline);
  watch_.OnIdle();
  in_read_only_transaction_ = false;
  // Behind a pooler, the session must not be reset from here.
  const SessionReset reset = by_transaction_ ? SessionReset::kRollback : reset_;
  const bool is_clean =
      transaction == PQTRANS_IDLE && reset == SessionReset::kRollback && !unpinned_;
  const Recycled recycled = is_clean ? Recycled::kClean : Clean(transaction, reset, deadline);
  only_reads_ = false;
  return recycled;
}

Recycled Session::Clean(PGTransactionStatusType transaction, SessionReset reset,
                        TimePoint deadline) {
  Recycled ended = Recycled::kClean;
  using Status = QueryResult::Status;
  const bool committed = HasOnlyRead() && Query(kCommitReads, deadline).status == Status::kOk;
  const auto run = [&](const char* sql) {
    if (ended != Recycled::kClean) return;
    const Status status = Query(sql, deadline).status;
    if (status == Status::kLost || server_closing_) {
      ended = Recycled::kLost;
    } else if (status != Status::kOk) {
      ended = Recycled::kDirty;
    }
  };
  if (transaction != PQTRANS_IDLE && !committed) run("ROLLBACK");
  const bool is_pinned = !isolation_.empty() && !by_transaction_;
  const std::string pin = is_pinned ? PinOf(isolation_) : "";
  if (reset == SessionReset::kResetAll) {
    run(("RESET ALL; " + pin).c_str());
  } else {
    // Must be the only statement of its message.
    if (reset == SessionReset::kDiscardAll) {
      run("DISCARD ALL");
      if (ended == Recycled::kClean) {
        adopted_.ForgetSession();
        // Those received before it.
        DropNotifications(raw());
      }
    }
    if (unpinned_ && is_pinned) run(pin.c_str());
  }
  unpinned_ = false;
  return ended;
}

// RESET of another setting has the same tag.
void Session::CheckForReset(const PGresult* result) {
  if (PQresultStatus(result) != PGRES_COMMAND_OK) return;
  const std::string_view tag = TagOf(result);
  if (tag == "RESET" || tag == "DISCARD ALL") unpinned_ = true;
}

QueryResult Session::PinIsolation(std::string_view isolation, TimePoint deadline) {
  isolation_ = isolation;
  return Query(PinOf(isolation_).c_str(), deadline);
}

QueryResult Session::Query(const char* sql, TimePoint deadline, const std::stop_token& stop) {
  if (raw() == nullptr) {
    QueryResult lost;
    lost.status = QueryResult::Status::kLost;
    lost.message = {"the connection was closed", ""};
    return lost;
  }
  if (watched_ && PQtransactionStatus(raw()) == PQTRANS_IDLE) Report(watch_.OnIdle());
  return postgres::Query(raw(), sql, deadline, stop);
}

QueryResult Session::QueryOfOurs(const char* sql, TimePoint deadline, const std::stop_token& stop) {
  const bool watched = std::exchange(watched_, false);
  QueryResult result = Query(sql, deadline, stop);
  watched_ = watched;
  if (!by_transaction_ && raw() != nullptr && PQtransactionStatus(raw()) == PQTRANS_INTRANS)
    watch_.OnBegun(false);
  return result;
}

QueryResult Session::QueryRefused(const char* sql, TimePoint deadline,
                                  const std::stop_token& stop) {
  refusal_expected_ = true;
  QueryResult result = QueryOfOurs(sql, deadline, stop);
  refusal_expected_ = false;
  return result;
}

void Session::ShutDown() noexcept { shutdown(socket_.get(), SHUT_RDWR); }

}  // namespace scidex::postgres
