// Where reads go, on a real primary and a real streaming replica.

#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <string>

#include "integration/primary_and_replica.h"
#include "integration/servers.h"
#include "support/asleep.h"

namespace scidex::test {
namespace {

using base::Name;
using routing::PoolRole;
using routing::Reason;
using routing::Route;

using RouteTest = PrimaryAndReplica;

TEST_F(RouteTest, WithAReplicaReadsGoToIt) {
  database::Database database(OptionsOn(*primary_, *replica_));
  EXPECT_EQ(Read(database, "SELECT pg_is_in_recovery()"), "t");
  const routing::PoolsStats stats = database.pool_stats();
  EXPECT_EQ(stats.ro_routes_to(), 1);
  EXPECT_EQ(stats.route.reason, Reason::kOk);
  EXPECT_TRUE(stats.ro_dsn_configured);
  EXPECT_EQ(stats.route.acquires[Route::kReplica], 1u);
  EXPECT_EQ(stats.route.transitions[Route::kPrimaryFallthrough][Route::kReplica], 0u);
}

TEST_F(RouteTest, WithoutAReplicaReadsFallThroughToThePrimary) {
  database::Database database(OptionsOn(*primary_));
  EXPECT_EQ(Read(database, "SELECT pg_is_in_recovery()"), "f");
  const routing::PoolsStats stats = database.pool_stats();
  EXPECT_EQ(stats.ro_routes_to(), 2);
  EXPECT_EQ(stats.route.reason, Reason::kReplicaNotConfigured);
  EXPECT_FALSE(stats.ro_dsn_configured);
  EXPECT_EQ(stats.pools[PoolRole::kRo], std::nullopt);
  EXPECT_EQ(stats.pools[PoolRole::kPrimary]->requests, 0u)
      << "a read must not take the writers' connections";
}

TEST_F(RouteTest, WhereFallThroughIsForbiddenAReadFailsAtOnce) {
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.routing.fallthrough = routing::Fallthrough::kNever;
  database::Database database(options);
  EXPECT_EQ(database.pool_stats().ro_routes_to(), 3);
  try {
    static_cast<void>(database.AcquireRead());
    FAIL() << "a read was let through";
  } catch (const routing::ReadRoutingDisabled& error) {
    EXPECT_STREQ(error.what(),
                 "reads are refused: the replica does not serve (replica_not_configured) and "
                 "read_only.fallthrough does not allow the primary");
  }
}

TEST_F(RouteTest, WithOnlyAReplicaReadsWorkAndWritesFail) {
  database::DatabaseOptions options;
  options.primary.reset();
  options.replica = SessionOn(*replica_);
  database::Database database(options);
  EXPECT_EQ(Read(database, "SELECT 1"), "1");
  EXPECT_THROW(static_cast<void>(database.AcquireWrite()), routing::NoPrimary);
}

TEST_F(RouteTest, WhenTheReplicaStopsReadsGoOnInFallThroughAndReturnWithIt) {
  database::Database database(OptionsOn(*primary_, *replica_));
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
  Read(database, "SELECT 1");

  replica_->Stop();
  EXPECT_TRUE(Eventually(kPatience, [&] { return database.pool_stats().ro_routes_to() == 2; }));
  EXPECT_EQ(Read(database, "SELECT pg_is_in_recovery()"), "f");
  EXPECT_EQ(Read(database, "SHOW transaction_read_only"), "on");
  EXPECT_GE(database.pool_stats().pools[PoolRole::kRoFallthrough]->requests, 2u);
  // Not immediately: a server that is shutting down still reports that.
  EXPECT_TRUE(Eventually(
      kPatience, [&] { return database.pool_stats().route.reason == Reason::kConnectRefused; }));

  replica_->Start();
  EXPECT_TRUE(AwaitRoute(database, Route::kReplica));
  EXPECT_EQ(Read(database, "SELECT pg_is_in_recovery()"), "t");
  const routing::RouteStats route = database.pool_stats().route;
  EXPECT_EQ(route.transitions[Route::kReplica][Route::kPrimaryFallthrough], 1u);
  EXPECT_EQ(route.transitions[Route::kPrimaryFallthrough][Route::kReplica], 1u);
}

TEST_F(RouteTest, AReadThatIsQueuedWhenTheReplicaStopsIsServedByTheNewRoute) {
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  options.ro_pool.min_idle = 0;
  options.ro_pool.max_size = 1;
  options.ro_pool.acquire_timeout = kPatience;
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
  const pool::Lease only_one = database.AcquireRead();
  std::future<std::string> queued =
      std::async(std::launch::async, [&] { return Read(database, "SELECT pg_is_in_recovery()"); });
  ASSERT_TRUE(Eventually(kPatience,
                         [&] { return database.pool_stats().pools[PoolRole::kRo]->waiters == 1; }));

  replica_->Stop();
  EXPECT_EQ(queued.get(), "f");
  const routing::PoolsStats stats = database.pool_stats();
  // It counts only as an acquire of the other pool.
  EXPECT_EQ(stats.pools[PoolRole::kRo]->requests, 1u);
  EXPECT_EQ(stats.pools[PoolRole::kRo]->acquires[pool::AcquireOutcome::kCancelled], 0u);
  EXPECT_EQ(stats.route.acquires[Route::kPrimaryFallthrough], 1u);
  replica_->Start();
}

TEST_F(RouteTest, ReplicaDsnThatLeadsToAPrimaryIsDetectedAndReported) {
  database::Database database(OptionsOn(*primary_, *primary_));
  ASSERT_TRUE(AwaitRoute(database, Route::kPrimaryFallthrough));
  EXPECT_EQ(database.pool_stats().route.reason, Reason::kIsPrimary);
}

TEST_F(RouteTest, AFullPoolIsNoEvidenceAgainstItsServer) {
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  options.ro_pool.min_idle = 0;
  options.ro_pool.max_size = 1;
  options.probe.interval = std::chrono::milliseconds(20);
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
  const pool::Lease only_one = database.AcquireRead();
  // On another thread, because this one would wait for itself.
  std::future<void> timeout = std::async(std::launch::async, [&] {
    static_cast<void>(
        database.AcquireRead({base::RealClock().Now() + std::chrono::milliseconds(50)}));
  });
  EXPECT_THROW(timeout.get(), pool::AcquireTimeout);
  const base::WallTime full = base::RealClock().WallNow();
  ASSERT_TRUE(Eventually(kPatience, [&] {
    return database.stats().control.probes[PoolRole::kRo].last_success >
           full + std::chrono::milliseconds(200);
  }));
  EXPECT_EQ(database.pool_stats().ro_routes_to(), 1);
  EXPECT_EQ(database.pool_stats().route.transitions[Route::kReplica][Route::kPrimaryFallthrough],
            0u);
}

TEST_F(RouteTest, AServerWithNoRoomForAProbeIsNotDownWhileItsSessionsAnswer) {
  const PostgresServer small;
  database::DatabaseOptions options = OptionsOn(small);
  options.primary_pool.min_idle = 2;
  options.primary_pool.max_size = 2;
  options.ro_fallthrough_pool.min_idle = 2;
  options.ro_fallthrough_pool.max_size = 2;
  options.probe.interval = std::chrono::milliseconds(100);
  database::Database database(options);
  const auto probe = [&] { return database.stats().control.probes[PoolRole::kPrimary]; };
  ASSERT_TRUE(Eventually(kPatience, [&] {
    const routing::PoolsStats stats = database.pool_stats();
    return stats.pools[PoolRole::kPrimary]->idle == 2 &&
           stats.pools[PoolRole::kRoFallthrough]->idle == 2 && probe().up &&
           database.stats().control.probes[PoolRole::kRoFallthrough].up;
  }));
  // The reserved session is terminated, and the server has no room for another one.
  small.Execute("ALTER ROLE app CONNECTION LIMIT 4");
  ASSERT_EQ(small.QueryOne("SELECT count(pg_terminate_backend(pid, 180000)) FROM pg_stat_activity "
                           "WHERE usename = 'app' AND query LIKE '%pg_control_system%'"),
            "1");
  const base::WallTime ended = base::RealClock().WallNow();
  ASSERT_TRUE(Eventually(
      kPatience, [&] { return probe().last_run > ended + std::chrono::milliseconds(500); }));
  EXPECT_TRUE(probe().up);
  EXPECT_EQ(small.QueryOne("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"), "4");
}

TEST_F(RouteTest, ADeadPrimaryNeverTakesTheRouteFromALiveReplica) {
  PostgresServer primary;
  const std::unique_ptr<PostgresServer> replica = PostgresServer::MakeReplicaOf(primary);
  database::DatabaseOptions options = OptionsOn(primary, *replica);
  options.routing.max_lag = std::chrono::milliseconds(1);
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
  primary.Kill9();
  ASSERT_TRUE(Eventually(kPatience,
                         [&] { return !database.stats().control.probes[PoolRole::kPrimary].up; }));
  const base::WallTime dead = base::RealClock().WallNow();
  ASSERT_TRUE(Eventually(kPatience, [&] {
    return database.stats().control.probes[PoolRole::kRo].last_success >
           dead + std::chrono::seconds(2);
  }));
  EXPECT_EQ(database.pool_stats().ro_routes_to(), 1);
  EXPECT_EQ(Read(database, "SELECT 1"), "1");
}

TEST_F(RouteTest, UnresponsiveReplicaLosesTheRouteThroughItsProbe) {
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  options.probe.timeout = std::chrono::seconds(1);
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
  replica_->Suspend();
  const bool turned =
      Eventually(kPatience, [&] { return database.pool_stats().ro_routes_to() == 2; });
  const Reason reason = database.pool_stats().route.reason;
  EXPECT_EQ(Read(database, "SELECT pg_is_in_recovery()"), "f");
  replica_->Resume();
  EXPECT_TRUE(turned);
  EXPECT_TRUE(reason == Reason::kProbeTimeout || reason == Reason::kConnectTimeout) << Name(reason);
  EXPECT_TRUE(AwaitRoute(database, Route::kReplica));
}

TEST_F(RouteTest, APromotedReplicaLosesTheRouteAndItsSessions) {
  PostgresServer primary;
  const std::unique_ptr<PostgresServer> replica = PostgresServer::MakeReplicaOf(primary);
  database::Database database(OptionsOn(primary, *replica));
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
  ASSERT_TRUE(
      Eventually(kPatience, [&] { return database.pool_stats().pools[PoolRole::kRo]->idle == 2; }));
  replica->Promote();
  ASSERT_TRUE(AwaitRoute(database, Route::kPrimaryFallthrough));
  EXPECT_EQ(database.pool_stats().route.reason, Reason::kNotInRecovery);
  // Not immediately if one of them is lent at that moment.
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return database.pool_stats().pools[PoolRole::kRo]->evictions[pool::EvictReason::kDrained] >= 2;
  }));
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return database.stats().control.probes[PoolRole::kRo].failures[Reason::kNotInRecovery] >= 1u;
  }));
}

