#include <array>
#include <thread>

#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

class PoolQueue : public PoolTest {
 protected:
  // Starts `count` waiters, in this order, a nanosecond apart.
  std::vector<std::unique_ptr<Client>> StartWaiters(std::size_t count) {
    const std::size_t already = pool_->Stats().waiters;
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < count; ++i) {
      clock_.Advance(1ns);
      slow_clock_.Advance(1ns);
      clients.push_back(std::make_unique<Client>(*pool_));
      if (!AwaitWaiters(*pool_, already + i + 1)) throw std::logic_error("it does not wait");
    }
    return clients;
  }
};

TEST_F(PoolQueue, ServesInOrderOfArrival) {
  Open();
  std::vector<Lease> leases = AcquireMany(2);
  const auto clients = StartWaiters(6);
  for (std::size_t i = 0; i < 6; ++i) {
    Lease& oldest = leases[i % 2];
    oldest.Release();
    oldest = clients[i]->Get();
    for (std::size_t later = i + 1; later < 6; ++later) EXPECT_FALSE(clients[later]->Ended());
  }
}

TEST_F(PoolQueue, NoAcquireOvertakesAWaiterThatHasWaitedHandoffAfter) {
  options_.max_size = 1;
  options_.handoff_after = 5ms;
  Pool& pool = OpenOnSlowClock();
  Lease lease = pool.Acquire();
  const auto clients = StartWaiters(1);
  slow_clock_.Advance(5ms);
  slow_clock_.HoldWakeups();
  lease.Release();
  EXPECT_FALSE(pool.TryAcquire());
  const auto later = StartWaiters(1);
  slow_clock_.ReleaseWakeups();
  lease = clients[0]->Get();
  EXPECT_FALSE(later[0]->Ended());
}

TEST_F(PoolQueue, ARunningThreadOvertakesAYoungerWaiterWhichKeepsItsPlace) {
  options_.max_size = 1;
  options_.handoff_after = 5ms;
  Pool& pool = OpenOnSlowClock();
  Lease lease = pool.Acquire();
  const auto clients = StartWaiters(2);
  slow_clock_.Advance(4ms);
  slow_clock_.HoldWakeups();
  lease.Release();
  EXPECT_TRUE(slow_clock_.AwaitHeld(1));
  Lease overtaker = pool.Acquire();
  EXPECT_EQ(pool.Stats().waiters, 2U);
  slow_clock_.Advance(1ms);
  overtaker.Release();
  slow_clock_.ReleaseWakeups();
  lease = clients[0]->Get();
  EXPECT_FALSE(clients[1]->Ended());
  EXPECT_EQ(pool.Stats().acquires[AcquireOutcome::kImmediate], 1U);
}

TEST_F(PoolQueue, ConnectIsStartedForAWaiterThatWasOvertaken) {
  options_.handoff_after = 5ms;
  Pool& pool = OpenOnSlowClock();
  pool.Resize(1);
  Lease lease = pool.Acquire();
  const auto clients = StartWaiters(1);
  slow_clock_.HoldWakeups();
  lease.Release();
  EXPECT_TRUE(slow_clock_.AwaitHeld(1));
  pool.Resize(2);
  EXPECT_EQ(pool.Stats().connecting, 0U);
  connector_->Block();
  lease = pool.Acquire();
  slow_clock_.ReleaseWakeups();
  ASSERT_EQ(pool.Stats().connecting, 1U);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  connector_->Finish();
  EXPECT_TRUE(clients[0]->Get());
}

TEST_F(PoolQueue, TwoConnectionsReleasedTogetherServeTwoWaiters) {
  options_.handoff_after = 5ms;
  OpenOnSlowClock();
  std::vector<Lease> leases = AcquireMany(2);
  const auto clients = StartWaiters(2);
  slow_clock_.HoldWakeups();
  // The first connection wakes the head of the queue, which is slow to run, and is handed the
  // second.
  leases[0].Release();
  EXPECT_TRUE(slow_clock_.AwaitHeld(1));
  slow_clock_.Advance(5ms);
  leases[1].Release();
  slow_clock_.ReleaseWakeups();
  EXPECT_TRUE(clients[0]->Get());
  EXPECT_TRUE(clients[1]->Get());
}

