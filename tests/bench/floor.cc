#include "bench/floor.h"

namespace scidex::bench {
namespace {

void BM_Mutex(benchmark::State& state) {
  std::mutex mutex;
  for (auto _ : state) {
    const std::lock_guard lock(mutex);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_Mutex);

void BM_Floor(benchmark::State& state) {
  std::mutex mutex;
  for (auto _ : state) Floor(mutex);
}
BENCHMARK(BM_Floor);

}  // namespace
}  // namespace scidex::bench

BENCHMARK_MAIN();
