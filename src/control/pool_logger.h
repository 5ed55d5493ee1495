// Writes the pools' numbers to the log at each interval: what there is to read when nothing
// scraped.
#pragma once

#include <atomic>
#include <functional>

#include "base/clock.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"
#include "control/options.h"
#include "routing/stats.h"

namespace scidex::control {

// One line for each pool that exists: its name first, then what there is of each limit
// ("size=3/10").
void LogPools(const routing::PoolsStats& stats);

// Thread safe.
class PoolLogger {
 public:
  using Source = std::function<routing::PoolsStats()>;

  // `scheduler` outlives the logger.
  PoolLogger(const PoolLoggerOptions& options, base::Scheduler& scheduler, Source source);

  // Writes first after one interval. Idempotent: true for the call that started it.
  bool Start() noexcept;

 private:
  const PoolLoggerOptions options_;
  base::Clock& clock_;
  const Source source_;
  std::atomic<bool> started_{false};
  base::PeriodicTask task_;
};

}  // namespace scidex::control
