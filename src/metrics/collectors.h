// The collectors of this exporter and their sources.
#pragma once

#include <functional>

#include "database/stats.h"
#include "metrics/exposition.h"
#include "metrics/process.h"
#include "metrics/snapshot.h"

namespace scidex::metrics {

// Each is called once per scrape, concurrently from any thread, and must not wait for a server.
struct Sources {
  std::function<database::DatabaseStats()> database;
  std::function<ExporterStats()> exporter;
  // If empty, there is no collector `process`: for expositions that are not scraped.
  std::function<ProcessStats()> process = ReadProcess;
};

// Adds the collectors `pools` (everything about a database except its queries), `servers`,
// `queries`, `exporter` and `process`.
void AddCollectors(Exposition& exposition, const Sources& sources);

}  // namespace scidex::metrics
