#include <filesystem>
#include <thread>

#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

using PoolClose = PoolTest;

std::size_t CountThreads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST_F(PoolClose, FailsWaitersAtOnce) {
  Pool& pool = Open();
  std::vector<Lease> leases = AcquireMany(2);
  Client first(pool);
  Client second(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 2));
  pool.Close();
  EXPECT_THROW(static_cast<void>(first.Get()), PoolClosed);
  EXPECT_THROW(static_cast<void>(second.Get()), PoolClosed);
  EXPECT_EQ(pool.Stats().waiters, 0U);
}

TEST_F(PoolClose, NothingCanBeAcquiredAfterwards) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  pool.Close();
  EXPECT_THROW(static_cast<void>(pool.Acquire()), PoolClosed);
  EXPECT_FALSE(pool.TryAcquire());
  EXPECT_EQ(connector_->connects(), 1U);
}

TEST_F(PoolClose, ClosesIdleConnections) {
  options_.min_idle = 2;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  pool.Close();
  EXPECT_EQ(connector_->open(), 0U);
  EXPECT_EQ(pool.Stats().size, 0U);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kClosed], 2U);
}

TEST_F(PoolClose, IsIdempotentAndWorksFromSeveralThreads) {
  options_.min_idle = 2;
  for (int i = 0; i < 50; ++i) {
    Pool& pool = Open();
    std::vector<std::thread> threads;
    for (int k = 0; k < 4; ++k) threads.emplace_back([&pool] { pool.Close(); });
    for (std::thread& thread : threads) thread.join();
    pool.Close();
    EXPECT_EQ(pool.Stats().size, 0U);
    ASSERT_EQ(connector_->open(), 0U);
  }
}

TEST_F(PoolClose, ActiveLeaseIsClosedOnRelease) {
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  pool.Close();
  EXPECT_EQ(pool.Stats().in_use, 1U);
  EXPECT_TRUE(SessionOf(lease).open());
  lease.Release();
  EXPECT_EQ(pool.Stats().in_use, 0U);
  EXPECT_EQ(connector_->open(), 0U);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kClosed], 1U);
}

TEST_F(PoolClose, ALeaseMayOutliveItsPool) {
  Open();
  std::vector<Lease> leases = AcquireMany(2);
  const std::weak_ptr<FakeConnector> state = connector_;
  const auto sessions = connector_->sessions();
  connector_.reset();
  pool_.reset();
  SessionOf(leases[0]).observer()->OnReadOnlyViolation();
  EXPECT_EQ(leases[0].borrower().line(), leases[1].borrower().line());
  leases[0].Release();
  EXPECT_FALSE(sessions[0]->open());
  EXPECT_TRUE(sessions[1]->open());
  EXPECT_FALSE(state.expired());
  leases[1].Evict();
  EXPECT_FALSE(sessions[1]->open());
  // The last lease destroys the state of the pool.
  EXPECT_TRUE(Eventually(kLong, [&] { return state.expired(); }));
}

TEST_F(PoolClose, TellsConnectsInFlightToStop) {
  options_.min_idle = 2;
  connector_->Block();
  Pool& pool = Open();
  ASSERT_TRUE(connector_->AwaitBlocked(2));
  pool.Close();
  EXPECT_EQ(connector_->blocked(), 0U);
  EXPECT_EQ(pool.Stats().connecting, 0U);
  EXPECT_EQ(Sum(pool.Stats().connects), 0U);
  EXPECT_EQ(pool.Stats().last_connect_outcome, ConnectOutcome::kOk);
}

TEST_F(PoolClose, ClosesAConnectionThatIsBeingOpenedAndReturnsWhenItIsClosed) {
  options_.min_idle = 1;
  connector_->Block();
  connector_->IgnoreStop();
  Pool& pool = Open();
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  auto closed = std::async(std::launch::async, [&] {
    pool.Close();
    return connector_->sessions().size() == 1 && connector_->open() == 0;
  });
  ASSERT_TRUE(Eventually(kLong, [&] {
    try {
      static_cast<void>(pool.Acquire());
      return false;
    } catch (const PoolClosed&) {
      return true;
    }
  }));
  EXPECT_EQ(closed.wait_for(0s), std::future_status::timeout);
  connector_->Finish();
  EXPECT_TRUE(closed.get());
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kClosed], 1U);
  EXPECT_EQ(pool.Stats().size, 0U);
}

