// The rows of a query's result as series: what each value means, and what has no meaning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "queries/options.h"
#include "queries/query_stats.h"
#include "queries/row_reader.h"

namespace scidex::queries {

// A label value may be so long, in bytes.
inline constexpr std::size_t kMaxLabelLength = 1024;
// So many series over the bound are counted before the rest is left unread.
inline constexpr std::size_t kCountedOverBound = 10'000;

// Makes series of rows, under these rules:
//   - A NULL value has no series; a NULL label is the empty text, which is no label to Prometheus.
//   - Numbers, NaN and infinities are values; true is 1 and false 0. Text that is no number fails
//   the
//     result, and so does a number that a double cannot hold, or a counter that is not a finite
//     number from 0 on.
//   - Rows with the same labels fail the result: which of them is right is unknown.
//   - A label that is not UTF-8 has U+FFFD where it is not; one longer than kMaxLabelLength fails
//   the
//     result.
//   - A column that is not there, or there twice, fails the result; further columns are ignored.
//   - Of more than max_series the first ones are taken, the others dropped and counted.
//
// Used by one thread. `options` outlives it.
class QueryResultBuilder final : public RowSink {
 public:
  explicit QueryResultBuilder(const QueryOptions& options) : options_(options) {}

  bool OnColumns(std::span<const Column> columns) override;
  bool OnRow(std::span<const std::optional<std::string_view>> values) override;

  // Why what was read is no result.
  struct Failure {
    QueryError error = QueryError::kBadColumn;
    // For people. Never holds a value.
    std::string message;
  };
  const std::optional<Failure>& failure() const { return failure_; }
  // To be called once, where there was no failure.
  QueryResult Take() { return std::move(result_); }

 private:
  bool Fail(QueryError error, std::string message);
  std::optional<std::size_t> Find(std::span<const Column> columns, const std::string& name);
  std::optional<double> ToNumber(const QueryValue& value, std::string_view text, bool boolean);

  const QueryOptions& options_;
  // Where in a row each label and each value is.
  std::vector<std::size_t> labels_;
  std::vector<std::size_t> values_;
  std::vector<bool> boolean_;
  // The labels of all rows taken, each row's as one text.
  std::unordered_set<std::string> seen_;
  std::size_t series_ = 0;
  QueryResult result_;
  std::optional<Failure> failure_;
};

}  // namespace scidex::queries
