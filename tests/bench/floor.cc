#include "bench/floor.h"

#include <algorithm>
#include <limits>

namespace scidex::bench {
namespace {

double Measure() {
  constexpr int kRounds = 20;
  constexpr int kRepeats = 100'000;
  std::mutex mutex;
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRepeats; ++i) Floor(mutex);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / kRepeats);
  }
  return best;
}

void BM_Floor(benchmark::State& state) {
  std::mutex mutex;
  const InFloors in_floors(state);
  for (auto _ : state) Floor(mutex);
}
BENCHMARK(BM_Floor);

// What an acquire and a release cannot do without, together.
void BM_TwoLocksAndTwoClocks(benchmark::State& state) {
  std::mutex mutex;
  const InFloors in_floors(state);
  for (auto _ : state) {
    Floor(mutex);
    std::lock_guard lock(mutex);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_TwoLocksAndTwoClocks);

}  // namespace

double FloorNanoseconds() {
  static const double nanoseconds = Measure();
  return nanoseconds;
}

}  // namespace scidex::bench

BENCHMARK_MAIN();
