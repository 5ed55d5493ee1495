// Logs the pools' statistics at each interval, for times when nothing was scraped.
#pragma once

#include <atomic>
#include <functional>

#include "base/clock.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"
#include "control/options.h"
#include "routing/stats.h"

namespace scidex::control {

// Logs one line per existing pool, with values relative to their limits ("size=3/10").
void LogPools(const routing::PoolsStats& stats);

// Thread-safe.
class PoolLogger {
 public:
  using Source = std::function<routing::PoolsStats()>;

  // `scheduler` must outlive the logger.
  PoolLogger(const PoolLoggerOptions& options, base::Scheduler& scheduler, Source source);

  // Logs for the first time after one interval. Idempotent: returns true for the call that started
  // it.
  bool Start() noexcept;

 private:
  const PoolLoggerOptions options_;
  base::Clock& clock_;
  const Source source_;
  std::atomic<bool> started_{false};
  base::PeriodicTask task_;
};

}  // namespace scidex::control
