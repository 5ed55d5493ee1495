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

// A member of an object that must not be used in a child of fork(). Thread safe, except assignment,
// which makes this process the creator.
class ForkCheck {
 public:
  // Whether this process is a child of the one that created the object.
  bool Forked() const { return ForkGeneration() != generation_; }

 private:
  std::uint32_t generation_ = ForkGeneration();
};

}  // namespace scidex::base
