// What the pool itself costs: its connections lead nowhere and do nothing.

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "bench/floor.h"
#include "pool/pool.h"

namespace scidex::bench {
namespace {

class NoConnection final : public pool::Connection {
 public:
  bool IsAlive() noexcept override { return true; }
  pool::Prepared Prepare(base::TimePoint /*deadline*/,
                         const base::CallSite& /*borrower*/) noexcept override {
    return {};
  }
  bool Recycle(base::Duration /*within*/) noexcept override { return true; }
  void Observe(pool::SessionObserver* /*observer*/) noexcept override {}
};

class InstantConnector final : public pool::Connector {
 public:
  pool::ConnectResult Connect(base::TimePoint /*deadline*/,
                              const std::stop_token& /*stop*/) noexcept override {
    return {pool::ConnectOutcome::kOk, std::make_unique<NoConnection>(), ""};
  }
};

// A pool of eight connections, all of them open.
class Bench {
 public:
  explicit Bench(base::Duration handoff_after) {
    pool::PoolOptions options;
    options.max_size = 8;
    options.max_waiters = 10'000;
    options.acquire_timeout = std::chrono::minutes(10);
    options.handoff_after = handoff_after;
    pool_.emplace("bench", options,
                  pool::Pool::Dependencies{std::make_shared<InstantConnector>(), executor_});
    std::vector<pool::Lease> leases;
    while (leases.size() < options.max_size) leases.push_back(pool_->Acquire());
  }

  pool::Pool& pool() { return *pool_; }

 private:
  base::Executor executor_{"connect", 1};
  std::optional<pool::Pool> pool_;
};

// The threads of a benchmark share it: the first makes it before and destroys it after the loop,
// at both ends of which all of them meet.
std::unique_ptr<Bench> shared;

void BM_AcquireRelease(benchmark::State& state) {
  FloorNanoseconds();
  if (state.thread_index() == 0) {
    shared = std::make_unique<Bench>(std::chrono::milliseconds(state.range(0)));
  }
  std::optional<InFloors> in_floors;
  for (auto _ : state) {
    if (!in_floors) in_floors.emplace(state);
    const pool::Lease lease = shared->pool().Acquire();
    benchmark::DoNotOptimize(&lease.connection());
  }
  in_floors.reset();
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
  if (state.thread_index() == 0) shared.reset();
}
// The argument is handoff_after in milliseconds: 0 is strict order.
BENCHMARK(BM_AcquireRelease)->ArgName("handoff_ms")->Arg(5)->UseRealTime();
BENCHMARK(BM_AcquireRelease)
    ->ArgName("handoff_ms")
    ->ArgsProduct({{0, 1, 5, 20}})
    ->Threads(2)
    ->Threads(8)
    ->Threads(64)
    ->UseRealTime();

// The argument is the number of waiters.
void BM_Snapshot(benchmark::State& state) {
  Bench bench(std::chrono::milliseconds(5));
  std::vector<pool::Lease> leases;
  for (int i = 0; i < 8; ++i) leases.push_back(bench.pool().Acquire());
  const auto waiters = static_cast<std::size_t>(state.range(0));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < waiters; ++i) {
    threads.emplace_back([&bench] { bench.pool().Acquire(); });
  }
  while (bench.pool().Stats().waiters < waiters) std::this_thread::yield();
  {
    const InFloors in_floors(state);
    for (auto _ : state) benchmark::DoNotOptimize(bench.pool().Stats());
  }
  leases.clear();
  for (std::thread& thread : threads) thread.join();
}
BENCHMARK(BM_Snapshot)->ArgName("waiters")->Arg(0)->Arg(10)->Arg(500);

}  // namespace
}  // namespace scidex::bench
