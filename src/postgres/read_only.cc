// Verification that a session is read-only, and handling of writes.
#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "base/local_failure.h"
#include "base/log.h"
#include "postgres/masking.h"
#include "postgres/session.h"
#include "postgres/sqlstate.h"

namespace scidex::postgres {

using base::TimePoint;
using pool::Prepared;
using pool::ReadOnlyProof;

namespace {

// The first words of the command tags of commands that write, or may.
bool BeginsCommandTag(std::string_view words) {
  constexpr std::array<std::string_view, 29> kFirstWords{
      "ALTER",  "ANALYZE",  "CALL",   "CHECKPOINT", "CLUSTER", "COMMENT",  "COMMIT",  "COPY",
      "CREATE", "DELETE",   "DO",     "DROP",       "EXECUTE", "GRANT",    "IMPORT",  "INSERT",
      "LISTEN", "LOCK",     "MERGE",  "NOTIFY",     "PREPARE", "REASSIGN", "REFRESH", "REINDEX",
      "REVOKE", "SECURITY", "SELECT", "TRUNCATE",   "UPDATE"};
  return std::find(kFirstWords.begin(), kFirstWords.end(), words.substr(0, words.find(' '))) !=
         kFirstWords.end();
}

// "cannot execute INSERT in a read-only transaction" -> "INSERT". Servers with another message
// language still write the command in capitals. Other text may be arbitrary and is not returned.
std::string VerbIn(std::string_view message) {
  constexpr std::size_t kLongest = 32;
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  for (std::size_t from = 0; from < message.size(); ++from) {
    std::size_t to = from;
    while (to < message.size() && (is_capital(message[to]) || (to > from && message[to] == ' ')))
      ++to;
    while (to > from && message[to - 1] == ' ') --to;
    const std::string_view words = message.substr(from, to - from);
    if (BeginsCommandTag(words)) return std::string(words.substr(0, kLongest));
    from = to > from ? to : from;
  }
  return "unknown";
}

// https://github.com/postgres/postgres/blob/master/src/include/tcop/cmdtaglist.h
bool IsWrite(std::string_view tag) {
  constexpr std::array<std::string_view, 22> kWrites{"INSERT",
                                                     "UPDATE",
                                                     "DELETE",
                                                     "MERGE",
                                                     "TRUNCATE",
                                                     "CREATE",
                                                     "ALTER",
                                                     "DROP",
                                                     "GRANT",
                                                     "REVOKE",
                                                     "COMMENT",
                                                     "SECURITY LABEL",
                                                     "REASSIGN",
                                                     "REINDEX",
                                                     "CLUSTER",
                                                     "REFRESH",
                                                     "IMPORT",
                                                     "COMMIT PREPARED",
                                                     "PREPARE TRANSACTION",
                                                     "VACUUM",
                                                     "ANALYZE",
                                                     "ROLLBACK PREPARED"};
  return std::any_of(kWrites.begin(), kWrites.end(), [tag](std::string_view write) {
    return tag.starts_with(write) && (tag.size() == write.size() || tag[write.size()] == ' ');
  });
}

std::string_view ClientOf(const pool::Borrower& borrower) {
  return borrower.client ? std::string_view(*borrower.client) : std::string_view();
}

constexpr const char* kSwitchedOff = "a borrower switched read-only off; it is set again";

// Schema-qualified, because the borrower controls the search_path.
constexpr const char* kTransactionState =
    "SELECT pg_catalog.current_setting('transaction_read_only'), "
    "pg_catalog.txid_current_if_assigned(), "
    "pg_catalog.current_setting('default_transaction_read_only')";

}  // namespace

bool Session::IsOfRead(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  const std::string_view tag = TagOf(result);
  switch (status) {
    case PGRES_SINGLE_TUPLE:
    case PGRES_EMPTY_QUERY:
      return true;
    case PGRES_COMMAND_OK:
      // A statement that was prepared, not executed.
      return tag.empty();
    case PGRES_TUPLES_OK:
      return tag.starts_with("SELECT") || tag == "SHOW" || tag == "EXPLAIN" ||
             tag.starts_with("FETCH");
    default:
      return false;
  }
}

bool Session::HasOnlyRead() const {
  // txid_current_if_assigned() exists since PostgreSQL 10.
  constexpr int kSince = 100000;
  return only_reads_ && raw() != nullptr && PQtransactionStatus(raw()) == PQTRANS_INTRANS &&
         PQserverVersion(raw()) >= kSince;
}

// A read-only session cannot run these, except for VACUUM and the like, which no setting prevents:
// success means that the borrower lifted read-only by some means.
void Session::CheckForWrite(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  const bool copied_in = std::exchange(copying_in_, status == PGRES_COPY_IN);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return;
  const std::string_view tag = TagOf(result);
  // A CREATE TABLE AS without result rows has the tag of a SELECT.
  const bool select_into = status == PGRES_COMMAND_OK && tag.starts_with("SELECT ");
  const bool copy_from = copied_in && tag.starts_with("COPY ");
  if (refusal_expected_ || !(IsWrite(tag) || select_into || copy_from)) return;
  if (observer_ != nullptr) observer_->OnReadOnlyWrite();
  base::LogError("a write succeeded through a read-only session",
                 {{"pool", name_},
                  {"verb", tag.substr(0, tag.find_first_of(" 0123456789"))},
                  {"call_site", base::ToString(borrower_.call_site)},
                  {"client", ClientOf(borrower_)}});
}

Prepared Session::Prepare(TimePoint deadline, const pool::StopSources& stop,
                          const pool::Borrower& borrower) noexcept {
  Prepared prepared;
  if (judged_ && !judged_->MayBe(server_started_)) {
    prepared.result = Prepared::Result::kOtherServer;
    return prepared;
  }
  try {
    if (read_only_) prepared = ProveReadOnly(deadline, stop);
  } catch (const std::exception& error) {
    // The state of the session is unknown.
    if (const auto resource = base::LocalResourceOf(error)) base::CountLocalFailure(*resource);
    prepared.result = Prepared::Result::kLost;
  }
  if (prepared.result == Prepared::Result::kReady) {
    borrower_ = borrower;
    tampering_reported_ = false;
    watched_ = read_only_;
  }
  return prepared;
}

Prepared Session::ProveReadOnly(TimePoint deadline, const pool::StopSources& stop) {
  if (!by_transaction_ && ReportedReadOnly() == true)
    return {Prepared::Result::kReady, ReadOnlyProof::kReported};
  const pool::AnyStop any_stop(stop);
  const std::stop_token& token = any_stop.token();
  Prepared prepared = by_transaction_
                          ? Judge(BeginReadOnly(deadline, token), true, ReadOnlyProof::kTransaction)
                          : SetReadOnly(deadline, token);
  // Without this, a session that was given up would count as dead, and have its server checked.
  if (prepared.result == Prepared::Result::kLost && token.stop_requested())
    prepared.result = Prepared::Result::kStopped;
  return prepared;
}

Prepared Session::SetReadOnly(TimePoint deadline, const std::stop_token& stop) {
  const QueryResult set =
      Query("SHOW default_transaction_read_only; SET SESSION default_transaction_read_only = on",
            deadline, stop);
  if (Value(set, 0) == "off") ReportTampering(kSwitchedOff);
  // If the server reports the setting, the report decides.
  return Judge(set, ReportedReadOnly() != false, ReadOnlyProof::kSet);
}

Prepared Session::Judge(const QueryResult& answer, bool proven, ReadOnlyProof proof) {
  if (server_closing_ || answer.status == QueryResult::Status::kLost ||
      answer.status == QueryResult::Status::kTimeout) {
    return {Prepared::Result::kLost, ReadOnlyProof::kNone};
  }
  if (answer.status == QueryResult::Status::kNotSent)
    return {Prepared::Result::kNotTried, ReadOnlyProof::kNone};
  if (answer.status == QueryResult::Status::kOk && proven) return {Prepared::Result::kReady, proof};
  if (observer_ != nullptr) observer_->OnReadOnlyUnproven();
  base::LogError("read-only could not be verified; the session is closed",
                 {{"pool", name_}, {"error", answer.message.ForLog()}});
  return {Prepared::Result::kUnproven, ReadOnlyProof::kNone};
}

// Uses a query, because only a query takes a snapshot.
QueryResult Session::BeginReadOnly(TimePoint deadline, const std::stop_token& stop) {
  in_read_only_transaction_ = false;
  entered_ = false;
  const bool committed =
      HasOnlyRead() && QueryOfOurs(kCommitReads, deadline, stop).status == QueryResult::Status::kOk;
  only_reads_ = false;
  const bool idle = committed || raw() == nullptr || PQtransactionStatus(raw()) == PQTRANS_IDLE;
  const std::string begin = std::string(idle ? "" : "ROLLBACK; ") + "BEGIN " +
                            (isolation_.empty() ? "" : "ISOLATION LEVEL " + isolation_ + " ") +
                            "READ ONLY; SELECT 1";
  QueryResult begun = QueryOfOurs(begin.c_str(), deadline, stop);
  if (begun.status != QueryResult::Status::kOk) return begun;
  in_read_only_transaction_ = PQtransactionStatus(raw()) == PQTRANS_INTRANS;
  only_reads_ = in_read_only_transaction_;
  if (in_read_only_transaction_) {
    watch_.OnBegun(true);
  } else {
    begun.status = QueryResult::Status::kRefused;
    begun.message = {"no transaction is open after BEGIN", ""};
  }
  return begun;
}

QueryResult Session::EnterReadOnly(TimePoint deadline) {
  const bool fresh = in_read_only_transaction_ && !entered_ && raw() != nullptr &&
                     PQtransactionStatus(raw()) == PQTRANS_INTRANS;
  QueryResult entered = fresh ? QueryResult{} : BeginReadOnly(deadline);
  entered_ = true;
  return entered;
}

void Session::CheckForTampering(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  if (!watched_ || refusal_expected_ || status == PGRES_SINGLE_TUPLE) return;
  // Left by the previous statement; the effect of this one is reported after its result.
  CheckReportedSetting();
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return;
  Report(watch_.OnTag(TagOf(result)));
}

void Session::CheckReportedSetting() {
  if (!by_transaction_ && ReportedReadOnly() == false) ReportTampering(kSwitchedOff);
}

void Session::JudgeUnreadResults() {
  constexpr int kMaxReads = 64;
  bool ended = false;  // of a statement of a pipeline
  for (int reads = 0; raw() != nullptr && HasUnreadResults();) {
    // What libpq has is judged first: to read the end of the connection would discard it.
    if (PQisBusy(raw()) != 0) {
      if (++reads > kMaxReads || PQconsumeInput(raw()) == 0) return;
      continue;
    }
    // Judged when libpq creates it.
    const PgResultPtr result(PQgetResult(raw()));
    if (!result && (ended || PQpipelineStatus(raw()) == PQ_PIPELINE_OFF)) return;
    ended = !result;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_BOTH) return;
    int size = status == PGRES_COPY_OUT ? 0 : -1;
    while (size >= 0) {
      char* row = nullptr;
      size = PQgetCopyData(raw(), &row, 1);
      PQfreemem(row);
      if (size == 0 && (++reads > kMaxReads || PQconsumeInput(raw()) == 0)) return;
    }
  }
}

