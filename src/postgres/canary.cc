#include "postgres/canary.h"

#include "postgres/guard.h"
#include "postgres/sqlstate.h"

namespace scidex::postgres {
namespace {

// A managed reader may be in recovery and yet forward writes to its primary (Amazon Aurora's local
// write forwarding): there recovery shows nothing, and the session's own setting is what refuses.
constexpr const char* kNobodyCanWrite =
    "SELECT pg_catalog.pg_is_in_recovery() AND coalesce(pg_catalog.lower("
    "pg_catalog.current_setting('apg_write_forward.consistency_mode', true)), '') IN ('', 'off')";

CanaryResult Unknown(const QueryResult& answer) {
  CanaryResult result;
  if (answer.status == QueryResult::Status::kNotSent)
    result.status = CanaryResult::Status::kNotTried;
  result.message = answer.message;
  return result;
}

}  // namespace

CanaryResult TryWrite(Session& session, base::TimePoint deadline, const std::stop_token& stop) {
  const QueryResult recovery = QueryGuarded(session, kNobodyCanWrite, deadline, stop);
  if (recovery.status != QueryResult::Status::kOk) return Unknown(recovery);
  const QueryResult written = session.QueryRefused(
      session.by_transaction()
          ? "DELETE FROM pg_catalog.pg_description WHERE false"
          : "BEGIN; DELETE FROM pg_catalog.pg_description WHERE false; ROLLBACK",
      deadline, stop);
  const bool accepted = written.status == QueryResult::Status::kOk;
  if (!accepted && written.sqlstate != kReadOnlySqlTransaction &&
      written.sqlstate != kInsufficientPrivilege) {
    return Unknown(written);
  }
  CanaryResult result;
  result.in_recovery = Value(recovery, 0) == "t";
  result.status = written.sqlstate == kReadOnlySqlTransaction ? CanaryResult::Status::kRefused
                                                              : CanaryResult::Status::kAccepted;
  if (accepted) result.message = {"the write was accepted", ""};
  if (written.sqlstate == kInsufficientPrivilege) result.message = written.message;
  return result;
}

}  // namespace scidex::postgres
