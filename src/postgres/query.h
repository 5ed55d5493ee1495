// Runs the exporter's own queries on a connection, under a deadline.
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
    kRefused,  // the server returned an error: see message
    kLost,     // the connection broke
    kTimeout,  // no response by the deadline; the socket was shut down, as one may still come
    kNotSent,  // the deadline had already passed: nothing was sent, the connection is unchanged
  };
  Status status = Status::kOk;
  // Rows of the last statement that returns any; null if there is none.
  PgResultPtr rows;
  // Set for kRefused; "" if the server sent none.
  std::string sqlstate;
  // Empty for kOk.
  base::Explanation message;
};

// Requires an idle connection in blocking mode. It is idle again afterwards, but unusable after
// kLost and kTimeout. A stopped `stop` is treated as a deadline that has passed.
QueryResult Query(PGconn* connection, const char* sql, base::TimePoint deadline,
                  const std::stop_token& stop = {});

// The parts of Query(), for callers that process results one by one.

// Returns kOk once libpq has a result that can be fetched without blocking.
QueryResult::Status AwaitResult(PGconn* connection, SocketWait& wait);
// Returns a result of status kTimeout (after shutting down the socket), kLost or kNotSent. `wait`
// is the one used for the response, if any.
QueryResult Broken(PGconn* connection, QueryResult::Status status,
                   const SocketWait* wait = nullptr);
// Sets `result` to the error in `from`: kRefused, or kLost if it is not an error from the server.
// Throws base::LocalFailure if libpq had no memory for a result.
void TakeError(const PGresult* from, QueryResult& result);

// The value at row 0, column `column`; "" for NULL, and if there is no such row or column.
std::string Value(const QueryResult& result, int column);

}  // namespace scidex::postgres
