#include "postgres/query.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "postgres/local_error.h"
#include "postgres/masking.h"
#include "postgres/sqlstate.h"

namespace scidex::postgres {
namespace {

using QueryStatus = QueryResult::Status;

}  // namespace

QueryResult Broken(PGconn* connection, QueryStatus status, const SocketWait* wait) {
  const bool too_much = wait != nullptr && wait->TooMuch(PQsocket(connection));
  if (status == QueryStatus::kTimeout || too_much) shutdown(PQsocket(connection), SHUT_RDWR);
  QueryResult result;
  result.status = status;
  if (too_much) {
    result.message = {"the response is larger than 64 MiB", ""};
  } else if (status == QueryStatus::kTimeout) {
    result.message = {"no response in time", ""};
  } else if (status == QueryStatus::kNotSent) {
    result.message = {"the deadline had passed before the query was sent", ""};
  } else {
    result.message = {"the connection was lost", Masked(PQerrorMessage(connection))};
  }
  return result;
}

QueryStatus AwaitResult(PGconn* connection, SocketWait& wait) {
  for (;;) {
    const int unsent = PQflush(connection);
    if (unsent < 0) return QueryStatus::kLost;
    if (unsent == 0 && PQisBusy(connection) == 0) return QueryStatus::kOk;
    const short events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
    if (wait.For(PQsocket(connection), events) != Wait::kReady) return QueryStatus::kTimeout;
    if (wait.TooMuch(PQsocket(connection)) || PQconsumeInput(connection) == 0)
      return QueryStatus::kLost;
  }
}

void TakeError(const PGresult* from, QueryResult& result) {
  const char* sqlstate = PQresultErrorField(from, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(from, PG_DIAG_MESSAGE_PRIMARY);
  // Errors of libpq itself have no severity.
  if (sqlstate == nullptr && PQresultErrorField(from, PG_DIAG_SEVERITY) == nullptr)
    ThrowIfLocal(PQresultErrorMessage(from));
  result.status = sqlstate == nullptr ? QueryStatus::kLost : QueryStatus::kRefused;
  const std::string heard = Masked(message == nullptr ? PQresultErrorMessage(from) : message);
  if (sqlstate == nullptr) {
    result.message = {"the connection was lost", heard};
    return;
  }
  // Anything else may be arbitrary text.
  if (IsSqlState(sqlstate)) result.sqlstate = sqlstate;
  result.message = {"the server returned an error" + InBrackets(result.sqlstate), heard};
}

namespace {

// Returns false for results that our queries never have, such as COPY: libpq would return them
// repeatedly without reading further.
bool Take(PgResultPtr from, QueryResult& result) {
  switch (PQresultStatus(from.get())) {
    case PGRES_TUPLES_OK:
      if (result.status == QueryStatus::kOk) result.rows = std::move(from);
      return true;
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
      return true;
    case PGRES_NONFATAL_ERROR:
    case PGRES_FATAL_ERROR:
    case PGRES_BAD_RESPONSE:
      TakeError(from.get(), result);
      return true;
    default:
      return false;
  }
}

QueryResult Unexpected(PGconn* connection) {
  shutdown(PQsocket(connection), SHUT_RDWR);
  QueryResult result;
  result.status = QueryStatus::kLost;
  result.message = {"the server sent an unexpected kind of response", ""};
  return result;
}

QueryResult Run(PGconn* connection, const char* sql, SocketWait wait) {
  if (PQsendQuery(connection, sql) == 0) {
    ThrowIfLocal(PQerrorMessage(connection));
    return Broken(connection, QueryStatus::kLost);
  }
  QueryResult result;
  for (;;) {
    const QueryStatus waited = AwaitResult(connection, wait);
    if (waited != QueryStatus::kOk) return Broken(connection, waited, &wait);
    PgResultPtr one(PQgetResult(connection));
    if (!one) break;
    if (!Take(std::move(one), result)) return Unexpected(connection);
  }
  if (PQstatus(connection) != CONNECTION_OK) result.status = QueryStatus::kLost;
  return result;
}

}  // namespace

QueryResult Query(PGconn* connection, const char* sql, base::TimePoint deadline,
                  const std::stop_token& stop) {
  if (stop.stop_requested() || base::RealClock().Now() >= deadline)
    return Broken(connection, QueryStatus::kNotSent);
  const base::StopFd stop_fd(stop);
  PQsetnonblocking(connection, 1);
  QueryResult result = Run(connection, sql, SocketWait(deadline, stop_fd));
  PQsetnonblocking(connection, 0);
  return result;
}

std::string Value(const QueryResult& result, int column) {
  if (!result.rows || PQntuples(result.rows.get()) == 0 || column >= PQnfields(result.rows.get()))
    return "";
  return PQgetvalue(result.rows.get(), 0, column);
}

}  // namespace scidex::postgres
