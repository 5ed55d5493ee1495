#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "support/log_tap.h"
#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PoolLife : public PoolTest {
 protected:
  // Starts housekeeping, which checks the idle connections and blocks at that of `session`.
  void CheckIdleUntilUnblocked(FakeSession& session) {
    ASSERT_TRUE(clock_.AwaitSleepers(1, 1s));
    session.BlockIsAlive();
    clock_.Advance(1s);
    ASSERT_TRUE(session.AwaitBlocked());
  }
};

TEST_F(PoolLife, IdleConnectionsAreReusedLastInFirstOut) {
  options_.max_size = 3;
  Pool& pool = Open();
  std::vector<Lease> leases = AcquireMany(3);
  FakeSession* const first = &SessionOf(leases[1]);
  FakeSession* const second = &SessionOf(leases[0]);
  FakeSession* const third = &SessionOf(leases[2]);
  leases[2].Release();
  leases[0].Release();
  leases[1].Release();
  leases = AcquireMany(3);
  EXPECT_EQ(&SessionOf(leases[0]), first);
  EXPECT_EQ(&SessionOf(leases[1]), second);
  EXPECT_EQ(&SessionOf(leases[2]), third);
  EXPECT_EQ(pool.Stats().size, 3U);
}

TEST_F(PoolLife, AConnectionPastItsLifetimeIsClosedOnRelease) {
  options_.max_lifetime = 10min;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  clock_.Advance(10min);
  lease.Release();
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kMaxLifetime], 1U);
  EXPECT_EQ(connector_->open(), 0U);
}

TEST_F(PoolLife, AConnectionPastItsLifetimeIsNotLent) {
  Pool& pool = OpenOnSlowClock();
  static_cast<void>(pool.Acquire());
  slow_clock_.Advance(30min);
  const Lease lease = pool.Acquire();
  EXPECT_EQ(&SessionOf(lease), connector_->sessions()[1].get());
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kMaxLifetime], 1U);
  EXPECT_EQ(troubles_, 0);
}

TEST_F(PoolLife, LateAcquireSkipsAnExpiredConnectionForAYoungerOne) {
  Pool& pool = OpenOnSlowClock();
  std::vector<Lease> leases = AcquireMany(1);
  slow_clock_.Advance(29min);
  leases.push_back(pool.Acquire());
  leases[1].Release();
  leases[0].Release();
  slow_clock_.Advance(1min);
  EXPECT_TRUE(pool.Acquire({.deadline = slow_clock_.Now() - 1s}));
  EXPECT_EQ(connector_->connects(), 2U);
}

TEST_F(PoolLife, AnIdleConnectionPastItsLifetimeIsReplacedInTheBackground) {
  options_.min_idle = 2;
  options_.max_lifetime = 10min;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  Tick(10min);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kMaxLifetime], 2U);
  EXPECT_TRUE(AwaitIdle(pool, 2));
  EXPECT_EQ(connector_->connects(), 4U);
}

TEST_F(PoolLife, LifetimesEndWithinTheirLastTenthAndNotAllAtOnce) {
  options_.min_idle = 100;
  options_.max_size = 100;
  options_.max_lifetime = 1000s;
  options_.idle_timeout = 0s;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 100));
  Tick(900s - 1ns);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kMaxLifetime], 0U);
  Tick(50s);
  const std::uint64_t halfway = pool.Stats().evictions[EvictReason::kMaxLifetime];
  EXPECT_GT(halfway, 0U);
  EXPECT_LT(halfway, 100U);
  Tick(50s + 1ns);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kMaxLifetime], 100U);
}

TEST_F(PoolLife, ALifetimeOfZeroNeverEnds) {
  options_.max_lifetime = 0s;
  options_.min_idle = 1;
  options_.idle_timeout = 0s;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 1));
  Tick(24h * 3650);
  static_cast<void>(pool.Acquire());
  EXPECT_EQ(Sum(pool.Stats().evictions), 0U);
  EXPECT_EQ(connector_->connects(), 1U);
}

TEST_F(PoolLife, DrainReplacesIdleConnectionsNow) {
  options_.min_idle = 2;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  pool.Drain();
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDrained], 2U);
  EXPECT_TRUE(AwaitIdle(pool, 2));
  EXPECT_FALSE(connector_->sessions()[0]->open());
  EXPECT_FALSE(connector_->sessions()[1]->open());
  EXPECT_EQ(connector_->open(), 2U);
}

