// The fate of a connection that was handed to a waiter which gives up at that moment.
#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

class PoolGiveUp : public PoolTest {
 protected:
  // Opens a pool on the slow clock and acquires its only connection.
  Lease OpenAndAcquireAll() {
    options_.max_size = 1;
    return OpenOnSlowClock().Acquire();
  }
  std::unique_ptr<Client> StartWaiter() {
    const std::size_t already = pool_->Stats().waiters;
    slow_clock_.Advance(1ns);
    auto client = std::make_unique<Client>(*pool_);
    EXPECT_TRUE(AwaitWaiters(*pool_, already + 1));
    return client;
  }
};

TEST_F(PoolGiveUp, WaiterCancelledAfterItsWakeUpLeavesTheConnectionToTheNext) {
  options_.handoff_after = 5ms;
  Lease lease = OpenAndAcquireAll();
  const auto first = StartWaiter();
  const auto second = StartWaiter();
  slow_clock_.HoldWakeups();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  first->Cancel();
  slow_clock_.ReleaseWakeups();
  EXPECT_THROW(static_cast<void>(first->Get()), AcquireCancelled);
  EXPECT_TRUE(second->Get());
  EXPECT_EQ(connector_->connects(), 1U);
}

TEST_F(PoolGiveUp, WaiterCancelledAfterAHandoffHasOnlyTheOutcomeCancelled) {
  Lease lease = OpenAndAcquireAll();
  const auto client = StartWaiter();
  slow_clock_.HoldWakeups();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  client->Cancel();
  slow_clock_.ReleaseWakeups();
  EXPECT_THROW(static_cast<void>(client->Get()), AcquireCancelled);
  const PoolStats stats = pool_->Stats();
  EXPECT_EQ(stats.requests, 2U);
  EXPECT_EQ(Sum(stats.acquires), 2U);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kCancelled], 1U);
  EXPECT_EQ(stats.acquire_wait.total(), 2U);
}

TEST_F(PoolGiveUp, WaiterWhoseDeadlinePassesJustAfterAHandoffIsServed) {
  Lease lease = OpenAndAcquireAll();
  const auto client = StartWaiter();
  slow_clock_.HoldWakeups();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  slow_clock_.Advance(options_.acquire_timeout);
  slow_clock_.ReleaseWakeups();
  EXPECT_TRUE(client->Get());
  EXPECT_EQ(pool_->Stats().acquires[AcquireOutcome::kTimeout], 0U);
}

TEST_F(PoolGiveUp, WaiterWhoseDeadlinePassesJustAfterItsWakeUpIsServed) {
  options_.handoff_after = 5ms;
  Lease lease = OpenAndAcquireAll();
  const auto client = StartWaiter();
  slow_clock_.HoldWakeups();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  slow_clock_.Advance(options_.acquire_timeout);
  slow_clock_.ReleaseWakeups();
  EXPECT_TRUE(client->Get());
}

TEST_F(PoolGiveUp, TimeoutAfterALostIdleConnectionKeepsTheOrderOfTheQueue) {
  options_.handoff_after = 5s;
  Lease lease = OpenAndAcquireAll();
  const auto first = StartWaiter();
  slow_clock_.Advance(1s);
  const auto second = StartWaiter();
  slow_clock_.HoldWakeups();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  lease = pool_->Acquire();
  slow_clock_.Advance(4s);
  slow_clock_.ReleaseWakeups();
  EXPECT_THROW(static_cast<void>(first->Get()), AcquireTimeout);
  EXPECT_FALSE(second->Ended());
  lease.Release();
  EXPECT_TRUE(second->Get());
}

}  // namespace
}  // namespace scidex::pool
