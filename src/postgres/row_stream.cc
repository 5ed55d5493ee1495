#include "postgres/row_stream.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/stop_fd.h"
#include "postgres/query.h"
#include "postgres/session.h"
#include "postgres/sqlstate.h"

namespace scidex::postgres {
namespace {

using queries::Reading;
using queries::RowSink;
using ReadingResult = Reading::Result;

constexpr Oid kBoolean = 16;

// Time for the server to cancel a statement at its timeout and to report that.
constexpr auto kCancelTime = std::chrono::milliseconds(500);

ReadingResult ResultOf(const QueryResult& from) {
  switch (from.status) {
    case QueryResult::Status::kOk:
      return ReadingResult::kWhole;
    case QueryResult::Status::kRefused:
      return from.sqlstate == kReadOnlySqlTransaction ? ReadingResult::kWriteRefused
                                                      : ReadingResult::kRefused;
    case QueryResult::Status::kLost:
      return ReadingResult::kLost;
    case QueryResult::Status::kTimeout:
    case QueryResult::Status::kNotSent:
      return ReadingResult::kTimeout;
  }
  return ReadingResult::kLost;
}

Reading ToReading(QueryResult&& from) {
  Reading reading{ResultOf(from), std::move(from.message)};
  reading.reusable =
      from.status != QueryResult::Status::kLost && from.status != QueryResult::Status::kTimeout;
  return reading;
}

std::string_view Reported(PGconn* connection, const char* setting) {
  const char* const value = PQparameterStatus(connection, setting);
  return value == nullptr ? "" : value;
}

// The encoding to request. The server does not know the encoding of an SQL_ASCII database: if asked
// for UTF-8, it rejects the whole result for one invalid byte.
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

// Processes the results of one statement in single-row mode.
class Stream {
 public:
  Stream(PGconn* connection, RowSink& sink) : connection_(connection), sink_(sink) {}

  Reading Run(const std::string& sql, SocketWait wait) {
    if (PQsendQueryParams(connection_, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) ==
            0 ||
        PQsetSingleRowMode(connection_) == 0) {
      return ToReading(Broken(connection_, QueryResult::Status::kLost));
    }
    QueryResult outcome;
    for (;;) {
      const QueryResult::Status waited = AwaitResult(connection_, wait);
      if (waited != QueryResult::Status::kOk) return ToReading(Broken(connection_, waited, &wait));
      const PgResultPtr one(PQgetResult(connection_));
      if (!one) break;
      if (!Take(*one, outcome))
        return {is_copy_ ? ReadingResult::kNoRows : ReadingResult::kCut, {}, false};
    }
    is_cancelled_ = outcome.sqlstate == kQueryCanceled;
    Reading reading = ToReading(std::move(outcome));
    if (PQstatus(connection_) != CONNECTION_OK) {
      reading.result = ReadingResult::kLost;
      reading.reusable = false;
    } else if (reading.result == ReadingResult::kWhole) {
      reading.result = !has_rows_ ? ReadingResult::kNoRows
                       : wanted_  ? ReadingResult::kWhole
                                  : ReadingResult::kCut;
    }
    return reading;
  }

  // Whether the server cancelled the statement.
  bool is_cancelled() const { return is_cancelled_; }

 private:
  // Returns false once too many unwanted rows have arrived.
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
    std::vector<RowSink::Column> columns;
    for (int i = 0; i < PQnfields(&one); ++i) {
      const Oid type = PQftype(&one, i);
      columns.push_back({PQfname(&one, i), type == kBoolean, type});
    }
    values_.resize(columns.size());
    wanted_ = sink_.OnColumns(columns);
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
    wanted_ = sink_.OnRow(values_);
    return true;
  }

  PGconn* const connection_;
  RowSink& sink_;
  std::vector<std::optional<std::string_view>> values_;
  bool has_rows_ = false;
  bool wanted_ = true;
  bool is_copy_ = false;
  bool is_cancelled_ = false;
  int discarded_ = 0;
};

}  // namespace

Reading RowStream::Read(pool::Connection& connection, const std::string& sql,
                        base::TimePoint deadline, const std::stop_token& stop, RowSink& sink) {
  using std::chrono::milliseconds;
  auto& session = dynamic_cast<Session&>(connection);
  const base::TimePoint start = base::RealClock().Now();
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - start);
  const auto statement_timeout = std::max(left * 9 / 10, milliseconds(1));
  // Keep the session if the server is about to cancel the statement.
  const base::TimePoint given_up_at = std::max(deadline, start + statement_timeout + kCancelTime);
  QueryResult begun = Begin(session, statement_timeout, deadline);
  if (begun.status != QueryResult::Status::kOk) return ToReading(std::move(begun));
  const base::StopFd stop_fd(stop);
  PQsetnonblocking(session.raw(), 1);
  Stream stream(session.raw(), sink);
  Reading reading = stream.Run(sql, SocketWait(given_up_at, stop_fd));
  PQsetnonblocking(session.raw(), 0);
  if ((reading.result == ReadingResult::kCut || reading.result == ReadingResult::kNoRows) &&
      !reading.reusable)
    session.ShutDown();
  // Cancelled by its own timeout, if that has passed.
  if (stream.is_cancelled() && base::RealClock().Now() >= start + statement_timeout)
    reading.result = ReadingResult::kTimeout;
  return reading;
}

}  // namespace scidex::postgres
