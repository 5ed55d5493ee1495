#include "postgres/query.h"

#include <poll.h>
#include <sys/socket.h>

#include <optional>
#include <utility>

#include "base/stop_fd.h"
#include "postgres/wait.h"

namespace scidex::postgres {
namespace {

using Status = QueryResult::Status;

}  // namespace

QueryResult Broken(PGconn* connection, Status status) {
  if (status == Status::kTimeout) shutdown(PQsocket(connection), SHUT_RDWR);
  QueryResult result;
  result.status = status;
  result.message = status == Status::kTimeout ? "no answer in time" : PQerrorMessage(connection);
  result.message.resize(std::min(result.message.find('\n'), result.message.size()));
  return result;
}

Status AwaitResult(PGconn* connection, base::TimePoint deadline, int stop_fd) {
  for (;;) {
    const int unsent = PQflush(connection);
    if (unsent < 0) return Status::kLost;
    if (unsent == 0 && PQisBusy(connection) == 0) return Status::kOk;
    const short events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
    if (WaitForSocket(PQsocket(connection), events, deadline, stop_fd) != Wait::kReady)
      return Status::kTimeout;
    if (PQconsumeInput(connection) == 0) return Status::kLost;
  }
}

void TakeError(const PGresult* from, QueryResult& result) {
  const char* sqlstate = PQresultErrorField(from, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(from, PG_DIAG_MESSAGE_PRIMARY);
  result.status = sqlstate == nullptr ? Status::kLost : Status::kRefused;
  result.sqlstate = sqlstate == nullptr ? "" : sqlstate;
  result.message = message == nullptr ? PQresultErrorMessage(from) : message;
}

namespace {

void Take(PgResultPtr from, QueryResult& result) {
  const ExecStatusType status = PQresultStatus(from.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    TakeError(from.get(), result);
  } else if (result.status == Status::kOk) {
    result.rows = std::move(from);
  }
}

QueryResult Run(PGconn* connection, const char* sql, base::TimePoint deadline, int stop_fd) {
  if (PQsendQuery(connection, sql) == 0) return Broken(connection, Status::kLost);
  QueryResult result;
  for (;;) {
    const Status waited = AwaitResult(connection, deadline, stop_fd);
    if (waited != Status::kOk) return Broken(connection, waited);
    PgResultPtr one(PQgetResult(connection));
    if (!one) break;
    Take(std::move(one), result);
  }
  if (PQstatus(connection) != CONNECTION_OK) result.status = Status::kLost;
  return result;
}

}  // namespace

QueryResult Query(PGconn* connection, const char* sql, base::TimePoint deadline,
                  const std::stop_token& stop) {
  std::optional<base::StopFd> stop_fd;
  if (stop.stop_possible()) stop_fd.emplace(stop);
  PQsetnonblocking(connection, 1);
  QueryResult result = Run(connection, sql, deadline, stop_fd ? stop_fd->fd() : -1);
  PQsetnonblocking(connection, 0);
  return result;
}

std::string Value(const QueryResult& result, int column) {
  if (!result.rows || PQntuples(result.rows.get()) == 0) return "";
  return PQgetvalue(result.rows.get(), 0, column);
}

}  // namespace scidex::postgres
