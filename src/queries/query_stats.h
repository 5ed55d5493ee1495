// What is known of the queries: their results, and what they cost.
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
  kQueueFull,       // the pool had max_waiters already
  kTimeout,         // not ended within the timeout
  kLost,            // the connection was broken
  kRefused,         // the server answered with an error
  kWriteRefused,    // it tried to write
  kNoRows,          // a statement of a kind that has none
  kBadColumn,       // a column is missing or there twice
  kBadValue,        // no number, or none that the metric can have
  kBadLabel,        // too long
  kDuplicate,       // two rows with the same labels
};

// What a query does at the moment.
enum class QueryActivity {
  kIdle,
  kWaiting,  // for a connection
  kRunning,  // with it
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

// What one run found. Does not change once it is there.
struct QueryResult {
  struct Row {
    // In the order of QueryOptions::labels.
    std::vector<std::string> labels;
    // In the order of QueryOptions::values; empty where there is no series.
    std::vector<std::optional<double>> values;
  };
  std::vector<Row> rows;
  // Series over the bound; at least so many, if not all was read.
  std::uint64_t dropped = 0;
};

// Of one query.
struct QueryStats {
  std::shared_ptr<const QueryOptions> options;
  // Null where nothing is to be shown.
  std::shared_ptr<const QueryResult> result;

  QueryActivity activity = QueryActivity::kIdle;
  std::uint64_t runs = 0;
  // Runs that were due while the one before had not ended.
  std::uint64_t missed = 0;
  base::EnumArray<QueryError, std::uint64_t> errors;
  // Why the latest run failed; empty if it did not.
  std::optional<QueryError> latest_error;
  // For people; empty if it did not fail.
  std::string latest_message;
  // Over all runs.
  std::uint64_t dropped_series = 0;
  // Epoch (0) while there was none.
  base::WallTime last_run{};
  base::WallTime last_success{};
  // Of the latest run: all of it.
  base::Duration duration{0};
  // Over all runs: for a connection, and with it.
  base::Duration waited{0};
  base::Duration used{0};
  // Of the latest result, shown or not.
  std::uint64_t rows = 0;
  std::uint64_t dropped = 0;
};

// In the order of the configuration.
using QueriesStats = std::vector<QueryStats>;

}  // namespace scidex::queries
