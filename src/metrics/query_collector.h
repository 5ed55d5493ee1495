// The series of queries: their costs, from the catalog, and their results.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "metrics/collector.h"
#include "metrics/text_exposition.h"
#include "queries/query_stats.h"

namespace scidex::metrics {

// Thread-safe. Holds its lock during lookups, not during serialisation.
class QueryCollector {
 public:
  // Copies the text of results that have not changed.
  void AppendText(const Snapshot& snapshot, TextFormat format, std::string& out);

 private:
  // The text of one result.
  struct Text {
    std::shared_ptr<const queries::QueryResult> result;
    // Indexed by TextFormat.
    std::array<std::string, 2> texts;
  };
  using Texts = std::map<std::string, std::shared_ptr<const Text>>;

  std::shared_ptr<const Collector> CostsOf(const queries::QueriesStats& stats);
  Texts TextsOf(const queries::QueriesStats& stats);

  base::Mutex mutex_;
  // The queries of costs_.
  std::vector<std::string> names_ SCIDEX_GUARDED_BY(mutex_);
  std::shared_ptr<const Collector> costs_ SCIDEX_GUARDED_BY(mutex_);
  Texts texts_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::metrics
