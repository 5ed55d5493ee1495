// Turns the catalog and a snapshot into prometheus-cpp's metric families.
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

// The metrics of Part::kProcess that `snapshot` has no number for.
std::vector<std::string> UnknownOfProcess(const Snapshot& snapshot);

// The families of one part of the catalog; without those of the process that the kernel does not
// tell at the start.
//
// Thread safe, and without a lock: Collect() takes one snapshot, then works on that alone. Names,
// help, labels and their text are made once; a scrape sets numbers.
class Collector final : public prometheus::Collectable {
 public:
  // Called from any thread, several at once. Need fill only what `part` shows.
  using Source = std::function<Snapshot()>;

  // Calls `source` once, for the labels' values that only it knows.
  Collector(Part part, Source source);

  // Throws what the source throws.
  std::vector<prometheus::MetricFamily> Collect() const override;
  // Appends what WriteText() would make of Collect(), without making the families. Throws what the
  // source throws.
  void AppendText(TextFormat format, std::string& out) const;
  // The same with a snapshot that is there already, whose labels have the same values.
  void AppendText(const Snapshot& snapshot, TextFormat format, std::string& out) const;

 private:
  // What Collect() returns, without numbers, and where the number of each series is.
  struct Numbers {
    const Family* family;
    std::vector<Labels> series;
  };

  const Source source_;
  std::vector<prometheus::MetricFamily> skeleton_;
  std::vector<Numbers> numbers_;
  // By TextFormat.
  std::vector<TextTemplate> templates_;
};

}  // namespace scidex::metrics
