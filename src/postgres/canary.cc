#include "postgres/canary.h"

#include <string>

#include "postgres/guard.h"
#include "postgres/session.h"
#include "postgres/sqlstate.h"

namespace scidex::postgres {
namespace {

using control::WriteAttempt;

// A managed replica may be in recovery and yet forward writes to its primary (Amazon Aurora's local
// write forwarding). Then recovery proves nothing, and only the session's own setting refuses
// writes.
constexpr const char* kNoSessionCanWrite =
    "SELECT pg_catalog.pg_is_in_recovery() AND coalesce(pg_catalog.lower("
    "pg_catalog.current_setting('apg_write_forward.consistency_mode', true)), '') IN ('', 'off')";

// The server does not log an error that a block catches. Only the expected one is caught.
constexpr const char* kCaughtWrite =
    "DO $$BEGIN DELETE FROM pg_catalog.pg_description WHERE false; "
    "EXCEPTION WHEN read_only_sql_transaction THEN "
    "PERFORM pg_catalog.set_config('scidex.canary', SQLSTATE, true); END$$; "
    "SELECT pg_catalog.current_setting('scidex.canary', true)";

WriteAttempt Unknown(const QueryResult& answer) {
  using Result = WriteAttempt::Result;
  const bool sent = answer.status != QueryResult::Status::kNotSent;
  return {sent ? Result::kUnknown : Result::kNotTried, false, answer.message};
}

// Tries the write as a statement.
WriteAttempt TryStatement(Session& session, base::TimePoint deadline, const std::stop_token& stop) {
  const std::string write =
      LimitFor(deadline) + "DELETE FROM pg_catalog.pg_description WHERE false";
  const QueryResult written = session.QueryRefused(
      session.by_transaction() ? write.c_str() : ("BEGIN; " + write + "; ROLLBACK").c_str(),
      deadline, stop);
  const bool accepted = written.status == QueryResult::Status::kOk;
  if (!accepted && written.sqlstate != kReadOnlySqlTransaction &&
      written.sqlstate != kInsufficientPrivilege) {
    return Unknown(written);
  }
  WriteAttempt result;
  result.result = written.sqlstate == kReadOnlySqlTransaction ? WriteAttempt::Result::kRefused
                                                              : WriteAttempt::Result::kAccepted;
  if (accepted) result.message = {"the write was accepted", ""};
  if (written.sqlstate == kInsufficientPrivilege) result.message = written.message;
  return result;
}

// Tries the write in a block that catches the refusal.
WriteAttempt TryBlock(Session& session, base::TimePoint deadline, const std::stop_token& stop) {
  using Status = QueryResult::Status;
  const QueryResult caught =
      session.QueryRefused((LimitFor(deadline) + kCaughtWrite).c_str(), deadline, stop);
  if (caught.status == Status::kOk && Value(caught, 0) == kReadOnlySqlTransaction) {
    if (session.by_transaction()) session.ExpectReads();
    return {WriteAttempt::Result::kRefused};
  }
  if (caught.status != Status::kOk && caught.status != Status::kRefused) return Unknown(caught);
  if (caught.status == Status::kRefused && session.by_transaction()) {
    const QueryResult begun = session.BeginReadOnly(deadline, stop);
    if (begun.status != Status::kOk) return Unknown(begun);
  }
  return TryStatement(session, deadline, stop);
}

}  // namespace

WriteAttempt CanaryWriter::TryWrite(pool::Connection& connection, base::TimePoint deadline,
                                    const std::stop_token& stop) {
  auto& session = dynamic_cast<Session&>(connection);
  const QueryResult recovery = QueryGuarded(session, kNoSessionCanWrite, deadline, stop);
  if (recovery.status != QueryResult::Status::kOk) return Unknown(recovery);
  WriteAttempt result = TryBlock(session, deadline, stop);
  result.in_recovery = Value(recovery, 0) == "t";
  return result;
}

}  // namespace scidex::postgres
