// What no pool can do without: the unit in which its costs are told, so that they can be compared
// between machines.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <mutex>

namespace scidex::bench {

// One locking and unlocking of a mutex, and two readings of the clock.
inline void Floor(std::mutex& mutex) {
  benchmark::DoNotOptimize(std::chrono::steady_clock::now());
  {
    std::lock_guard lock(mutex);
    benchmark::ClobberMemory();
  }
  benchmark::DoNotOptimize(std::chrono::steady_clock::now());
}

// How long Floor() takes here, in nanoseconds; measured once.
double FloorNanoseconds();

// Counts what each iteration of a benchmark costs in units of Floor(): of wall-clock time, on each
// thread.
class InFloors {
 public:
  explicit InFloors(benchmark::State& state)
      : state_(state), floor_(FloorNanoseconds()), start_(std::chrono::steady_clock::now()) {}
  ~InFloors() {
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start_;
    state_.counters["floors"] =
        benchmark::Counter(took.count() / static_cast<double>(state_.iterations()) / floor_,
                           benchmark::Counter::kAvgThreads);
  }
  InFloors(const InFloors&) = delete;
  InFloors& operator=(const InFloors&) = delete;

 private:
  benchmark::State& state_;
  const double floor_;
  const std::chrono::steady_clock::time_point start_;
};

}  // namespace scidex::bench
