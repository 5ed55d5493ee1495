#include "routing/router.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "support/eager.h"
#include "support/eventually.h"
#include "support/fake_connector.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"

namespace scidex::routing {
namespace {

using std::chrono::seconds;

class RouterTest : public testing::Test {
 protected:
  std::shared_ptr<pool::Pool> MakePool(PoolRole role) {
    pool::PoolOptions options;
    options.min_idle = 0;
    options.max_size = 1;
    options.max_lifetime = base::Duration::zero();
    if (role == PoolRole::kRoFallthrough) options.acquire_timeout = seconds(2);
    return std::make_shared<pool::Pool>(
        std::string(base::Name(role)), options,
        pool::Pool::Dependencies{std::make_shared<test::FakeConnector>(), scheduler_, clock_});
  }
  Router::Pools Pools() const {
    Router::Pools pools;
    pools[PoolRole::kPrimary] = primary_;
    pools[PoolRole::kRo] = ro_;
    pools[PoolRole::kRoFallthrough] = ro_fallthrough_;
    return pools;
  }
  void Build(bool with_replica, Fallthrough fallthrough = Fallthrough::kAlways) {
    RoutingOptions options;
    options.fallthrough = fallthrough;
    primary_ = MakePool(PoolRole::kPrimary);
    ro_fallthrough_ = MakePool(PoolRole::kRoFallthrough);
    if (with_replica) ro_ = MakePool(PoolRole::kRo);
    router_.emplace(Pools(), options, clock_);
  }
  pool::AcquireOptions Within(base::Duration time) { return {clock_.Now() + time}; }
  std::size_t InUse(const pool::Pool& pool) { return pool.Stats().in_use; }
  // The only connection of the replica's pool is idle, and its next check is never answered.
  void HangChecks() {
    const pool::Lease lease = ro_->Acquire();
    hung_ = &test::SessionOf(lease);
    hung_->BlockPrepare();
  }
  std::future<pool::Lease> StartRead() {
    return std::async(std::launch::async, [&] { return router_->AcquireRead(Within(seconds(9))); });
  }
  static std::uint64_t Outcomes(const pool::Pool& pool) {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : pool.Stats().acquires) sum += count;
    return sum;
  }

  test::ManualClock clock_;
  base::Scheduler scheduler_{clock_, test::kEager};
  std::shared_ptr<pool::Pool> primary_;
  std::shared_ptr<pool::Pool> ro_;
  std::shared_ptr<pool::Pool> ro_fallthrough_;
  std::optional<Router> router_;
  test::FakeSession* hung_ = nullptr;
};

TEST_F(RouterTest, ReadsGoToTheReplicasPoolAndWritesToThePrimarys) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  const pool::Lease read = router_->AcquireRead();
  const pool::Lease write = router_->AcquireWrite();
  EXPECT_EQ(InUse(*ro_), 1u);
  EXPECT_EQ(InUse(*primary_), 1u);
  EXPECT_EQ(InUse(*ro_fallthrough_), 0u);
}

TEST_F(RouterTest, FallThroughHasAPoolOfItsOwn) {
  Build(false);
  const pool::Lease read = router_->AcquireRead();
  EXPECT_EQ(InUse(*ro_fallthrough_), 1u);
  EXPECT_EQ(InUse(*primary_), 0u);
}

TEST_F(RouterTest, AReadWaitsForTheFirstVerdict) {
  Build(true);
  std::future<pool::Lease> read =
      std::async(std::launch::async, [&] { return router_->AcquireRead(); });
  // The housekeeping of the three pools, and the read.
  ASSERT_TRUE(clock_.AwaitSleepers(2, seconds(5)));
  EXPECT_EQ(ro_->Stats().requests + ro_fallthrough_->Stats().requests, 0u);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  const pool::Lease lease = read.get();
  EXPECT_EQ(InUse(*ro_), 1u);
}

TEST_F(RouterTest, WithoutAVerdictAReadTimesOutAtItsDeadline) {
  Build(true);
  std::future<pool::Lease> read =
      std::async(std::launch::async, [&] { return router_->AcquireRead(Within(seconds(2))); });
  ASSERT_TRUE(clock_.AwaitSleepers(2, seconds(2)));
  clock_.Advance(seconds(2));
  EXPECT_THROW(static_cast<void>(read.get()), pool::AcquireTimeout);
}

