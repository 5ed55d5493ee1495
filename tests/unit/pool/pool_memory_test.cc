// What an acquire counts when memory is exhausted.
#include <new>

#include "support/no_memory.h"
#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

void AcquireWithoutMemory(Pool& pool) {
  const test::NoMemory none;
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
