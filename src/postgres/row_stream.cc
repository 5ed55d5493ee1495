#include "postgres/row_stream.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/stop_fd.h"
#include "postgres/query.h"

namespace scidex::postgres {
namespace {

using StreamStatus = RowStreamResult::Status;

// For a server to end a statement at its timeout, and to say so.
constexpr auto kCancelTime = std::chrono::milliseconds(500);

StreamStatus StatusOf(QueryResult::Status status) {
  switch (status) {
    case QueryResult::Status::kOk:
      return StreamStatus::kWhole;
    case QueryResult::Status::kRefused:
      return StreamStatus::kRefused;
    case QueryResult::Status::kLost:
      return StreamStatus::kLost;
    case QueryResult::Status::kTimeout:
    case QueryResult::Status::kNotSent:
      return StreamStatus::kTimeout;
  }
  return StreamStatus::kLost;
}

RowStreamResult ToResult(QueryResult&& from) {
  RowStreamResult result{StatusOf(from.status), std::move(from.sqlstate), std::move(from.message)};
  result.reusable =
      from.status != QueryResult::Status::kLost && from.status != QueryResult::Status::kTimeout;
  return result;
}

std::string_view Reported(PGconn* connection, const char* setting) {
  const char* const value = PQparameterStatus(connection, setting);
  return value == nullptr ? "" : value;
}

// What the server is to send. Of the bytes of a database without an encoding it knows no meaning:
// asked for UTF-8, it refuses a whole result for one byte that is none.
std::string EncodingFor(PGconn* connection) {
  return Reported(connection, "server_encoding") == "SQL_ASCII" ? "SQL_ASCII" : "UTF8";
}

QueryResult Begin(Session& session, std::chrono::milliseconds statement_timeout,
                  base::TimePoint deadline) {
  std::string sql;
  if (session.by_transaction()) {
    QueryResult entered = session.EnterReadOnly(deadline);
    if (entered.status != QueryResult::Status::kOk) return entered;
  } else {
    sql = "BEGIN READ ONLY; ";
  }
  sql += "SET LOCAL statement_timeout = " + std::to_string(statement_timeout.count());
  const std::string encoding = EncodingFor(session.raw());
  if (Reported(session.raw(), "client_encoding") != encoding) {
    sql += "; SET LOCAL client_encoding = '" + encoding + "'";
  }
  QueryResult begun = session.QueryOfOurs(sql.c_str(), deadline);
  if (begun.status == QueryResult::Status::kOk) session.ExpectReads();
  return begun;
}

// Takes the results of one statement in single-row mode.
class Stream {
 public:
  Stream(PGconn* connection, const RowCallbacks& callbacks)
      : connection_(connection), callbacks_(callbacks) {}

  RowStreamResult Run(const std::string& sql, SocketWait wait) {
    if (PQsendQueryParams(connection_, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) ==
            0 ||
        PQsetSingleRowMode(connection_) == 0) {
      return ToResult(Broken(connection_, QueryResult::Status::kLost));
    }
    QueryResult outcome;
    for (;;) {
      const QueryResult::Status waited = AwaitResult(connection_, wait);
      if (waited != QueryResult::Status::kOk) return ToResult(Broken(connection_, waited, &wait));
      const PgResultPtr one(PQgetResult(connection_));
      if (!one) break;
      if (!Take(*one, outcome))
        return {is_copy_ ? StreamStatus::kNoRows : StreamStatus::kCut, "", {}, false};
    }
    RowStreamResult result = ToResult(std::move(outcome));
    if (PQstatus(connection_) != CONNECTION_OK) {
      result.status = StreamStatus::kLost;
      result.reusable = false;
    } else if (result.status == StreamStatus::kWhole) {
      result.status = !has_rows_ ? StreamStatus::kNoRows
                      : wanted_  ? StreamStatus::kWhole
                                 : StreamStatus::kCut;
    }
    return result;
  }

 private:
  // False once too much came that nobody wants.
  bool Take(const PGresult& one, QueryResult& outcome) {
    switch (PQresultStatus(&one)) {
      case PGRES_SINGLE_TUPLE:
      case PGRES_TUPLES_OK:
        has_rows_ = true;
        OnColumns(one);
        for (int row = 0; row < PQntuples(&one); ++row) {
          if (!OnRow(one, row)) return false;
        }
        return true;
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY:
        return true;
      case PGRES_COPY_OUT:
      case PGRES_COPY_IN:
      case PGRES_COPY_BOTH:
        is_copy_ = true;
        return false;
      default:
        TakeError(&one, outcome);
        return true;
    }
  }

  void OnColumns(const PGresult& one) {
    if (!values_.empty() || !wanted_) return;
    std::vector<ColumnInfo> columns;
    for (int i = 0; i < PQnfields(&one); ++i)
      columns.push_back({PQfname(&one, i), PQftype(&one, i)});
    values_.resize(columns.size());
    wanted_ = callbacks_.on_columns(columns);
  }

  bool OnRow(const PGresult& one, int row) {
    if (!wanted_) return ++discarded_ <= kDiscardedRows;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const int column = static_cast<int>(i);
      values_[i].reset();
      if (PQgetisnull(&one, row, column) != 0) continue;
      values_[i].emplace(PQgetvalue(&one, row, column),
                         static_cast<std::size_t>(PQgetlength(&one, row, column)));
    }
    wanted_ = callbacks_.on_row(values_);
    return true;
  }

  PGconn* const connection_;
  const RowCallbacks& callbacks_;
  std::vector<std::optional<std::string_view>> values_;
  bool has_rows_ = false;
  bool wanted_ = true;
  bool is_copy_ = false;
  int discarded_ = 0;
};

}  // namespace

RowStreamResult StreamRows(Session& session, const std::string& sql, base::TimePoint deadline,
                           const std::stop_token& stop, const RowCallbacks& callbacks) {
  using std::chrono::milliseconds;
  const base::TimePoint start = base::RealClock().Now();
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - start);
  const auto statement_timeout = std::max(left * 9 / 10, milliseconds(1));
  // A statement that the server is about to end is no reason to give up its session.
  const base::TimePoint given_up_at = std::max(deadline, start + statement_timeout + kCancelTime);
  QueryResult begun = Begin(session, statement_timeout, deadline);
  if (begun.status != QueryResult::Status::kOk) return ToResult(std::move(begun));
  const base::StopFd stop_fd(stop);
  PGconn* const connection = session.raw();
  PQsetnonblocking(connection, 1);
  RowStreamResult result = Stream(connection, callbacks).Run(sql, SocketWait(given_up_at, stop_fd));
  PQsetnonblocking(connection, 0);
  if ((result.status == StreamStatus::kCut || result.status == StreamStatus::kNoRows) &&
      !result.reusable)
    session.ShutDown();
  // query_canceled: by nobody else, if it is time.
  if (result.sqlstate == "57014" && base::RealClock().Now() >= start + statement_timeout) {
    result.status = StreamStatus::kTimeout;
  }
  return result;
}

}  // namespace scidex::postgres
