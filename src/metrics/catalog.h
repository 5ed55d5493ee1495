// The catalog of metrics: names, types, labels, help texts, and where in a snapshot the numbers
// are. The table in docs/metrics.md, the dashboards, the alerts and the tests are checked against
// it.
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

// The collector of a family. Families of one collector fail together.
enum class Part {
  kPools,       // pools, route and probes
  kServers,     // the servers of the pools, whose labels change at runtime
  kExporter,    // counters of other layers
  kQueries,     // the configured queries
  kProcess,     // as reported by the kernel
  kExposition,  // counters of Exposition itself
};

// A label and its values: a closed set, for all of which series exist from the start.
struct Dimension {
  std::string_view label;
  // The values begin at `first`.
  std::span<const std::string_view> names{};
  std::size_t first = 0;
  // If set, returns the values, which are known only at runtime: the same ones for every snapshot
  // of a process.
  std::vector<std::string> (*given)(const Snapshot&) = nullptr;

  std::vector<std::string> Values(const Snapshot& snapshot) const;
};

inline constexpr std::size_t kMaxDimensions = 4;

// The labels of one series: for each dimension of its family, the index of the value in
// Dimension::names.
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
  // "seconds", "bytes", or empty for counts and states.
  std::string_view unit;
  std::string_view help;
  std::variant<Number, Distribution> value;
  std::array<Dimension, kMaxDimensions> dimensions{};
  // If true, there are no series whose last two labels have the same value.
  bool differing = false;
  // If set, there is one series for each of the returned rows of label values, instead of one for
  // each combination.
  std::vector<std::vector<std::string>> (*rows)(const Snapshot&) = nullptr;

  // The dimensions in use.
  std::span<const Dimension> Dimensions() const;
};

std::span<const Family> Catalog();

// The table of docs/metrics.md, including the final line feed.
std::string CatalogAsMarkdown();

}  // namespace scidex::metrics