// No read session has the properties that the DSN requires of a session, such as read-write.
TEST_F(RouteTest, TargetSessionAttrsOfADsnAreHonoured) {
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.primary->dsn = base::Secret(primary_->Dsn() + " target_session_attrs=read-write");
  const std::string ports =
      std::to_string(primary_->port()) + "," + std::to_string(replica_->port());
  options.replica = SessionOn(*replica_);
  options.replica->dsn = base::Secret("host=127.0.0.1,127.0.0.1 port=" + ports +
                                      " user=app dbname=app password=" + PostgresServer::kPassword +
                                      " target_session_attrs=read-only");
  database::Database database(options);
  EXPECT_TRUE(AwaitRoute(database, Route::kReplica));
  EXPECT_TRUE(Eventually(
      kPatience, [&] { return database.pool_stats().pools[PoolRole::kRoFallthrough]->idle > 0; }));
}

TEST_F(RouteTest, ShutdownDoesNotWaitForProbesOfHungServers) {
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  options.probe.interval = std::chrono::milliseconds(20);
  options.probe.timeout = std::chrono::hours(1);
  auto database = std::make_unique<database::Database>(options);
  ASSERT_TRUE(AwaitRoute(*database, Route::kReplica));
  primary_->Suspend();
  replica_->Suspend();
  // None has ended during many intervals: one hangs.
  ASSERT_TRUE(Eventually(kPatience, [&] {
    return base::RealClock().WallNow() - database->stats().control.probes[PoolRole::kRo].last_run >
           std::chrono::milliseconds(300);
  }));
  auto end = std::async(std::launch::async, [&] { database.reset(); });
  const bool ended = end.wait_for(kPatience) == std::future_status::ready;
  primary_->Resume();
  replica_->Resume();
  EXPECT_TRUE(ended);
}

