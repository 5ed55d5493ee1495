// What becomes of a connection that was meant for a waiter which gives up at that moment.
#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

class PoolGiveUp : public PoolTest {
 protected:
  // A pool whose only connection is lent, on the slow clock.
  Lease OpenAndLend() {
    options_.max_size = 1;
    return OpenSlow().Acquire();
  }
  std::unique_ptr<Client> Queue() {
    const std::size_t already = pool_->Stats().waiters;
    slow_clock_.Advance(1ns);
    auto client = std::make_unique<Client>(*pool_);
    EXPECT_TRUE(AwaitWaiters(*pool_, already + 1));
    return client;
  }
};

TEST_F(PoolGiveUp, WaiterCancelledAfterItsWakeUpLeavesTheConnectionToTheNext) {
  options_.handoff_after = 5ms;
  Lease lease = OpenAndLend();
  const auto first = Queue();
  const auto second = Queue();
  slow_clock_.Freeze();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  first->Cancel();
  slow_clock_.Thaw();
  EXPECT_THROW(static_cast<void>(first->Take()), AcquireCancelled);
  EXPECT_TRUE(second->Take());
  EXPECT_EQ(connector_->connects(), 1U);
}

TEST_F(PoolGiveUp, WaiterCancelledAfterAHandoffHasOnlyTheOutcomeCancelled) {
  Lease lease = OpenAndLend();
  const auto client = Queue();
  slow_clock_.Freeze();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  client->Cancel();
  slow_clock_.Thaw();
  EXPECT_THROW(static_cast<void>(client->Take()), AcquireCancelled);
  const PoolStats stats = pool_->Stats();
  EXPECT_EQ(stats.requests, 2U);
  EXPECT_EQ(Sum(stats.acquires), 2U);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kCancelled], 1U);
  EXPECT_EQ(stats.acquire_wait.total(), 2U);
}

TEST_F(PoolGiveUp, WaiterWhoseDeadlinePassesJustAfterAHandoffIsServed) {
  Lease lease = OpenAndLend();
  const auto client = Queue();
  slow_clock_.Freeze();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  slow_clock_.Advance(options_.acquire_timeout);
  slow_clock_.Thaw();
  EXPECT_TRUE(client->Take());
  EXPECT_EQ(pool_->Stats().acquires[AcquireOutcome::kTimeout], 0U);
}

TEST_F(PoolGiveUp, WaiterWhoseDeadlinePassesJustAfterItsWakeUpIsServed) {
  options_.handoff_after = 5ms;
  Lease lease = OpenAndLend();
  const auto client = Queue();
  slow_clock_.Freeze();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  slow_clock_.Advance(options_.acquire_timeout);
  slow_clock_.Thaw();
  EXPECT_TRUE(client->Take());
}

TEST_F(PoolGiveUp, TimeoutAfterALostIdleConnectionKeepsTheOrderOfTheQueue) {
  options_.handoff_after = 5s;
  Lease lease = OpenAndLend();
  const auto first = Queue();
  slow_clock_.Advance(1s);
  const auto second = Queue();
  slow_clock_.Freeze();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  lease = pool_->Acquire();
  slow_clock_.Advance(4s);
  slow_clock_.Thaw();
  EXPECT_THROW(static_cast<void>(first->Take()), AcquireTimeout);
  EXPECT_FALSE(second->Ended());
  lease.Release();
  EXPECT_TRUE(second->Take());
}

}  // namespace
}  // namespace scidex::pool