TEST_F(PoolClose, DoesNotWaitForTheConnectsOfOthersThatItsOwnAreQueuedBehind) {
  // With one thread for connects, as if the system could not create another.
  base::Scheduler one(clock_, {.grow_after = 1h});
  const auto hung = std::make_shared<FakeConnector>();
  hung->Block();
  options_.min_idle = 1;
  Pool other("other", options_, {hung, one, clock_});
  ASSERT_TRUE(hung->AwaitBlocked(1));
  {
    Pool pool("test", options_, {connector_, one, clock_});
    ASSERT_TRUE(Eventually(kLong, [&] { return pool.Stats().connecting == 1; }));
    pool.Close();
    EXPECT_EQ(pool.Stats().size, 0U);
  }
  EXPECT_EQ(hung->blocked(), 1U);
  hung->Finish();
  ASSERT_TRUE(AwaitIdle(other, 1));
  other.Close();
  EXPECT_EQ(connector_->connects(), 0U);
}

TEST_F(PoolClose, EndsAPoolThatIsStillStarting) {
  options_.min_idle = 8;
  options_.max_size = 8;
  for (int i = 0; i < 200; ++i) {
    OpenOn(clock_);
    pool_.reset();
    ASSERT_EQ(connector_->open(), 0U);
  }
}

TEST_F(PoolClose, PoolWhoseFirstConnectFailsImmediatelyStartsAndCloses) {
  connector_->Fail();
  options_.min_idle = 4;
  options_.max_size = 4;
  for (int i = 0; i < 200; ++i) {
    OpenOn(clock_);
    if (i % 2 == 0) {
      ASSERT_TRUE(Eventually(
          kLong, [&] { return pool_->Stats().connects[ConnectOutcome::kConnectRefused] > 0; }));
    }
    pool_.reset();
  }
}

TEST_F(PoolClose, HasNoThreadOfItsOwn) {
  base::Scheduler scheduler(clock_);
  const std::size_t before = CountThreads();
  std::vector<std::unique_ptr<Pool>> pools;
  for (int i = 0; i < 20; ++i) {
    pools.push_back(std::make_unique<Pool>("test", options_,
                                           Pool::Dependencies{connector_, scheduler, clock_}));
    static_cast<void>(pools.back()->Acquire());
  }
  EXPECT_EQ(CountThreads(), before);
  pools.clear();
  EXPECT_EQ(CountThreads(), before);
}

TEST_F(PoolClose, AWaiterThatWasServedJustBeforeKeepsItsLease) {
  options_.max_size = 1;
  Pool& pool = OpenOnSlowClock();
  Lease lease = pool.Acquire();
  const auto session = connector_->sessions()[0];
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  slow_clock_.HoldWakeups();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  pool_.reset();
  slow_clock_.ReleaseWakeups();
  lease = client.Get();
  EXPECT_TRUE(session->open());
  lease.Release();
  EXPECT_FALSE(session->open());
}

TEST_F(PoolClose, WaiterServedThenCancelledBeforeCloseLeavesNothingBehind) {
  options_.max_size = 1;
  Pool& pool = OpenOnSlowClock();
  Lease lease = pool.Acquire();
  const auto session = connector_->sessions()[0];
  const std::weak_ptr<FakeConnector> state = connector_;
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  slow_clock_.HoldWakeups();
  lease.Release();
  ASSERT_TRUE(slow_clock_.AwaitHeld(1));
  client.Cancel();
  pool_.reset();
  slow_clock_.ReleaseWakeups();
  EXPECT_THROW(static_cast<void>(client.Get()), AcquireCancelled);
  EXPECT_FALSE(session->open());
  connector_.reset();
  EXPECT_TRUE(Eventually(kLong, [&] { return state.expired(); }));
}

TEST_F(PoolClose, WaiterWithADeadConnectionOfADestroyedPoolGetsPoolClosed) {
  options_.max_size = 1;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  const auto session = connector_->sessions()[0];
  const std::weak_ptr<FakeConnector> state = connector_;
  session->BlockPrepare();
  session->FailPrepare(Prepared::Result::kLost);
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  lease.Release();
  ASSERT_TRUE(session->AwaitBlocked());
  pool_.reset();
  session->Unblock();
  EXPECT_THROW(static_cast<void>(client.Get()), PoolClosed);
  EXPECT_FALSE(session->open());
  connector_.reset();
  EXPECT_TRUE(Eventually(kLong, [&] { return state.expired(); }));
}

TEST_F(PoolClose, UnderLoadEveryClientEndsAndEveryConnectionIsClosed) {
  options_.max_size = 4;
  options_.handoff_after = 1ms;
  for (int i = 0; i < 30; ++i) {
    Pool& pool = OpenOn(base::RealClock());
    std::atomic<int> served{0};
    std::vector<std::thread> threads;
    for (int k = 0; k < 8; ++k) {
      threads.emplace_back([&] {
        try {
          for (;;) {
            const Lease lease = pool.Acquire();
            ++served;
          }
        } catch (const PoolClosed&) {
        }
      });
    }
    ASSERT_TRUE(Eventually(kLong, [&] { return served > 50; }));
    pool.Close();
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(connector_->open(), 0U);
    ASSERT_EQ(pool.Stats().size, 0U);
  }
}

}  // namespace
}  // namespace scidex::pool
