// What a query asks of a session. Control knows no database: the composition root implements this.
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

// Takes the rows of one result while they come. The views hold until the call returns.
class RowSink {
 public:
  struct Column {
    std::string_view name;
    // Its values are the texts t and f.
    bool boolean = false;
    // The OID of its type.
    std::uint32_t type = 0;
  };

  virtual ~RowSink() = default;
  // Both return whether to go on: what follows is not read where they do not.
  virtual bool OnColumns(std::span<const Column> columns) = 0;
  // Empty for NULL. As many as there are columns.
  virtual bool OnRow(std::span<const std::optional<std::string_view>> values) = 0;
};

// How reading rows ended.
struct Reading {
  enum class Result {
    kWhole,         // every row was taken
    kCut,           // the sink wanted no more
    kNoRows,        // the statement is of a kind that has none, such as SET
    kRefused,       // the server answered with an error
    kWriteRefused,  // as it must: sessions are read-only
    kTimeout,       // not ended by the deadline
    kLost,          // the connection was broken
  };
  Result result = Result::kLost;
  // Empty if it ended well.
  base::Explanation message;
  // The session can be used again.
  bool reusable = false;
};

// Thread safe.
class RowReader {
 public:
  virtual ~RowReader() = default;
  // Runs one statement, never several, read-only and in a transaction of its own. The server is
  // told the deadline too, and ends the statement shortly before it, so that the session survives.
  virtual Reading Read(pool::Connection& connection, const std::string& sql,
                       base::TimePoint deadline, const std::stop_token& stop, RowSink& sink) = 0;
};

}  // namespace scidex::queries