TEST_F(PoolQueue, MaxWaitersRefusesExactlyTheNextOne) {
  options_.max_size = 1;
  options_.max_waiters = 3;
  Pool& pool = Open();
  const Lease lease = pool.Acquire();
  const auto clients = StartWaiters(3);
  EXPECT_THROW(static_cast<void>(pool.Acquire()), QueueFull);
  clients[1]->Cancel();
  EXPECT_THROW(static_cast<void>(clients[1]->Get()), AcquireCancelled);
  StartWaiters(1);
}

TEST_F(PoolQueue, TimeoutAffectsOnlyItsOwnWaiter) {
  Pool& pool = Open();
  std::vector<Lease> leases = AcquireMany(2);
  const auto before = StartWaiters(1);
  Client hasty(pool, clock_.Now() + 2s);
  ASSERT_TRUE(AwaitWaiters(pool, 2));
  const auto after = StartWaiters(1);
  clock_.Advance(2s - 2ns);
  EXPECT_EQ(pool.Stats().waiters, 3U);
  EXPECT_FALSE(hasty.Ended());
  clock_.Advance(1ns);
  EXPECT_THROW(static_cast<void>(hasty.Get()), AcquireTimeout);
  EXPECT_EQ(pool.Stats().waiters, 2U);
  leases.clear();
  EXPECT_TRUE(before[0]->Get());
  EXPECT_TRUE(after[0]->Get());
}

TEST_F(PoolQueue, AcquireWithoutADeadlineTakesAtMostAcquireTimeout) {
  options_.acquire_timeout = 7s;
  Pool& pool = Open();
  const std::vector<Lease> leases = AcquireMany(2);
  const auto clients = StartWaiters(1);
  clock_.Advance(7s - 1ns);
  EXPECT_EQ(pool.Stats().waiters, 1U);
  EXPECT_FALSE(clients[0]->Ended());
  clock_.Advance(1ns);
  EXPECT_THROW(static_cast<void>(clients[0]->Get()), AcquireTimeout);
}

TEST_F(PoolQueue, PassedDeadlineTakesAnIdleConnectionOrFailsImmediately) {
  options_.max_size = 1;
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  Lease lease = pool.Acquire({.deadline = clock_.Now() - 1s});
  EXPECT_TRUE(lease);
  EXPECT_THROW(static_cast<void>(pool.Acquire({.deadline = clock_.Now() - 1s})), AcquireTimeout);
}

TEST_F(PoolQueue, ACancelledWaiterLeavesAndTheOthersAreServed) {
  Pool& pool = Open();
  std::vector<Lease> leases = AcquireMany(2);
  const auto clients = StartWaiters(3);
  clients[0]->Cancel();
  EXPECT_THROW(static_cast<void>(clients[0]->Get()), AcquireCancelled);
  EXPECT_EQ(pool.Stats().waiters, 2U);
  leases.clear();
  EXPECT_TRUE(clients[1]->Get());
  EXPECT_TRUE(clients[2]->Get());
}

TEST_F(PoolQueue, AlreadyCancelledAcquireTakesNothing) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(static_cast<void>(pool.Acquire({.stop = stop.get_token()})), AcquireCancelled);
  EXPECT_EQ(pool.Stats().idle, 1U);
}

TEST_F(PoolQueue, ConnectionHandedToACancelledWaiterGoesToTheNext) {
  options_.max_size = 1;
  Pool& pool = OpenOnSlowClock();
  Lease lease = pool.Acquire();
  const auto clients = StartWaiters(2);
  slow_clock_.HoldWakeups();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  clients[0]->Cancel();
  slow_clock_.ReleaseWakeups();
  EXPECT_THROW(static_cast<void>(clients[0]->Get()), AcquireCancelled);
  lease = clients[1]->Get();
  EXPECT_EQ(connector_->connects(), 1U);
  EXPECT_EQ(Sum(pool.Stats().evictions), 0U);
}