TEST_F(RouterTest, AReadThatWaitsForTheVerdictCanBeCancelled) {
  Build(true);
  std::stop_source stop;
  std::future<pool::Lease> read = std::async(std::launch::async, [&] {
    return router_->AcquireRead({std::nullopt, stop.get_token()});
  });
  ASSERT_TRUE(clock_.AwaitSleepers(2, seconds(5)));
  stop.request_stop();
  EXPECT_THROW(static_cast<void>(read.get()), pool::AcquireCancelled);
}

TEST_F(RouterTest, CloseEndsReadsThatWaitForTheVerdictAndRefusesMore) {
  Build(true);
  std::future<pool::Lease> read =
      std::async(std::launch::async, [&] { return router_->AcquireRead({base::kNever}); });
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(5)));
  router_->Close();
  EXPECT_THROW(static_cast<void>(read.get()), pool::PoolClosed);
  EXPECT_THROW(static_cast<void>(router_->AcquireRead()), pool::PoolClosed);
}

TEST_F(RouterTest, TheDeadlineOfAReadIsThatOfTheRoutesPool) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kConnectRefused, clock_.Now());
  const pool::Lease only_one = router_->AcquireRead();
  std::future<pool::Lease> queued =
      std::async(std::launch::async, [&] { return router_->AcquireRead(); });
  ASSERT_TRUE(
      test::Eventually(test::kPatience, [&] { return ro_fallthrough_->Stats().waiters == 1; }));
  clock_.Advance(seconds(2));
  EXPECT_THROW(static_cast<void>(queued.get()), pool::AcquireTimeout);
}

TEST_F(RouterTest, SessionsOpenedOnTheWrongServerAreReplacedBeforeReadsReturn) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  static_cast<void>(router_->AcquireRead());
  router_->OnReplicaVerdict(Reason::kNotInRecovery, clock_.Now());
  EXPECT_EQ(ro_->Stats().evictions[pool::EvictReason::kDrained], 1u);
  static_cast<void>(ro_->Acquire());
  router_->OnReplicaVerdict(Reason::kNotInRecovery, clock_.Now());
  EXPECT_EQ(ro_->Stats().evictions[pool::EvictReason::kDrained], 1u);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  EXPECT_EQ(ro_->Stats().evictions[pool::EvictReason::kDrained], 2u);
}

TEST_F(RouterTest, ReplicaThatWasOnlyUnreachableKeepsItsConnections) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  static_cast<void>(router_->AcquireRead());
  router_->OnReplicaVerdict(Reason::kProbeTimeout, clock_.Now());
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  EXPECT_EQ(ro_->Stats().idle, 1u);
}

TEST_F(RouterTest, AQueuedReadMovesToTheNewRouteWithinItsDeadline) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  const pool::Lease only_one = router_->AcquireRead();
  std::future<pool::Lease> queued =
      std::async(std::launch::async, [&] { return router_->AcquireRead(); });
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return ro_->Stats().waiters == 1; }));
  router_->OnReplicaVerdict(Reason::kConnectRefused, clock_.Now());
  const pool::Lease lease = queued.get();
  EXPECT_EQ(InUse(*ro_fallthrough_), 1u);
  EXPECT_EQ(ro_->Stats().acquires[pool::AcquireOutcome::kCancelled], 0u);
  EXPECT_EQ(ro_->Stats().requests, 1u);
  EXPECT_EQ(router_->pool_stats().route.acquires[Route::kPrimaryFallthrough], 1u);
}

TEST_F(RouterTest, AMovedReadThatFindsAnIdleConnectionHasWaited) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  static_cast<void>(router_->AcquireFallthrough());
  const pool::PoolStats before = ro_fallthrough_->Stats();
  const pool::Lease only_one = router_->AcquireRead();
  std::future<pool::Lease> queued =
      std::async(std::launch::async, [&] { return router_->AcquireRead(Within(seconds(9))); });
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return ro_->Stats().waiters == 1; }));
  clock_.Advance(seconds(1));
  router_->OnReplicaVerdict(Reason::kConnectRefused, clock_.Now());
  const pool::Lease lease = queued.get();
  const pool::PoolStats stats = ro_fallthrough_->Stats();
  EXPECT_EQ(stats.acquires[pool::AcquireOutcome::kWaited],
            before.acquires[pool::AcquireOutcome::kWaited] + 1);
  EXPECT_EQ(stats.requests, before.requests + 1);
  EXPECT_EQ(stats.acquire_wait.sum(), before.acquire_wait.sum() + seconds(1));
}

