// How long sixty-four threads wait for one of eight connections that each of them holds for a
// millisecond, and how evenly they are served.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "bench/bare_pool.h"
#include "bench/peers.h"

namespace scidex::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kThreads = 64;
constexpr auto kHold = std::chrono::milliseconds(1);
constexpr auto kRun = std::chrono::seconds(2);

void Report(benchmark::State& state, const std::vector<std::vector<double>>& waits) {
  std::vector<double> all;
  std::size_t least = waits.front().size();
  std::size_t most = 0;
  for (const auto& one : waits) {
    all.insert(all.end(), one.begin(), one.end());
    least = std::min(least, one.size());
    most = std::max(most, one.size());
  }
  std::sort(all.begin(), all.end());
  const double mean = static_cast<double>(all.size()) / static_cast<double>(waits.size());
  state.counters["p50_ms"] = all[all.size() / 2];
  state.counters["p99_ms"] = all[all.size() * 99 / 100];
  state.counters["max_ms"] = all.back();
  state.counters["least_served"] = static_cast<double>(least) / mean;
  state.counters["most_served"] = static_cast<double>(most) / mean;
}

// `use` calls back once it holds a connection.
template <typename Use>
void MeasureWaits(benchmark::State& state, Use use) {
  for (auto _ : state) {
    std::vector<std::vector<double>> waits(kThreads);
    std::atomic<bool> over{false};
    std::vector<std::thread> threads;
    for (auto& mine : waits) {
      threads.emplace_back([&mine, &over, &use] {
        while (!over) {
          const auto start = steady_clock::now();
          use([&] {
            mine.push_back(
                std::chrono::duration<double, std::milli>(steady_clock::now() - start).count());
            std::this_thread::sleep_for(kHold);
          });
        }
      });
    }
    std::this_thread::sleep_for(kRun);
    over = true;
    for (std::thread& thread : threads) thread.join();
    Report(state, waits);
  }
}

void BM_WaitPool(benchmark::State& state) {
  BarePool pool(8, HandoffOf(state.range(0)));
  MeasureWaits(state, [&pool](const auto& hold) {
    const pool::Lease lease = pool->Acquire();
    hold();
  });
  ReportHandoff(state, pool->Stats());
}
BENCHMARK(BM_WaitPool)
    ->ArgName("handoff_ms")
    ->Arg(kAuto)
    ->Arg(0)
    ->Arg(1)
    ->Arg(5)
    ->Arg(20)
    ->Iterations(1);

template <typename Peer>
void BM_WaitPeer(benchmark::State& state) {
  Peer pool(8);
  MeasureWaits(state, [&pool](const auto& hold) {
    const std::size_t place = pool.Acquire();
    hold();
    pool.Release(place);
  });
}
BENCHMARK_TEMPLATE(BM_WaitPeer, NaivePool)->Iterations(1);
BENCHMARK_TEMPLATE(BM_WaitPeer, SociPool)->Iterations(1);

}  // namespace
}  // namespace scidex::bench