TEST_F(PoolQueue, ConnectionHandedToACancelledWaiterBecomesIdleIfNoOtherWaits) {
  options_.max_size = 1;
  Pool& pool = OpenOnSlowClock();
  Lease lease = pool.Acquire();
  const auto clients = StartWaiters(1);
  slow_clock_.HoldWakeups();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  clients[0]->Cancel();
  slow_clock_.ReleaseWakeups();
  EXPECT_THROW(static_cast<void>(clients[0]->Get()), AcquireCancelled);
  EXPECT_EQ(pool.Stats().idle, 1U);
}

TEST_F(PoolQueue, ConnectionHandedToACancelledWaiterIsClosedAfterADrain) {
  options_.max_size = 1;
  Pool& pool = OpenOnSlowClock();
  Lease lease = pool.Acquire();
  const auto clients = StartWaiters(2);
  slow_clock_.HoldWakeups();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  clients[0]->Cancel();
  pool.Drain();
  slow_clock_.ReleaseWakeups();
  EXPECT_THROW(static_cast<void>(clients[0]->Get()), AcquireCancelled);
  lease = clients[1]->Get();
  EXPECT_EQ(&SessionOf(lease), connector_->sessions()[1].get());
  EXPECT_FALSE(connector_->sessions()[0]->open());
}

TEST_F(PoolQueue, AReleasedConnectionReachesAWaiterWhileConnectsHang) {
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  connector_->Block();
  const auto clients = StartWaiters(1);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  lease.Release();
  EXPECT_TRUE(clients[0]->Get());
}

TEST_F(PoolQueue, AReleasedConnectionReachesAWaiterWhileConnectsFail) {
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  connector_->Fail();
  const auto clients = StartWaiters(1);
  ASSERT_TRUE(connector_->AwaitConnects(2));
  lease.Release();
  EXPECT_TRUE(clients[0]->Get());
}

TEST_F(PoolQueue, AFailedConnectCostsNoWaiterItsPlace) {
  options_.max_size = 1;
  connector_->Block();
  Pool& pool = Open();
  const auto clients = StartWaiters(3);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  connector_->Finish(ConnectOutcome::kConnectRefused);
  ASSERT_TRUE(Eventually(kLong, [&] { return pool.Stats().connecting == 0; }));
  EXPECT_EQ(pool.Stats().waiters, 3U);
  pool.OnServerAnswered();
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  connector_->Finish();
  Lease lease = clients[0]->Get();
  EXPECT_FALSE(clients[1]->Ended());
  lease.Release();
  lease = clients[1]->Get();
  EXPECT_FALSE(clients[2]->Ended());
}

TEST_F(PoolQueue, WaiterWithADeadConnectionKeepsItsPlace) {
  options_.max_size = 1;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  const auto clients = StartWaiters(2);
  connector_->Block();
  SessionOf(lease).Kill();
  lease.Release();
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  ASSERT_TRUE(AwaitWaiters(pool, 2));
  connector_->Finish();
  lease = clients[0]->Get();
  EXPECT_FALSE(clients[1]->Ended());
  EXPECT_EQ(pool.Stats().acquires[AcquireOutcome::kWaited], 2U);
}

TEST_F(PoolQueue, WaiterWithADeadConnectionKeepsItsPlaceInAFullQueue) {
  options_.max_size = 1;
  options_.max_waiters = 1;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  FakeSession& session = SessionOf(lease);
  const auto clients = StartWaiters(1);
  session.BlockPrepare();
  session.FailPrepare(Prepared::Result::kLost);
  lease.Release();
  ASSERT_TRUE(session.AwaitBlocked());
  const auto later = StartWaiters(1);
  session.Unblock();
  lease = clients[0]->Get();
  EXPECT_FALSE(later[0]->Ended());
  lease.Release();
  EXPECT_TRUE(later[0]->Get());
}

