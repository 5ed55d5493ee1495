// The one table of metrics: what is exposed, what it is called, what it means, and where in a
// snapshot its numbers are. The table of docs/metrics.md, the dashboards, the alerts and the tests
// are checked against it.
//
// To add a metric, add a row.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "metrics/snapshot.h"
#include "pool/histogram.h"

namespace scidex::metrics {

enum class Type { kCounter, kGauge, kHistogram };

// Which collector a family belongs to: what fails together.
enum class Part {
  kPools,       // pools, route and probes
  kServers,     // which servers the pools are on: their labels change while the process runs
  kExporter,    // what other layers count
  kQueries,     // the queries: those that are configured have series
  kProcess,     // what the kernel says
  kExposition,  // what Exposition counts of itself
};

// A label and its values: a closed set, all of which exist from the start.
struct Dimension {
  std::string_view label;
  // The values are those from `first` on.
  std::span<const std::string_view> names{};
  std::size_t first = 0;
  // Where set, the values are known only when the process runs: all those of any one snapshot.
  std::vector<std::string> (*given)(const Snapshot&) = nullptr;

  std::vector<std::string> Values(const Snapshot& snapshot) const;
};

inline constexpr std::size_t kMaxDimensions = 4;

// The labels of one series: for each dimension of its family the index of the value, counted from
// the first of Dimension::names.
class Labels {
 public:
  std::size_t& operator[](std::size_t dimension) { return index_[dimension]; }
  std::size_t operator[](std::size_t dimension) const { return index_[dimension]; }
  template <typename E>
  E As(std::size_t dimension) const {
    return static_cast<E>(index_[dimension]);
  }

 private:
  std::array<std::size_t, kMaxDimensions> index_{};
};

using Number = double (*)(const Snapshot&, const Labels&);
using Distribution = const pool::Histogram& (*)(const Snapshot&, const Labels&);

struct Family {
  Part part;
  std::string_view name;
  Type type;
  // "seconds", "bytes", or nothing for counts and states.
  std::string_view unit;
  std::string_view help;
  std::variant<Number, Distribution> value;
  std::array<Dimension, kMaxDimensions> dimensions{};
  // Series whose last two labels have the same value do not exist.
  bool differing = false;
  // Where set, there is one series for each of these, which are the values of all labels, instead
  // of one for each combination.
  std::vector<std::vector<std::string>> (*rows)(const Snapshot&) = nullptr;

  // Those in use.
  std::span<const Dimension> Dimensions() const;
};

std::span<const Family> Catalog();

// The table as docs/metrics.md has it, with a line feed at its end.
std::string CatalogAsMarkdown();

}  // namespace scidex::metrics
