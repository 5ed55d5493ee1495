// The minimum cost of any pool, and the unit of all other costs, so that they can be compared
// between machines.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <mutex>

namespace scidex::bench {

// Locks and unlocks a mutex, and reads the clock twice.
inline void Floor(std::mutex& mutex) {
  benchmark::DoNotOptimize(std::chrono::steady_clock::now());
  {
    const std::lock_guard lock(mutex);
    benchmark::ClobberMemory();
  }
  benchmark::DoNotOptimize(std::chrono::steady_clock::now());
}

}  // namespace scidex::bench