// Under AddressSanitizer and ThreadSanitizer.
TEST_F(RouterTest, IsNotUsedByReadsThatEndWithItsPools) {
  for (int i = 0; i < 100; ++i) {
    Build(true);
    router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
    std::optional<pool::Lease> only_one = router_->AcquireRead();
    std::future<void> queued = std::async(std::launch::async, [&router = *router_] {
      try {
        static_cast<void>(router.AcquireRead());
      } catch (const pool::AcquireError&) {
        // Closed.
      }
    });
    ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return ro_->Stats().waiters == 1; }));
    router_->OnReplicaVerdict(Reason::kConnectRefused, clock_.Now());
    only_one.reset();
    router_->Close();
    for (const auto& pool : {primary_, ro_fallthrough_, ro_}) pool->Close();
    router_.reset();
    queued.get();
  }
}

TEST_F(RouterTest, AQueuedReadMovesAlsoWhenTheReasonChangedInBetween) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kConnectRefused, clock_.Now());
  const pool::Lease only_one = router_->AcquireRead();
  std::future<pool::Lease> queued =
      std::async(std::launch::async, [&] { return router_->AcquireRead(); });
  ASSERT_TRUE(
      test::Eventually(test::kPatience, [&] { return ro_fallthrough_->Stats().waiters == 1; }));
  router_->OnReplicaVerdict(Reason::kAuthFailed, clock_.Now());
  for (int good = 0; good < 3; ++good) router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  const pool::Lease lease = queued.get();
  EXPECT_EQ(InUse(*ro_), 1u);
}

TEST_F(RouterTest, CancellationByTheCallerIsNotARouteChange) {
  Build(false);
  const pool::Lease only_one = router_->AcquireRead();
  std::stop_source stop;
  std::future<pool::Lease> queued = std::async(std::launch::async, [&] {
    return router_->AcquireRead({std::nullopt, stop.get_token()});
  });
  ASSERT_TRUE(
      test::Eventually(test::kPatience, [&] { return ro_fallthrough_->Stats().waiters == 1; }));
  stop.request_stop();
  EXPECT_THROW(static_cast<void>(queued.get()), pool::AcquireCancelled);
  EXPECT_EQ(ro_fallthrough_->Stats().acquires[pool::AcquireOutcome::kCancelled], 1u);
}

TEST_F(RouterTest, AReadMovesWhileTheOldServerHangsInItsCheck) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  HangChecks();
  std::future<pool::Lease> read = StartRead();
  ASSERT_TRUE(hung_->AwaitBlocked());
  router_->OnReplicaVerdict(Reason::kProbeTimeout, clock_.Now());
  const pool::Lease lease = read.get();
  EXPECT_EQ(InUse(*ro_fallthrough_), 1u);
  EXPECT_EQ(ro_->Stats().requests, 1u);
  EXPECT_EQ(Outcomes(*ro_), 1u);
  EXPECT_EQ(ro_->Stats().evictions[pool::EvictReason::kBorrower], 1u);
}

TEST_F(RouterTest, AQueuedReadMovesWhileTheOldServerHangsInItsCheck) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  pool::Lease only_one = router_->AcquireRead();
  std::future<pool::Lease> queued = StartRead();
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return ro_->Stats().waiters == 1; }));
  test::SessionOf(only_one).BlockPrepare();
  hung_ = &test::SessionOf(only_one);
  only_one.Release();
  ASSERT_TRUE(hung_->AwaitBlocked());
  router_->OnReplicaVerdict(Reason::kProbeTimeout, clock_.Now());
  const pool::Lease lease = queued.get();
  EXPECT_EQ(InUse(*ro_fallthrough_), 1u);
  EXPECT_EQ(ro_->Stats().requests, 1u);
  EXPECT_EQ(Outcomes(*ro_), 1u);
}

TEST_F(RouterTest, AReadWhoseDeadlinePassesBeforeItMovesTimesOut) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  static_cast<void>(router_->AcquireFallthrough());
  const std::uint64_t before = Outcomes(*ro_fallthrough_);
  HangChecks();
  std::future<pool::Lease> read = StartRead();
  ASSERT_TRUE(hung_->AwaitBlocked());
  clock_.Advance(seconds(60));
  router_->OnReplicaVerdict(Reason::kProbeTimeout, clock_.Now());
  EXPECT_THROW(static_cast<void>(read.get()), pool::AcquireTimeout);
  const pool::PoolStats stats = ro_fallthrough_->Stats();
  EXPECT_EQ(stats.acquires[pool::AcquireOutcome::kTimeout], 1u);
  EXPECT_EQ(stats.requests, before + 1);
  EXPECT_EQ(Outcomes(*ro_fallthrough_), before + 1);
  EXPECT_EQ(Outcomes(*ro_), ro_->Stats().requests);
}

