#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

using PoolSuspend = PoolTest;

TEST_F(PoolSuspend, HoldsAcquirersAndResumeLetsThemGoInTheirOrder) {
  Pool& pool = Open();
  AcquireMany(2);
  pool.Suspend();
  Client first(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  clock_.Advance(1ms);
  Client second(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 2));
  EXPECT_EQ(pool.Stats().idle, 2U);
  pool.Resume();
  EXPECT_TRUE(first.Get());
  EXPECT_TRUE(second.Get());
}

TEST_F(PoolSuspend, LeaseReleasedMeanwhileIsNotHandedOver) {
  options_.max_size = 1;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  pool.Suspend();
  lease.Release();
  EXPECT_EQ(pool.Stats().idle, 1U);
  EXPECT_EQ(pool.Stats().waiters, 1U);
  EXPECT_FALSE(pool.TryAcquire());
  pool.Resume();
  EXPECT_TRUE(client.Get());
}

TEST_F(PoolSuspend, DeadlinesGoOn) {
  Pool& pool = Open();
  pool.Suspend();
  Client client(pool, clock_.Now() + 1s);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  clock_.Advance(1s);
  EXPECT_THROW(static_cast<void>(client.Get()), AcquireTimeout);
}

TEST_F(PoolSuspend, CloseFailsWaiters) {
  Pool& pool = Open();
  pool.Suspend();
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  pool.Close();
  EXPECT_THROW(static_cast<void>(client.Get()), PoolClosed);
}

TEST_F(PoolSuspend, IsIdempotent) {
  Pool& pool = Open();
  pool.Suspend();
  pool.Suspend();
  pool.Resume();
  EXPECT_TRUE(pool.Acquire());
  pool.Resume();
  EXPECT_TRUE(pool.Acquire());
}

}  // namespace
}  // namespace scidex::pool
