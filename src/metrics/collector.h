// Converts the catalog and a snapshot to prometheus-cpp's metric families.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "metrics/catalog.h"
#include "metrics/snapshot.h"
#include "metrics/text_template.h"

namespace scidex::metrics {

// The names of the Part::kProcess metrics for which `snapshot` has no number.
std::vector<std::string> UnknownOfProcess(const Snapshot& snapshot);

// The families of one part of the catalog, except process metrics that the kernel does not report
// at startup.
//
// Thread-safe, without a lock: Collect() takes one snapshot and works only on it. Names, help,
// labels and their text are created once; a scrape only sets numbers.
class Collector final : public prometheus::Collectable {
 public:
  // Called concurrently from any thread. Needs to fill only the members that `part` exports.
  using Source = std::function<Snapshot()>;

  // Calls `source` once, for label values that are known only at runtime.
  Collector(Part part, Source source);

  // Throws what `source` throws.
  std::vector<prometheus::MetricFamily> Collect() const override;
  // Appends the same text as WriteText() of Collect(), without creating the families. Throws what
  // `source` throws.
  void AppendText(TextFormat format, std::string& out) const;
  // As above, with a given snapshot, which must have the same label values.
  void AppendText(const Snapshot& snapshot, TextFormat format, std::string& out) const;

 private:
  // The places of the numbers in the skeleton_.
  struct Numbers {
    const Family* family;
    std::vector<Labels> series;
  };

  const Source source_;
  std::vector<prometheus::MetricFamily> skeleton_;
  std::vector<Numbers> numbers_;
  // Indexed by TextFormat.
  std::vector<TextTemplate> templates_;
};

}  // namespace scidex::metrics
