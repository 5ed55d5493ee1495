// What an acquire counts when memory is exhausted. Replaces the allocation functions of the
// program.
#include <cstdlib>
#include <new>

#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

thread_local bool no_memory = false;

void* Allocate(std::size_t size) noexcept {
  return no_memory ? nullptr : std::malloc(size == 0 ? 1 : size);
}

// Allocations of this thread fail while it exists.
class NoMemory {
 public:
  NoMemory() { no_memory = true; }
  ~NoMemory() { no_memory = false; }
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
};

void AcquireWithoutMemory(Pool& pool) {
  const NoMemory none;
  static_cast<void>(pool.Acquire());
}

using PoolMemory = PoolTest;

TEST_F(PoolMemory, AnAcquireThatCannotQueueIsCountedAsAnError) {
  options_.max_size = 1;
  Pool& pool = Open();
  {
    const Lease lease = pool.Acquire();
    EXPECT_THROW(AcquireWithoutMemory(pool), std::bad_alloc);
  }
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.acquires[AcquireOutcome::kError], 1U);
  EXPECT_EQ(stats.requests, 2U);
  EXPECT_EQ(stats.waiters, 0U);
  EXPECT_TRUE(pool.Acquire());
}

TEST_F(PoolMemory, AFailureIsCountedThoughItsErrorCannotBeComposed) {
  options_.max_size = 1;
  options_.max_waiters = 1;
  Pool& pool = Open();
  const Lease lease = pool.Acquire();
  const Client waiter(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  EXPECT_THROW(AcquireWithoutMemory(pool), std::bad_alloc);
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.acquires[AcquireOutcome::kQueueFull], 1U);
  EXPECT_EQ(stats.requests, 3U);
}

}  // namespace
}  // namespace scidex::pool

// Not inlined, because gcc takes a delete that it has inlined for one that does not match its new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  void* const memory = scidex::pool::Allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return scidex::pool::Allocate(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