bool Session::HasUnreadResults() const {
  const PGTransactionStatusType transaction = PQtransactionStatus(raw());
  return transaction == PQTRANS_ACTIVE || transaction == PQTRANS_UNKNOWN ||
         PQpipelineStatus(raw()) != PQ_PIPELINE_OFF;
}

// Called for closed sessions too, however the lease ends.
void Session::CheckForTamperingAtEnd() {
  if (!watched_) return;
  // Results that were not read may set it back.
  CheckReportedSetting();
  JudgeUnreadResults();
  watched_ = false;
  CheckReportedSetting();
  const PGTransactionStatusType transaction =
      raw() == nullptr ? PQTRANS_UNKNOWN : PQtransactionStatus(raw());
  if (transaction == PQTRANS_IDLE) Report(watch_.OnIdle());
  // The unanswered statement may be a COMMIT.
  if ((transaction == PQTRANS_UNKNOWN || transaction == PQTRANS_ACTIVE) && watch_.doubtful())
    Report(TransactionWatch::Shown::kCouldHaveWritten);
}

// A temporary table also takes a transaction ID, so this errs on the side of doubt.
void Session::BeforeCommit() {
  if (!watch_.may_write() || raw() == nullptr || PQtransactionStatus(raw()) != PQTRANS_INTRANS)
    return;
  const bool watched = std::exchange(watched_, false);
  const QueryResult state = Query(kTransactionState, base::kNever);
  watched_ = watched;
  if (state.status != QueryResult::Status::kOk) return;
  // Before the server reports it, or if it does not.
  if (!by_transaction_ && Value(state, 2) == "off") ReportTampering(kSwitchedOff);
  if (Value(state, 0) == "on" && Value(state, 1).empty()) watch_.OnCleared();
}

