// Converts the rows of a query's result to series, and rejects results that have no valid meaning.
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

// Maximum length of a label value in bytes.
inline constexpr std::size_t kMaxLabelLength = 1024;
// After this many series above max_series have been counted, the rest of the result is not read.
inline constexpr std::size_t kCountedOverBound = 10'000;

// Converts rows to series by these rules:
//
//   - A NULL value produces no series. A NULL label becomes the empty string, which Prometheus
//     treats as a missing label.
//   - Numbers, NaN and infinities are values; true is 1 and false is 0. The result fails if a text
//     is not a number, a number does not fit in a double, or a counter is not finite and >= 0.
//   - The result fails if two rows have the same labels: it is unknown which of them is right.
//   - Invalid UTF-8 in a label is replaced with U+FFFD. The result fails if a label is longer than
//     kMaxLabelLength.
//   - The result fails if a column is missing or occurs twice; other columns are ignored.
//   - The first max_series series are kept; further ones are dropped and counted.
//
// Used by one thread. `options` must outlive this.
class QueryResultBuilder final : public RowSink {
 public:
  explicit QueryResultBuilder(const QueryOptions& options) : options_(options) {}

  bool OnColumns(std::span<const Column> columns) override;
  bool OnRow(std::span<const std::optional<std::string_view>> values) override;

  // Why the rows do not form a valid result.
  struct Failure {
    QueryError error = QueryError::kBadColumn;
    // For humans. Never contains a value of a row.
    std::string message;
  };
  const std::optional<Failure>& failure() const { return failure_; }
  // May be called once, if there was no failure.
  QueryResult Take() { return std::move(result_); }

 private:
  bool Fail(QueryError error, std::string message);
  std::optional<std::size_t> Find(std::span<const Column> columns, const std::string& name);
  std::optional<double> ToNumber(const QueryValue& value, std::string_view text, bool boolean);

  const QueryOptions& options_;
  // Index of each label and of each value in a row.
  std::vector<std::size_t> labels_;
  std::vector<std::size_t> values_;
  std::vector<bool> boolean_;
  // The labels of all accepted rows, each row's as one string.
  std::unordered_set<std::string> seen_;
  std::size_t series_ = 0;
  QueryResult result_;
  std::optional<Failure> failure_;
};

}  // namespace scidex::queries
