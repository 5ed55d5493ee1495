#include "postgres/guard.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "base/clock.h"
#include "postgres/sqlstate.h"

namespace scidex::postgres {
namespace {

std::string SettingsFor(const PGconn* connection, SearchPath path) {
  std::string sql = "SET LOCAL lock_timeout = 0; ";
  // Must precede everything that takes a snapshot. A deferrable transaction waits only if it is
  // serializable.
  if (PQtransactionStatus(connection) == PQTRANS_IDLE)
    sql += "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ";
  if (path == SearchPath::kCatalog) sql += "SET LOCAL search_path = pg_catalog; ";
  constexpr int kWithJit = 110000;
  constexpr int kWithTransactionTimeout = 170000;
  if (PQserverVersion(connection) >= kWithJit) sql += "SET LOCAL jit = off; ";
  if (PQserverVersion(connection) >= kWithTransactionTimeout)
    sql += "SET LOCAL transaction_timeout = 0; ";
  return sql;
}

}  // namespace

std::string LimitFor(base::TimePoint deadline, CancelTime when) {
  using std::chrono::milliseconds;
  constexpr milliseconds kMost = std::chrono::hours(1);
  const base::TimePoint now = base::RealClock().Now();
  const milliseconds left = deadline <= now ? milliseconds(0)
                                            : std::chrono::duration_cast<milliseconds>(
                                                  std::min<base::Duration>(deadline - now, kMost));
  const milliseconds limit = when == CancelTime::kAfterDeadline
                                 ? left + std::chrono::seconds(1)
                                 : std::max(left * 3 / 4, milliseconds(1));
  return "SET LOCAL statement_timeout = " + std::to_string(limit.count()) + "; ";
}

QueryResult QueryGuarded(Session& session, std::string_view statement, base::TimePoint deadline,
                         const std::stop_token& stop, SearchPath path, CancelTime when) {
  const int tries = when == CancelTime::kAfterDeadline ? 5 : 1;
  QueryResult result;
  for (int i = 0; i < tries; ++i) {
    // Must be first: it applies to the statements before this one too.
    const std::string sql =
        (LimitFor(deadline, when) + SettingsFor(session.raw(), path)).append(statement);
    result = session.QueryOfOurs(sql.c_str(), deadline, stop);
    if (result.sqlstate != kQueryCanceled || PQtransactionStatus(session.raw()) != PQTRANS_IDLE) {
      break;
    }
  }
  return result;
}

}  // namespace scidex::postgres