void Session::AskOfOpenTransaction(TimePoint deadline) {
  if (!watch_.doubtful() || tampering_reported_) return;
  const QueryResult state = Query(kTransactionState, deadline);
  if (state.status == QueryResult::Status::kOk && Value(state, 0) != "on")
    ReportTampering("a borrower lifted read-only in a transaction, which is rolled back");
}

void Session::ExpectBegin(bool expected) {
  if (expected && raw() != nullptr && PQtransactionStatus(raw()) == PQTRANS_IDLE)
    Report(watch_.OnIdle());
  watch_.ExpectBegin(expected);
}

void Session::Report(TransactionWatch::Shown shown) {
  switch (shown) {
    case TransactionWatch::Shown::kNothing:
      return;
    case TransactionWatch::Shown::kCouldHaveWritten:
      return ReportTampering("a borrower could have written in a transaction of its own");
    case TransactionWatch::Shown::kProgramOfItsOwn:
      return ReportTampering("a borrower could have written by a DO or CALL outside a transaction");
    case TransactionWatch::Shown::kEndedTheTransaction:
      return ReportTampering("a borrower ended the read-only transaction that it was lent");
  }
}

void Session::ReportTampering(const char* what) {
  if (std::exchange(tampering_reported_, true)) return;
  if (observer_ != nullptr) observer_->OnReadOnlyTampered();
  base::LogWarn(what, {{"pool", name_},
                       {"call_site", base::ToString(borrower_.call_site)},
                       {"client", ClientOf(borrower_)}});
}

void Session::OnRefusedWrite(const char* message) {
  if (refusal_expected_) return;
  const std::string verb = VerbIn(Masked(message));
  const std::string call_site = base::ToString(borrower_.call_site);
  const std::initializer_list<base::LogField> fields{
      {"pool", name_}, {"verb", verb}, {"call_site", call_site}, {"client", ClientOf(borrower_)}};
  if (read_only_) {
    if (observer_ != nullptr) observer_->OnReadOnlyViolation();
    base::LogWarn("a write was refused in a read-only session", fields);
  } else if (ReportedInRecovery() == true) {
    // Not the borrower's own BEGIN READ ONLY: this server accepts no writes.
    base::LogWarn("a write was refused by a server in recovery; the pool's sessions are replaced",
                  fields);
    if (observer_ != nullptr) observer_->OnWrongServer();
  }
}

}  // namespace scidex::postgres
