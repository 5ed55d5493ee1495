// What no pool can do without: the unit in which costs are told, so that they can be compared
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
    const std::lock_guard lock(mutex);
    benchmark::ClobberMemory();
  }
  benchmark::DoNotOptimize(std::chrono::steady_clock::now());
}

}  // namespace scidex::bench
