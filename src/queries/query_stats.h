// The statistics of queries: their results and their costs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum.h"
#include "base/time.h"
#include "queries/options.h"

namespace scidex::queries {

// Why a run failed.
enum class QueryError {
  kNoRoute,         // reads are refused, or there is no such pool
  kAcquireTimeout,  // no connection within the timeout
  kQueueFull,       // the pool already had max_waiters waiters
  kTimeout,         // not finished within the timeout
  kLost,            // the connection broke
  kRefused,         // the server answered with an error
  kWriteRefused,    // the query tried to write
  kNoRows,          // the statement does not return rows
  kBadColumn,       // a column is missing or occurs twice
  kBadValue,        // not a number, or not valid for the metric
  kBadLabel,        // too long
  kDuplicate,       // two rows with the same labels
};

// Whether the run failed for lack of a connection, of which the query itself is not the cause.
constexpr bool LacksConnection(QueryError error) {
  return error == QueryError::kNoRoute || error == QueryError::kAcquireTimeout ||
         error == QueryError::kQueueFull || error == QueryError::kLost;
}

// What a query is currently doing.
enum class QueryActivity {
  kIdle,
  kWaiting,  // for a connection
  kRunning,  // with a connection
};

}  // namespace scidex::queries

template <>
struct scidex::base::EnumNames<scidex::queries::QueryActivity> {
  static constexpr std::array<std::string_view, 3> kNames{"idle", "waiting", "running"};
};
template <>
struct scidex::base::EnumNames<scidex::queries::QueryError> {
  static constexpr std::array<std::string_view, 12> kNames{
      "no_route", "acquire_timeout", "queue_full", "timeout",   "lost",      "refused",
      "write",    "no_rows",         "bad_column", "bad_value", "bad_label", "duplicate"};
};

namespace scidex::queries {

// The result of one run. Immutable.
struct QueryResult {
  struct Row {
    // In the order of QueryOptions::labels.
    std::vector<std::string> labels;
    // In the order of QueryOptions::values; empty if there is no series.
    std::vector<std::optional<double>> values;
  };
  std::vector<Row> rows;
  // Number of series above max_series; a lower bound if not all rows were read.
  std::uint64_t dropped = 0;
};

// Statistics of one query.
struct QueryStats {
  std::shared_ptr<const QueryOptions> options;
  // Null if nothing is to be exported.
  std::shared_ptr<const QueryResult> result;

  QueryActivity activity = QueryActivity::kIdle;
  std::uint64_t runs = 0;
  // Runs that were skipped because the previous one had not ended, or this process was not running.
  std::uint64_t missed = 0;
  base::EnumArray<QueryError, std::uint64_t> errors;
  // Why the latest run failed; empty if it succeeded.
  std::optional<QueryError> latest_error;
  // For humans; empty if the latest run succeeded.
  std::string latest_message;
  // Over all runs.
  std::uint64_t dropped_series = 0;
  // By the machine's clock at that time; the Unix epoch if there was none.
  base::WallTime last_run{};
  base::WallTime last_success{};
  // Time since the latest successful run, which steps of the machine's clock do not affect; 0 if
  // there was none.
  base::Duration since_last_success{0};
  // Total duration of the latest run.
  base::Duration duration{0};
  // Over all runs: time waiting for a connection, and time using one.
  base::Duration waited{0};
  base::Duration used{0};
  // Number of rows in `result`; 0 if that is null.
  std::uint64_t rows = 0;
  // Of the latest result, exported or not.
  std::uint64_t dropped = 0;
};

// In the order of the configuration.
using QueriesStats = std::vector<QueryStats>;

}  // namespace scidex::queries
