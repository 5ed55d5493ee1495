#include "control/pool_logger.h"

#include <string>
#include <utility>

#include "base/log.h"

namespace scidex::control {
namespace {

std::string Of(std::size_t current, std::size_t limit) {
  return std::to_string(current) + "/" + std::to_string(limit);
}

}  // namespace

void LogPools(const routing::PoolsStats& stats) {
  for (const std::optional<pool::PoolStats>& pool : stats.pools) {
    if (!pool) continue;
    base::LogInfo("pool", {{"pool", pool->name},
                           {"size", Of(pool->size, pool->max_size)},
                           {"in_use", Of(pool->in_use, pool->max_size)},
                           {"idle", Of(pool->idle, pool->size)},
                           {"waiters", Of(pool->waiters, pool->max_waiters)},
                           {"timeouts", pool->acquires[pool::AcquireOutcome::kTimeout]},
                           {"reads_go_to", base::Name(stats.route.route)},
                           {"reason", base::Name(stats.route.reason)}});
  }
}

PoolLogger::PoolLogger(const PoolLoggerOptions& options, base::Clock& clock, Source source)
    : options_(options), clock_(clock), source_(std::move(source)) {}

bool PoolLogger::Start() {
  base::MutexLock lock(mutex_);
  if (task_) return false;
  task_ = std::make_unique<base::PeriodicTask>(clock_, "pool-logger",
                                               base::Add(clock_.Now(), options_.interval),
                                               [this](const std::stop_token&) {
                                                 LogPools(source_());
                                                 return base::Add(clock_.Now(), options_.interval);
                                               });
  return true;
}

}  // namespace scidex::control
