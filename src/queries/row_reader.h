// The interface through which queries read rows from a session. This layer is independent of any
// database: the layer that talks to PostgreSQL implements it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/explanation.h"
#include "base/time.h"
#include "pool/connection.h"

namespace scidex::queries {

// Receives the rows of one result as they arrive. The views are valid until the call returns.
class RowSink {
 public:
  struct Column {
    std::string_view name;
    // The values are the texts "t" and "f".
    bool boolean = false;
    // The OID of the column's type.
    std::uint32_t type = 0;
  };

  virtual ~RowSink() = default;
  // Both functions return whether to continue; if false, the rest of the result is not read.
  virtual bool OnColumns(std::span<const Column> columns) = 0;
  // NULL is an empty optional. One value per column.
  virtual bool OnRow(std::span<const std::optional<std::string_view>> values) = 0;
};

// How reading ended.
struct Reading {
  enum class Result {
    kWhole,         // all rows were read
    kCut,           // the sink requested no more rows
    kNoRows,        // the statement returns no rows, for example SET
    kRefused,       // the server answered with an error
    kWriteRefused,  // the statement tried to write, but sessions are read-only
    kTimeout,       // not finished by the deadline
    kLost,          // the connection broke
  };
  Result result = Result::kLost;
  // Empty on success.
  base::Explanation message;
  // Whether the session can be used again.
  bool reusable = false;
};

// Thread-safe.
class RowReader {
 public:
  virtual ~RowReader() = default;
  // Runs exactly one statement, in a read-only transaction of its own. The server gets the deadline
  // too, and ends the statement shortly before it, so that the session survives.
  virtual Reading Read(pool::Connection& connection, const std::string& sql,
                       base::TimePoint deadline, const std::stop_token& stop, RowSink& sink) = 0;
};

}  // namespace scidex::queries
