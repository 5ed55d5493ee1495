// The collectors of this exporter, and where each has its numbers from.
#pragma once

#include <functional>

#include "control/probe_stats.h"
#include "metrics/exposition.h"
#include "metrics/process.h"
#include "metrics/snapshot.h"
#include "routing/stats.h"

namespace scidex::metrics {

// Each is called once a scrape, from any thread, several at once, and must not wait for a server.
struct Sources {
  std::function<routing::PoolsStats()> pools;
  std::function<control::ControlStats()> control;
  std::function<ExporterStats()> exporter;
  // Empty: no collector of that name, for who is not scraped as a process.
  std::function<ProcessStats()> process = ReadProcess;
};

// Adds the collectors `pools` (pools and control), `queries`, `exporter` and `process`.
void AddCollectors(Exposition& exposition, const Sources& sources);

}  // namespace scidex::metrics