TEST_F(RouterTest, AReloadThatChangesNoPoolStopsNoCheck) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  HangChecks();
  std::future<pool::Lease> read = StartRead();
  ASSERT_TRUE(hung_->AwaitBlocked());
  router_->Reconfigure(Pools(), {}, false);
  hung_->Unblock();
  const pool::Lease lease = read.get();
  EXPECT_EQ(&test::SessionOf(lease), hung_);
}

TEST_F(RouterTest, AReadInItsCheckMovesAlsoAfterAReload) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  HangChecks();
  std::future<pool::Lease> read = StartRead();
  ASSERT_TRUE(hung_->AwaitBlocked());
  router_->Reconfigure(Pools(), {}, false);
  router_->OnReplicaVerdict(Reason::kProbeTimeout, clock_.Now());
  const pool::Lease lease = read.get();
  EXPECT_EQ(InUse(*ro_fallthrough_), 1u);
}

TEST_F(RouterTest, ACheckThatHangsInAReplacedPoolEndsWithIt) {
  Build(false);
  pool::Lease other = ro_fallthrough_->Acquire();
  hung_ = &test::SessionOf(other);
  std::future<pool::Lease> queued =
      std::async(std::launch::async, [&] { return router_->AcquireFallthrough().Forward(); });
  ASSERT_TRUE(
      test::Eventually(test::kPatience, [&] { return ro_fallthrough_->Stats().waiters == 1; }));
  hung_->BlockPrepare();
  const std::shared_ptr<pool::Pool> old = ro_fallthrough_;
  other.Release();
  ASSERT_TRUE(hung_->AwaitBlocked());
  ro_fallthrough_ = MakePool(PoolRole::kRoFallthrough);
  router_->Reconfigure(Pools(), {}, false);
  EXPECT_TRUE(queued.get());
  EXPECT_EQ(Outcomes(*old), 1u);
  EXPECT_EQ(Outcomes(*ro_fallthrough_), 1u);
}

TEST_F(RouterTest, QueuedReadsFailAtOnceWhenTheRouteIsDisabled) {
  Build(true, Fallthrough::kNever);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  const pool::Lease only_one = router_->AcquireRead();
  std::future<pool::Lease> queued =
      std::async(std::launch::async, [&] { return router_->AcquireRead(); });
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return ro_->Stats().waiters == 1; }));
  router_->OnReplicaVerdict(Reason::kProbeTimeout, clock_.Now());
  EXPECT_THROW(static_cast<void>(queued.get()), ReadRoutingDisabled);
}

TEST_F(RouterTest, AChangeIsLoggedOnceWithItsReason) {
  const test::LogTap log;
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  router_->OnReplicaVerdict(Reason::kLagExceeded, clock_.Now());
  router_->OnReplicaVerdict(Reason::kLagExceeded, clock_.Now());
  router_->OnReplicaVerdict(Reason::kConnectRefused, clock_.Now());
  EXPECT_EQ(log.Lines(),
            (std::vector<std::string>{
                "level=info msg=\"route decided\" route=replica reason=ok",
                "level=warn msg=\"route changed\" from=replica to=primary_fallthrough "
                "reason=lag_exceeded advice=\"look for a long query, paused replay or a slow disk "
                "on the replica\"",
                "level=info msg=\"reason of the route changed\" route=primary_fallthrough "
                "from=lag_exceeded reason=connect_refused",
            }));
}

TEST_F(RouterTest, AFirstRouteOtherThanTheReplicaIsAWarning) {
  const test::LogTap log;
  Build(true);
  router_->OnReplicaVerdict(Reason::kConnectRefused, clock_.Now());
  ro_ = nullptr;
  Build(false);
  EXPECT_EQ(log.Count({"level=warn msg=\"route decided\" route=primary_fallthrough",
                       "reason=connect_refused", "advice=\"check that PostgreSQL runs"}),
            1u);
  EXPECT_EQ(log.Count({"level=warn msg=\"route decided\" route=primary_fallthrough",
                       "reason=replica_not_configured", "advice=\"set replica.dsn"}),
            1u);
  EXPECT_EQ(log.Lines().size(), 2u);
}

