// Writes the pools' numbers to the log at each interval: what there is to read when nothing
// scraped.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
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

  PoolLogger(const PoolLoggerOptions& options, base::Clock& clock, Source source);

  // Starts the thread, which writes first after one interval. Idempotent: true for the call that
  // started it.
  bool Start();

 private:
  const PoolLoggerOptions options_;
  base::Clock& clock_;
  const Source source_;
  base::Mutex mutex_;
  std::unique_ptr<base::PeriodicTask> task_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::control
