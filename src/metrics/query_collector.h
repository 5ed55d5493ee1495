// The series of the queries: what each costs, from the catalog, and what it found.
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

// Thread safe. Holds its lock while it looks up what it knows, never while it serialises.
class QueryCollector {
 public:
  // Text of a result that has not changed is copied.
  void AppendText(const Snapshot& snapshot, TextFormat format, std::string& out);

 private:
  // Of one result.
  struct Text {
    std::shared_ptr<const queries::QueryResult> result;
    // By TextFormat.
    std::array<std::string, 2> texts;
  };
  using Texts = std::map<std::string, std::shared_ptr<const Text>>;

  std::shared_ptr<const Collector> CostsOf(const queries::QueriesStats& stats);
  Texts TextsOf(const queries::QueriesStats& stats);

  base::Mutex mutex_;
  // Of these queries.
  std::vector<std::string> names_ SCIDEX_GUARDED_BY(mutex_);
  std::shared_ptr<const Collector> costs_ SCIDEX_GUARDED_BY(mutex_);
  Texts texts_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::metrics