TEST_F(PoolLife, DrainReplacesLeasedConnectionsOnRelease) {
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  pool.Drain();
  EXPECT_TRUE(SessionOf(lease).open());
  lease.Release();
  EXPECT_FALSE(connector_->sessions()[0]->open());
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDrained], 1U);
  EXPECT_EQ(pool.Stats().size, 0U);
}

TEST_F(PoolLife, DrainCoversConnectsInFlight) {
  connector_->Block();
  Pool& pool = Open();
  Client client(pool);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  pool.Drain();
  connector_->Finish();
  ASSERT_TRUE(connector_->AwaitConnects(2));
  EXPECT_TRUE(Eventually(kLong, [&] { return !connector_->sessions()[0]->open(); }));
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDrained], 1U);
  EXPECT_FALSE(client.Ended());
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  connector_->Finish();
  const Lease lease = client.Get();
  EXPECT_EQ(&SessionOf(lease), connector_->sessions()[1].get());
}

TEST_F(PoolLife, DrainCoversIdleConnectionsThatAreBeingChecked) {
  options_.max_size = 1;
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  FakeSession& session = *connector_->sessions()[0];
  ASSERT_NO_FATAL_FAILURE(CheckIdleUntilUnblocked(session));
  pool.Drain();
  session.Unblock();
  EXPECT_TRUE(Eventually(kLong, [&] { return !session.open(); }));
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDrained], 1U);
}

TEST_F(PoolLife, EvictingIdleConnectionsCoversThoseBeingChecked) {
  options_.max_size = 1;
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  FakeSession& session = *connector_->sessions()[0];
  ASSERT_NO_FATAL_FAILURE(CheckIdleUntilUnblocked(session));
  pool.EvictIdle();
  session.Unblock();
  EXPECT_TRUE(Eventually(kLong, [&] { return !session.open(); }));
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDrained], 1U);
  // A connection that is opened later stays.
  static_cast<void>(pool.Acquire());
  Tick();
  EXPECT_EQ(pool.Stats().idle, 1U);
}

TEST_F(PoolLife, ADrainedPoolIsStableAfterwards) {
  options_.min_idle = 2;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  pool.Drain();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  for (int i = 0; i < 3; ++i) {
    Tick();
    AcquireMany(2).clear();
  }
  EXPECT_EQ(connector_->connects(), 4U);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDrained], 2U);
}

TEST_F(PoolLife, ALeaseThatIsEvictedClosesItsConnection) {
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  lease.Evict();
  EXPECT_FALSE(lease);
  EXPECT_EQ(connector_->open(), 0U);
  EXPECT_EQ(connector_->sessions()[0]->recycles(), 0U);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kBorrower], 1U);
  lease = pool.Acquire();
  lease.Evict(EvictReason::kDead);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDead], 1U);
}

TEST_F(PoolLife, RepeatedReleaseReleasesOnce) {
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  lease.Release();
  lease.Release();
  lease.Evict();
  EXPECT_EQ(pool.Stats().idle, 1U);
  EXPECT_EQ(connector_->sessions()[0]->recycles(), 1U);
}

TEST_F(PoolLife, ALeaseThatIsMovedIsReleasedByItsNewOwnerAlone) {
  Pool& pool = Open();
  Lease first = pool.Acquire();
  Lease second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
  first.Release();
  EXPECT_EQ(pool.Stats().in_use, 1U);
  second = pool.Acquire();
  EXPECT_EQ(pool.Stats().in_use, 1U);
  EXPECT_EQ(pool.Stats().idle, 1U);
  Lease& itself = second;
  second = std::move(itself);
  EXPECT_TRUE(second);
}

TEST_F(PoolLife, ALeaseGoesBackToThePoolThatLentItWhereverItIsMoved) {
  Pool& pool = Open();
  Pool other("other", options_, {connector_, scheduler_, clock_});
  Lease lease = pool.Acquire();
  lease = other.Acquire();
  EXPECT_EQ(pool.Stats().idle, 1U);
  EXPECT_EQ(other.Stats().in_use, 1U);
  lease.Release();
  EXPECT_EQ(pool.Stats().size, 1U);
  EXPECT_EQ(other.Stats().idle, 1U);
}

