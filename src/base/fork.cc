#include "base/fork.h"

#include <pthread.h>

namespace scidex::base::internal {

std::atomic<std::uint32_t> fork_generation{0};

namespace {

[[maybe_unused]] const int registered = pthread_atfork(
    nullptr, nullptr, [] { fork_generation.fetch_add(1, std::memory_order_relaxed); });

}  // namespace
}  // namespace scidex::base::internal
