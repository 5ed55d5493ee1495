// A query of our own on a connection, under a deadline.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/explanation.h"
#include "base/time.h"
#include "postgres/libpq.h"
#include "postgres/wait.h"

namespace scidex::postgres {

struct QueryResult {
  enum class Status {
    kOk,
    kRefused,  // the server answered with an error: message says which
    kLost,     // the connection broke
    kTimeout,  // no answer by the deadline; the socket was shut down, as the answer may still come
    kNotSent,  // the deadline had passed before: nothing was sent, and the connection is as it was
  };
  Status status = Status::kOk;
  // Rows of the last statement that gives any; null where there is none.
  PgResultPtr rows;
  // Of kRefused; "" where the server gave none.
  std::string sqlstate;
  // Empty for kOk.
  base::Explanation message;
};

// Requires an idle connection in blocking mode, and leaves one, unless it is kLost or kTimeout:
// then it is beyond use. A stopped `stop` is a deadline that has passed.
QueryResult Query(PGconn* connection, const char* sql, base::TimePoint deadline,
                  const std::stop_token& stop = {});

// What Query() is made of, for those who take results one by one.

// kOk once libpq has a result to give without blocking.
QueryResult::Status AwaitResult(PGconn* connection, SocketWait& wait);
// A result of kTimeout, for which the socket is shut down, of kLost or of kNotSent; `wait` was that
// for the answer, if there was one.
QueryResult Broken(PGconn* connection, QueryResult::Status status,
                   const SocketWait* wait = nullptr);
// Has `result` be the error that `from` is: kRefused, or kLost where it is not the server's. Throws
// base::LocalFailure where libpq had no memory for a result.
void TakeError(const PGresult* from, QueryResult& result);

// The value at row 0, column `column`; "" for NULL, and where there is no such row or column.
std::string Value(const QueryResult& result, int column);

}  // namespace scidex::postgres
