// The collectors of this exporter, and where each has its numbers from.
#pragma once

#include <functional>

#include "database/stats.h"
#include "metrics/exposition.h"
#include "metrics/process.h"
#include "metrics/snapshot.h"

namespace scidex::metrics {

// Each is called once per scrape, from any thread, several at once, and must not wait for a server.
struct Sources {
  std::function<database::DatabaseStats()> database;
  std::function<ExporterStats()> exporter;
  // Empty: no collector of that name, for who is not scraped as a process.
  std::function<ProcessStats()> process = ReadProcess;
};

// Adds the collectors `pools` (all of a database but its queries), `servers`, `queries`, `exporter`
// and `process`.
void AddCollectors(Exposition& exposition, const Sources& sources);

}  // namespace scidex::metrics