TEST_F(RouterTest, AReplicaThatIsAnotherServerIsAnError) {
  for (const Reason reason : {Reason::kNotInRecovery, Reason::kWrongCluster, Reason::kDiverged}) {
    const test::LogTap log;
    Build(true);
    router_->OnReplicaVerdict(Reason::kConnectRefused, clock_.Now());
    router_->OnReplicaVerdict(reason, clock_.Now());
    EXPECT_EQ(log.Count({"level=error", "msg=\"reason of the route changed\""}), 1u);
    router_->OnReplicaVerdict(Reason::kConnectRefused, clock_.Now());
    EXPECT_EQ(log.Count({"level=info", "msg=\"reason of the route changed\""}), 1u);
  }
}

TEST_F(RouterTest, AReloadThatNamesAnotherReplicaIsNoWarning) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  const test::LogTap log;
  router_->Reconfigure(Pools(), {}, true);
  EXPECT_EQ(log.Lines(), (std::vector<std::string>{"level=info msg=\"route changed\" from=replica "
                                                   "to=primary_fallthrough reason=starting_up"}));
}

TEST_F(RouterTest, PoolStatsHasNothingForAPoolThatDoesNotExist) {
  Build(false);
  const PoolsStats stats = router_->pool_stats();
  EXPECT_TRUE(stats.pools[PoolRole::kPrimary].has_value());
  EXPECT_FALSE(stats.pools[PoolRole::kRo].has_value());
  EXPECT_FALSE(stats.ro_dsn_configured);
  EXPECT_EQ(stats.ro_routes_to(), 2);
}

TEST_F(RouterTest, ReplacedPoolKeepsItsLeasesAndCounters) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  const std::shared_ptr<pool::Pool> old = ro_;
  std::optional<pool::Lease> lent = router_->AcquireRead();
  static_cast<void>(router_->AcquireWrite());
  ro_ = MakePool(PoolRole::kRo);
  router_->Reconfigure(Pools(), {}, false);
  EXPECT_TRUE(router_->AcquireRead());
  const PoolsStats between = router_->pool_stats();
  EXPECT_EQ(between.pools[PoolRole::kRo]->acquires[pool::AcquireOutcome::kWaited], 2u);
  EXPECT_EQ(between.pools[PoolRole::kRo]->connects[pool::ConnectOutcome::kOk], 2u);
  EXPECT_EQ(between.pools[PoolRole::kRo]->in_use, 0u);
  EXPECT_EQ(between.pools[PoolRole::kRo]->use.total(), 1u);
  EXPECT_EQ(between.route.route, Route::kReplica);
  lent.reset();
  // Not the pool of the primary, which is unchanged.
  EXPECT_TRUE(router_->AcquireWrite());
  EXPECT_EQ(router_->pool_stats().pools[PoolRole::kRo]->use.total(), 2u);
  EXPECT_EQ(old->Stats().idle, 0u);
  EXPECT_EQ(primary_->Stats().acquires[pool::AcquireOutcome::kImmediate], 1u);
}

TEST_F(RouterTest, LeasesOfReplacedPoolsAreCountedUntilTheyEnd) {
  Build(false);
  const auto retired = [&] {
    return router_->pool_stats().pools[PoolRole::kRoFallthrough]->retired_leases;
  };
  std::vector<pool::Lease> leases;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(retired(), i);
    leases.push_back(router_->AcquireRead().Forward());
    ro_fallthrough_ = MakePool(PoolRole::kRoFallthrough);
    router_->Reconfigure(Pools(), {}, false);
  }
  EXPECT_EQ(retired(), 3u);
  ro_fallthrough_.reset();
  router_->Reconfigure(Pools(), {}, false);
  EXPECT_EQ(router_->pool_stats().gone[PoolRole::kRoFallthrough].retired_leases, 3u);
  leases.clear();
  EXPECT_EQ(router_->pool_stats().gone[PoolRole::kRoFallthrough].retired_leases, 0u);
}

