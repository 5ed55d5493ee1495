// Distinguishes a child of fork() from the process that created an object: threads, locks and
// sockets do not survive a fork.
#pragma once

#include <atomic>
#include <cstdint>

namespace scidex::base {

namespace internal {
extern std::atomic<std::uint32_t> fork_generation;
}  // namespace internal

// 0 in the original process, incremented in each generation of children. Costs one relaxed load.
inline std::uint32_t ForkGeneration() {
  return internal::fork_generation.load(std::memory_order_relaxed);
}

}  // namespace scidex::base
