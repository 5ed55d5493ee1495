#include "postgres/guard.h"

#include <string>

#include "postgres/sqlstate.h"

namespace scidex::postgres {
namespace {

std::string SettingsFor(const PGconn* connection, SearchPath path) {
  // First, as it holds for the statements before it.
  std::string sql = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; ";
  // Before anything that takes a snapshot. A deferrable transaction waits only if it is
  // serializable.
  if (PQtransactionStatus(connection) == PQTRANS_IDLE)
    sql += "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ";
  if (path == SearchPath::kCatalog) sql += "SET LOCAL search_path = pg_catalog; ";
  constexpr int kWithTransactionTimeout = 170000;
  if (PQserverVersion(connection) >= kWithTransactionTimeout)
    sql += "SET LOCAL transaction_timeout = 0; ";
  return sql;
}

}  // namespace

QueryResult QueryGuarded(Session& session, std::string_view statement, base::TimePoint deadline,
                         const std::stop_token& stop, SearchPath path) {
  constexpr int kTries = 5;
  const std::string sql = SettingsFor(session.raw(), path).append(statement);
  QueryResult result;
  for (int i = 0; i < kTries; ++i) {
    result = session.QueryOfOurs(sql.c_str(), deadline, stop);
    if (result.sqlstate != kQueryCanceled || PQtransactionStatus(session.raw()) != PQTRANS_IDLE) {
      break;
    }
  }
  return result;
}

}  // namespace scidex::postgres
