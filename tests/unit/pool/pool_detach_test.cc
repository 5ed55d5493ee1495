#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

using PoolDetach = PoolTest;

TEST_F(PoolDetach, ADetachedConnectionLeavesTheSizeAndBelongsToItsTaker) {
  options_.max_size = 1;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  FakeSession& session = SessionOf(lease);
  const std::unique_ptr<Connection> taken = lease.Detach();
  EXPECT_FALSE(lease);
  EXPECT_EQ(pool.Stats().size, 0U);
  EXPECT_TRUE(session.open());
  EXPECT_TRUE(taken->IsAlive(Connection::LivenessCheck::kKernel));
  static_cast<void>(pool.Acquire());
  EXPECT_EQ(connector_->connects(), 2U);
}

TEST_F(PoolDetach, MakesRoomForAWaiter) {
  options_.max_size = 1;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  const std::unique_ptr<Connection> taken = lease.Detach();
  EXPECT_TRUE(client.Get());
}

TEST_F(PoolDetach, CountsAsAUseAndNotAsAnEviction) {
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  lease.Detach();
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(Sum(stats.evictions), 0U);
  EXPECT_EQ(stats.use.total(), 1U);
}

TEST_F(PoolDetach, DetachedConnectionOutlivesThePoolAndReportsNothingToIt) {
  Open();
  Lease lease = pool_->Acquire();
  FakeSession& session = SessionOf(lease);
  const std::unique_ptr<Connection> taken = lease.Detach();
  pool_.reset();
  EXPECT_TRUE(session.open());
  EXPECT_EQ(session.observer(), nullptr);
}

TEST_F(PoolDetach, TheLastLeaseOfAClosedPoolCanBeDetached) {
  Open();
  Lease lease = pool_->Acquire();
  pool_.reset();
  EXPECT_NE(lease.Detach(), nullptr);
}

TEST_F(PoolDetach, AnEmptyLeaseHasNothingToDetach) {
  Lease empty;
  EXPECT_EQ(empty.Detach(), nullptr);
}

}  // namespace
}  // namespace scidex::pool