TEST_F(RouteTest, ShutdownFailsAReadThatWaitsForTheFirstVerdict) {
  replica_->Suspend();
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  options.probe.timeout = std::chrono::hours(1);
  auto database = std::make_unique<database::Database>(options);
  std::promise<pid_t> thread;
  auto read = std::async(std::launch::async, [&thread, &database = *database] {
    thread.set_value(gettid());
    static_cast<void>(database.AcquireRead({base::kNever}));
  });
  const pid_t reader = thread.get_future().get();
  ASSERT_TRUE(Eventually(kPatience, [&] { return IsAsleep(reader); }));
  database.reset();
  replica_->Resume();
  EXPECT_THROW(read.get(), pool::PoolClosed);
}

TEST_F(RouteTest, ReplicaThatRefusesNewSessionsLosesTheReads) {
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  options.probe.interval = std::chrono::milliseconds(50);
  options.probe.new_session_interval = std::chrono::milliseconds(200);
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
  // Existing sessions continue, including the probe's.
  primary_->Execute("ALTER ROLE app NOLOGIN");
  EXPECT_TRUE(AwaitRoute(database, Route::kPrimaryFallthrough));
  EXPECT_EQ(database.pool_stats().route.reason, Reason::kAuthFailed);
  primary_->Execute("ALTER ROLE app LOGIN");
  EXPECT_TRUE(AwaitRoute(database, Route::kReplica));
}

TEST_F(RouteTest, ReadsWaitForTheFirstVerdictWithinTheirDeadline) {
  replica_->Suspend();
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  database::Database database(options);
  EXPECT_EQ(database.pool_stats().route.reason, Reason::kStartingUp);
  EXPECT_EQ(database.pool_stats().ro_routes_to(), 2);
  EXPECT_THROW(static_cast<void>(database.AcquireRead(
                   {base::RealClock().Now() + std::chrono::milliseconds(100)})),
               pool::AcquireTimeout);
  std::future<std::string> patient =
      std::async(std::launch::async, [&] { return Read(database, "SELECT pg_is_in_recovery()"); });
  replica_->Resume();
  EXPECT_EQ(patient.get(), "t");
}

}  // namespace
}  // namespace scidex::test