TEST_F(RouterTest, LeakOfAReplacedPoolIsCountedInItsSuccessor) {
  Build(false);
  const test::LogTap log;
  const pool::Lease lease = router_->AcquireRead();
  const auto leaked = [&] {
    return router_->pool_stats().pools[PoolRole::kRoFallthrough]->leases_leaked;
  };
  ro_fallthrough_ = MakePool(PoolRole::kRoFallthrough);
  router_->Reconfigure(Pools(), {}, false);
  EXPECT_EQ(leaked(), 0u);
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  clock_.Advance(std::chrono::minutes(5));
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return leaked() == 1; }));
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] {
    return log.Count({"lease held too long", "pool=ro_fallthrough"}) == 1;
  }));
}

TEST_F(RouterTest, SaysWhichPoolsReadsMoveBetween) {
  Build(true);
  EXPECT_FALSE(router_->OnReplicaVerdict(Reason::kConnectRefused, clock_.Now()));
  EXPECT_FALSE(router_->OnReplicaVerdict(Reason::kOk, clock_.Now()));
  EXPECT_FALSE(router_->OnReplicaVerdict(Reason::kOk, clock_.Now()));
  const auto up = router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  ASSERT_TRUE(up);
  EXPECT_EQ(up->from, PoolRole::kRoFallthrough);
  EXPECT_EQ(up->to, PoolRole::kRo);
  RoutingOptions never;
  never.fallthrough = Fallthrough::kNever;
  EXPECT_FALSE(router_->Apply(router_->Prepare(Pools(), never, false)));
  const auto refused = router_->OnReplicaVerdict(Reason::kConnectRefused, clock_.Now());
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->from, PoolRole::kRo);
  EXPECT_EQ(refused->to, std::nullopt);
  const auto back = router_->Apply(router_->Prepare(Pools(), {}, false));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->from, std::nullopt);
  EXPECT_EQ(back->to, PoolRole::kRoFallthrough);
}

TEST_F(RouterTest, CountersOfRepeatedlyReplacedPoolsAreKept) {
  Build(false);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(router_->AcquireRead());
    ro_fallthrough_ = MakePool(PoolRole::kRoFallthrough);
    router_->Reconfigure(Pools(), {}, false);
  }
  EXPECT_EQ(router_->pool_stats().pools[PoolRole::kRoFallthrough]->requests, 5u);
  EXPECT_EQ(router_->pool_stats().pools[PoolRole::kRoFallthrough]->use.total(), 5u);
}

TEST_F(RouterTest, WaitersOfAReplacedPoolAreServedByTheNewOne) {
  Build(true);
  router_->OnReplicaVerdict(Reason::kOk, clock_.Now());
  const pool::Lease read = router_->AcquireRead();
  const pool::Lease write = router_->AcquireWrite();
  auto reader = std::async(std::launch::async, [&] { return router_->AcquireRead().Forward(); });
  auto writer = std::async(std::launch::async, [&] { return router_->AcquireWrite().Forward(); });
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] {
    return ro_->Stats().waiters == 1 && primary_->Stats().waiters == 1;
  }));
  ro_ = MakePool(PoolRole::kRo);
  primary_ = MakePool(PoolRole::kPrimary);
  clock_.Advance(seconds(1));
  router_->Reconfigure(Pools(), {}, false);
  EXPECT_TRUE(reader.get());
  EXPECT_TRUE(writer.get());
  // Each acquire is counted once, with all of its wait.
  const PoolsStats stats = router_->pool_stats();
  for (const PoolRole role : {PoolRole::kRo, PoolRole::kPrimary}) {
    const pool::PoolStats& pool = *stats.pools[role];
    EXPECT_EQ(pool.requests, 2u) << pool.name;
    EXPECT_EQ(pool.acquires[pool::AcquireOutcome::kCancelled], 0u) << pool.name;
    EXPECT_EQ(pool.acquires[pool::AcquireOutcome::kClosed], 0u) << pool.name;
    EXPECT_EQ(pool.acquire_wait.sum(), seconds(1)) << pool.name;
  }
}

TEST_F(RouterTest, ReadThatAwaitsAVerdictOnARemovedReplicaFallsThrough) {
  Build(true);
  auto read = std::async(std::launch::async, [&] { return router_->AcquireRead(); });
  ASSERT_TRUE(clock_.AwaitSleepers(2, seconds(5)));
  ro_.reset();
  router_->Reconfigure(Pools(), {}, true);
  EXPECT_TRUE(read.get());
  EXPECT_EQ(router_->pool_stats().route.acquires[Route::kPrimaryFallthrough], 1u);
}

}  // namespace
}  // namespace scidex::routing
