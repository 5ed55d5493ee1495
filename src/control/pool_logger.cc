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

PoolLogger::PoolLogger(const PoolLoggerOptions& options, base::Scheduler& scheduler, Source source)
    : options_(options),
      clock_(scheduler.clock()),
      source_(std::move(source)),
      task_(scheduler, base::TaskKind::kPoolLogger, [this](const std::stop_token&) {
        LogPools(source_());
        return base::Add(clock_.Now(), options_.interval);
      }) {}

bool PoolLogger::Start() noexcept {
  if (started_.exchange(true)) return false;
  task_.Start(base::Add(clock_.Now(), options_.interval));
  return true;
}

}  // namespace scidex::control