TEST_F(PoolQueue, WaiterCancelledWithADeadConnectionTakesNoOther) {
  Pool& pool = Open();
  std::vector<Lease> leases = AcquireMany(2);
  FakeSession& session = SessionOf(leases[0]);
  const auto clients = StartWaiters(1);
  session.BlockPrepare();
  session.FailPrepare(Prepared::Result::kLost);
  leases[0].Release();
  ASSERT_TRUE(session.AwaitBlocked());
  leases[1].Release();
  clients[0]->Cancel();
  session.Unblock();
  EXPECT_THROW(static_cast<void>(clients[0]->Get()), AcquireCancelled);
  EXPECT_EQ(pool.Stats().idle, 1U);
}

TEST_F(PoolQueue, WaiterThatTimesOutWithADeadConnectionTakesNoOther) {
  Pool& pool = Open();
  std::vector<Lease> leases = AcquireMany(2);
  FakeSession& session = SessionOf(leases[0]);
  const auto clients = StartWaiters(1);
  session.BlockPrepare();
  session.FailPrepare(Prepared::Result::kLost);
  leases[0].Release();
  ASSERT_TRUE(session.AwaitBlocked());
  leases[1].Release();
  clock_.Advance(5s);
  session.Unblock();
  EXPECT_THROW(static_cast<void>(clients[0]->Get()), AcquireTimeout);
  EXPECT_EQ(pool.Stats().idle, 1U);
}

TEST_F(PoolQueue, TryAcquireTakesAnIdleConnectionAndNeverWaits) {
  options_.max_size = 1;
  Pool& pool = Open();
  EXPECT_FALSE(pool.TryAcquire());
  EXPECT_EQ(connector_->connects(), 0U);
  static_cast<void>(pool.Acquire());
  Lease lease = pool.TryAcquire();
  ASSERT_TRUE(lease);
  EXPECT_FALSE(pool.TryAcquire());
  EXPECT_EQ(pool.Stats().requests, 2U);
  EXPECT_EQ(pool.Stats().acquires[AcquireOutcome::kImmediate], 1U);
}

TEST_F(PoolQueue, TryAcquireSkipsADeadConnection) {
  Pool& pool = Open();
  AcquireMany(2).clear();
  connector_->sessions()[0]->Kill();
  connector_->sessions()[1]->FailPrepare(Prepared::Result::kLost);
  EXPECT_FALSE(pool.TryAcquire());
  EXPECT_EQ(pool.Stats().requests, 2U);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDead], 2U);
}

TEST_F(PoolQueue, TwoThreadsAcquiringAndEvictingTenThousandTimesLoseNothing) {
  Pool& pool = OpenOn(base::RealClock());
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&pool] {
      for (int k = 0; k < 10'000; ++k) pool.Acquire().Evict();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kBorrower], 20'000U);
  EXPECT_EQ(pool.Stats().in_use, 0U);
  ASSERT_TRUE(Eventually(kLong, [&] { return pool.Stats().connecting == 0; }));
  EXPECT_EQ(connector_->open(), pool.Stats().idle);
}

class PoolQueueAfter : public PoolTest,
                       public ::testing::WithParamInterface<std::chrono::milliseconds> {};

// Two hundred threads that acquire repeatedly, because a thread can wait only once at a time.
TEST_P(PoolQueueAfter, TenThousandWaitsOnEightConnectionsAreAllServed) {
  options_.max_size = 8;
  options_.handoff_after = GetParam();
  options_.acquire_timeout = 30s;
  Pool& pool = OpenOn(base::RealClock());
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 200; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        const Lease lease = pool.Acquire();
        std::this_thread::yield();
        ++served;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, 10'000);
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.waiters, 0U);
  EXPECT_EQ(stats.in_use, 0U);
  EXPECT_LE(connector_->connects(), 8U);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kImmediate] + stats.acquires[AcquireOutcome::kWaited],
            10'000U);
}

INSTANTIATE_TEST_SUITE_P(Handoff, PoolQueueAfter, ::testing::Values(0ms, 1ms, 5ms));

}  // namespace
}  // namespace scidex::pool
