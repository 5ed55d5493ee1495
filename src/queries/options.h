// An operator's SQL whose rows become metrics. The values here are the defaults.
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

// Whose sessions a query runs on: always read-only ones.
enum class QueryFrom {
  kRoute,    // the server that has the route of reads
  kPrimary,  // the primary, by the pool ro_fallthrough
};

// What is shown of a query whose latest run failed.
enum class QueryOnError {
  kDrop,      // nothing
  kKeepLast,  // what it last found
};

enum class ValueType { kGauge, kCounter };

// The units that a metric's name can end with.
// https://prometheus.io/docs/practices/naming/#base-units
inline constexpr std::array<std::string_view, 9> kUnits{
    "seconds", "bytes", "ratio", "celsius", "meters", "volts", "amperes", "joules", "grams"};

// A column of a query's result that becomes a metric.
struct QueryValue {
  std::string column;
  // The name of the series. OpenMetrics knows a counter by its end, _total.
  std::string metric;
  ValueType type = ValueType::kGauge;
  std::string help;

  friend bool operator==(const QueryValue&, const QueryValue&) = default;
};

// SQL whose rows become metrics. Nothing here is checked: names are those of one exposition.
struct QueryOptions {
  std::string name;
  std::string sql;
  QueryFrom from = QueryFrom::kRoute;
  base::Duration interval = std::chrono::seconds(15);
  // For one run, its wait for a connection among it.
  base::Duration timeout = std::chrono::seconds(5);
  // Columns whose text becomes the label of their name.
  std::vector<std::string> labels;
  std::vector<QueryValue> values;
  // Series of one result; what is over it is dropped.
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
