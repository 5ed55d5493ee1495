// A pool for benchmarks: all of its connections are open, and do nothing.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/scheduler.h"
#include "pool/pool.h"

namespace scidex::bench {

class NoConnection final : public pool::Connection {
 public:
  bool IsAlive(LivenessCheck /*check*/) noexcept override { return true; }
  pool::Prepared Prepare(base::TimePoint /*deadline*/, const pool::StopSources& /*stop*/,
                         const pool::Borrower& /*borrower*/) noexcept override {
    return {};
  }
  pool::Recycled Recycle(base::Duration /*within*/) noexcept override {
    return pool::Recycled::kClean;
  }
  void Observe(pool::SessionObserver* /*observer*/) noexcept override {}
};

class InstantConnector final : public pool::Connector {
 public:
  pool::ConnectResult Connect(base::TimePoint /*deadline*/,
                              const std::stop_token& /*stop*/) noexcept override {
    return {pool::ConnectOutcome::kOk, std::make_unique<NoConnection>(), {}};
  }
};

// The argument handoff_ms of a benchmark: kAuto leaves it to the pool.
inline constexpr std::int64_t kAuto = -1;
inline std::optional<base::Duration> HandoffOf(std::int64_t ms) {
  if (ms == kAuto) return std::nullopt;
  return std::chrono::milliseconds(ms);
}

// The queue is longer than any benchmark needs.
inline pool::PoolOptions UnboundedQueueOptions(std::size_t size,
                                               std::optional<base::Duration> handoff_after) {
  pool::PoolOptions options;
  options.max_size = size;
  options.min_idle = 0;
  options.max_waiters = 100'000;
  options.acquire_timeout = std::chrono::minutes(10);
  options.handoff_after = handoff_after;
  return options;
}

// The threshold at the end.
inline void ReportHandoff(benchmark::State& state, const pool::PoolStats& stats) {
  state.counters["handoff_ms"] = base::Seconds(stats.handoff_after) * 1000;
}

class BarePool {
 public:
  BarePool(std::size_t size, std::optional<base::Duration> handoff_after) {
    pool_.emplace("bench", UnboundedQueueOptions(size, handoff_after),
                  pool::Pool::Dependencies{std::make_shared<InstantConnector>(), scheduler_});
    std::vector<pool::Lease> leases;
    while (leases.size() < size) leases.push_back(pool_->Acquire());
  }

  pool::Pool& operator*() { return *pool_; }
  pool::Pool* operator->() { return &*pool_; }

 private:
  base::Scheduler scheduler_{base::RealClock()};
  std::optional<pool::Pool> pool_;
};

}  // namespace scidex::bench