TEST_F(PoolLife, ALeaseMayBeReleasedByAnotherThread) {
  Pool& pool = Open();
  std::thread([lease = pool.Acquire()]() mutable { lease.Release(); }).join();
  EXPECT_EQ(pool.Stats().idle, 1U);
}

TEST_F(PoolLife, AnExceptionInTheBorrowerReleasesTheLease) {
  Pool& pool = Open();
  EXPECT_THROW(
      {
        const Lease lease = pool.Acquire();
        throw std::runtime_error("borrower");
      },
      std::runtime_error);
  EXPECT_EQ(pool.Stats().idle, 1U);
}

TEST_F(PoolLife, ALeaseKnowsWhereItWasAcquired) {
  Pool& pool = Open();
  const unsigned line = __LINE__ + 1;
  const Lease lease = pool.Acquire();
  EXPECT_EQ(lease.borrower().line(), line);
  EXPECT_THAT(lease.borrower().file_name(), HasSubstr("pool_life_test.cc"));
}

TEST_F(PoolLife, ALeaseHeldTooLongIsLoggedOnceWithItsCallSiteAndCounted) {
  options_.leak_after = 60s;
  Pool& pool = Open();
  const test::LogTap log;
  const std::string line = std::to_string(__LINE__ + 1);
  Lease lease = pool.Acquire();
  Tick(59s);
  EXPECT_EQ(pool.Stats().leases_leaked, 0U);
  Tick(1s);
  EXPECT_EQ(pool.Stats().leases_leaked, 1U);
  EXPECT_THAT(log.Lines(),
              ElementsAre(AllOf(HasSubstr("lease held too long"), HasSubstr("pool=test"),
                                HasSubstr("pool_life_test.cc:" + line))));
  for (int i = 0; i < 3; ++i) Tick(60s);
  EXPECT_EQ(pool.Stats().leases_leaked, 1U);
  EXPECT_EQ(log.Lines().size(), 1U);
  lease.Release();
  lease = pool.Acquire();
  Tick(60s);
  EXPECT_EQ(pool.Stats().leases_leaked, 2U);
  EXPECT_EQ(log.Lines().size(), 2U);
}

TEST_F(PoolLife, ALeakAfterOfZeroReportsNothing) {
  options_.leak_after = 0s;
  Pool& pool = Open();
  const test::LogTap log;
  const Lease lease = pool.Acquire();
  Tick(24h);
  EXPECT_EQ(pool.Stats().leases_leaked, 0U);
  EXPECT_THAT(log.Lines(), ElementsAre());
}

TEST_F(PoolLife, LeaseOfARetiredPoolIsStillCheckedForLeaks) {
  options_.leak_after = 60s;
  Pool& pool = Open();
  const test::LogTap log;
  Lease lease = pool.Acquire();
  pool.Retire();
  EXPECT_THROW(static_cast<void>(pool.Acquire()), PoolClosed);
  Tick(59s);
  EXPECT_EQ(pool.Stats().leases_leaked, 0U);
  Tick();
  EXPECT_EQ(pool.Stats().leases_leaked, 1U);
  EXPECT_EQ(log.Count({"lease held too long", "pool=test", "pool_life_test.cc"}), 1U);
  Tick(60s);
  EXPECT_EQ(pool.Stats().leases_leaked, 1U);
  lease.Release();
  EXPECT_EQ(connector_->open(), 0U);
}

TEST_F(PoolLife, RetiringClosesIdleConnectionsThatAreBeingChecked) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  FakeSession& session = *connector_->sessions()[0];
  ASSERT_NO_FATAL_FAILURE(CheckIdleUntilUnblocked(session));
  std::future<bool> open_afterwards = std::async(std::launch::async, [&] {
    pool.Retire();
    return session.open();
  });
  EXPECT_TRUE(Eventually(kLong, [&] { return IsClosed(pool); }));
  session.Unblock();
  EXPECT_FALSE(open_afterwards.get());
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kClosed], 1U);
}

TEST_F(PoolLife, ClosedRetiredPoolNoLongerChecksForLeaks) {
  options_.leak_after = 60s;
  Pool& pool = Open();
  const Lease lease = pool.Acquire();
  pool.Retire();
  ASSERT_TRUE(clock_.AwaitSleepers(1, 1s));
  pool.Close();
  clock_.Advance(120s);
  EXPECT_EQ(pool.Stats().leases_leaked, 0U);
}

}  // namespace
}  // namespace scidex::pool
