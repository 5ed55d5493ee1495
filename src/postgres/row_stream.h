// The rows of one statement, one by one, however many there are.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/explanation.h"
#include "base/time.h"
#include "postgres/session.h"

namespace scidex::postgres {

struct RowStreamResult {
  enum class Status {
    kWhole,
    kCut,      // a callback wanted no more
    kNoRows,   // the statement is of a kind that has none, such as SET
    kRefused,  // the server answered with an error: message says which
    kLost,     // the connection broke
    kTimeout,  // not ended by the deadline
  };
  Status status = Status::kLost;
  std::string sqlstate;
  base::Explanation message;
  // Otherwise the session is beyond use.
  bool reusable = false;
};

struct ColumnInfo {
  std::string_view name;
  Oid type = 0;
};

// Both return whether to go on. What they are given holds until they return.
struct RowCallbacks {
  std::function<bool(std::span<const ColumnInfo>)> on_columns;
  // Empty for NULL.
  std::function<bool(std::span<const std::optional<std::string_view>>)> on_row;
};

// So many rows that nobody wants are read and thrown away, so that the session can be used again;
// what has more is shut down.
inline constexpr int kDiscardedRows = 1000;

// Runs one statement in a READ ONLY transaction, which it leaves to the session's release: that
// commits it if all went well, by the rules of session.h. Several statements in `sql` are refused
// by the server, so that nothing can lift READ ONLY and then write. statement_timeout ends the
// statement when nine tenths of the time until `deadline` are over; a server that does not heed it
// is left at the deadline, but not before half a second after that. Text comes as UTF-8, but from a
// database without an encoding (SQL_ASCII) as the bytes that there are.
//
// Requires a session as it is acquired. A stopped `stop` is a deadline that has come.
RowStreamResult StreamRows(Session& session, const std::string& sql, base::TimePoint deadline,
                           const std::stop_token& stop, const RowCallbacks& callbacks);

}  // namespace scidex::postgres
