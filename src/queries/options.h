// Options of an operator's SQL queries, whose rows become metrics. The values here are the
// defaults.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum.h"
#include "base/time.h"

namespace scidex::queries {

// The server on which a query runs; its session is always read-only.
enum class QueryFrom {
  kRoute,    // the server that has the route
  kPrimary,  // the primary, through the pool ro_fallthrough
};

// What is exported for a query whose latest run failed.
enum class QueryOnError {
  kDrop,      // nothing
  kKeepLast,  // its last result
};

enum class ValueType { kGauge, kCounter };

// Units that may end the name of a metric. https://prometheus.io/docs/practices/naming/#base-units
inline constexpr std::array<std::string_view, 9> kUnits{
    "seconds", "bytes", "ratio", "celsius", "meters", "volts", "amperes", "joules", "grams"};

// A column of a query's result that becomes a metric.
struct QueryValue {
  std::string column;
  // The name of the series. In OpenMetrics, a counter's name must end in _total.
  std::string metric;
  ValueType type = ValueType::kGauge;
  std::string help;

  friend bool operator==(const QueryValue&, const QueryValue&) = default;
};

// An SQL query whose rows become metrics. Nothing here is validated; names must be unique within an
// exposition.
struct QueryOptions {
  std::string name;
  std::string sql;
  QueryFrom from = QueryFrom::kRoute;
  base::Duration interval = std::chrono::seconds(15);
  // Timeout of one run, including the wait for a connection.
  base::Duration timeout = std::chrono::seconds(5);
  // Columns that become labels of the same name.
  std::vector<std::string> labels;
  std::vector<QueryValue> values;
  // Maximum number of series of one result; further series are dropped.
  std::size_t max_series = 1000;
  QueryOnError on_error = QueryOnError::kDrop;

  friend bool operator==(const QueryOptions&, const QueryOptions&) = default;
};

}  // namespace scidex::queries

template <>
struct scidex::base::EnumNames<scidex::queries::QueryFrom> {
  static constexpr std::array<std::string_view, 2> kNames{"route", "primary"};
};
template <>
struct scidex::base::EnumNames<scidex::queries::QueryOnError> {
  static constexpr std::array<std::string_view, 2> kNames{"drop", "keep_last"};
};
template <>
struct scidex::base::EnumNames<scidex::queries::ValueType> {
  static constexpr std::array<std::string_view, 2> kNames{"gauge", "counter"};
};
