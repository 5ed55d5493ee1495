// What happens to a replica, on real servers: what is known of it, when, and that all is well
// afterwards.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "integration/faults.h"
#include "support/tcp_proxy.h"

namespace scidex::test {
namespace {

using namespace std::chrono_literals;
using control::ProbeStats;
using routing::PoolRole;
using routing::Reason;
using routing::Route;

class ReplicaFault : public Fault {
 protected:
  static void SetUpTestSuite() {
    Start({});
    AddReader(*primary_);
    ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  }
  // Probed as often as by default.
  static database::DatabaseOptions Options() { return To(replica_->Dsn("reader", "reading")); }
  // More often, where the time is not what is shown.
  static database::DatabaseOptions Quick() {
    database::DatabaseOptions options = Options();
    options.probe.interval = 200ms;
    return options;
  }
  static database::DatabaseOptions To(const std::string& replica_dsn) {
    database::DatabaseOptions options = On(*primary_, *replica_);
    options.replica->dsn = base::Secret(replica_dsn);
    return options;
  }
  std::uint64_t Probes() const {
    return database_->stats().control.probes[routing::PoolRole::kRo].probes;
  }
  // Returns once the replica serves and its sessions are open.
  database::Database& Open(const database::DatabaseOptions& options) {
    database_ = std::make_unique<database::Database>(options);
    EXPECT_TRUE(AwaitRoute(*database_, Route::kReplica));
    EXPECT_TRUE(
        Eventually(kPatience, [&] { return Ro().idle >= options.ro_pool.min_idle && Probe().up; }));
    return *database_;
  }
  pool::PoolStats Ro() const { return *database_->pool_stats().pools[PoolRole::kRo]; }
  ProbeStats Probe() const { return ProbeOf(PoolRole::kRo); }
  // From `start` until reads go to the primary.
  Milliseconds UntilFallthrough(Moment start = Moment::clock::now()) {
    return TimeUntil([&] { return RoutesTo() == 2; }, start);
  }
  Milliseconds UntilBack() {
    const Milliseconds took = TimeUntil([&] { return RoutesTo() == 1; });
    EXPECT_EQ(Read(*database_, "SELECT pg_is_in_recovery()"), "t");
    return took;
  }
  // Reads are served by the primary, in read-only sessions.
  void ExpectFallthroughServes() {
    EXPECT_EQ(Read(*database_, "SELECT pg_is_in_recovery()"), "f");
    EXPECT_EQ(Read(*database_, "SHOW transaction_read_only"), "on");
  }
  // What there is of sessions on the replica is ended, so that new ones have to be opened.
  static void EndSessions() {
    replica_->Execute(
        "SELECT pg_terminate_backend(pid, 180000) FROM pg_stat_activity WHERE usename IN ('app', "
        "'reader')");
  }
};

// A probe alone would know after an hour.
TEST_F(ReplicaFault, KilledLosesTheRouteImmediatelyEvenWithoutReads) {
  std::vector<Milliseconds> times;
  for (int round = 0; round < Rounds(2); ++round) {
    database::DatabaseOptions options = Options();
    options.probe.interval = 1h;
    Open(options);
    const Moment start = Moment::clock::now();
    replica_->Kill9();
    times.push_back(UntilFallthrough(start));
    ExpectFallthroughServes();
    EXPECT_TRUE(Eventually(kPatience, [&] { return !Probe().up; }));
    EXPECT_TRUE(Eventually(kPatience, [&] { return Ro().idle == 0u; }));
    database_.reset();
    replica_->Start();
  }
  Report("replica killed, until known", times);
  ExpectWithin(2s, times);
}

TEST_F(ReplicaFault, KilledAndStartedAgainServesAgain) {
  Open(Options());
  replica_->Kill9();
  UntilFallthrough();
  EXPECT_TRUE(Eventually(kPatience, [&] { return Why() == Reason::kConnectRefused; }));
  EXPECT_TRUE(
      Eventually(kPatience, [&] { return Probe().failures[Reason::kConnectRefused] >= 1u; }));
  EXPECT_EQ(log_.Count({"route changed", "from=replica", "to=primary_fallthrough"}), 1u);
  replica_->Start();
  Report("replica killed, well again after its start", {UntilBack()});
  EXPECT_EQ(log_.Count({"route changed", "to=replica"}), 1u);
}

TEST_F(ReplicaFault, RestartedServesAgain) {
  Open(Quick());
  replica_->Restart();
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return database_->pool_stats().route.transitions[Route::kReplica][Route::kPrimaryFallthrough] ==
           1;
  }));
  Report("replica restarted, well again", {UntilBack()});
}

TEST_F(ReplicaFault, FrozenLosesTheRouteThroughItsProbe) {
  std::vector<Milliseconds> known;
  std::vector<Milliseconds> well;
  for (int round = 0; round < Rounds(1); ++round) {
    database::DatabaseOptions options = Options();
    options.probe.timeout = 1s;
    Open(options);
    replica_->Suspend();
    known.push_back(UntilFallthrough());
    ExpectFallthroughServes();
    EXPECT_TRUE(Why() == Reason::kProbeTimeout || Why() == Reason::kConnectTimeout);
    replica_->Resume();
    well.push_back(UntilBack());
    TearDown();
  }
  Report("replica frozen, until known", known);
  Report("replica frozen, well again", well);
  // Probe interval + probe timeout + 1 s.
  ExpectWithin(3s, known);
}

TEST_F(ReplicaFault, CutOffByTheNetworkLosesTheRouteThroughItsProbe) {
  TcpProxy network(replica_->port());
  database::DatabaseOptions options = To(network.Dsn(replica_->Dsn("reader", "reading")));
  options.probe.timeout = 1s;
  Open(options);
  std::vector<Milliseconds> known;
  std::vector<Milliseconds> well;
  for (int round = 0; round < Rounds(1); ++round) {
    network.Freeze();
    known.push_back(UntilFallthrough());
    ExpectFallthroughServes();
    EXPECT_TRUE(Why() == Reason::kProbeTimeout || Why() == Reason::kConnectTimeout);
    network.Thaw();
    well.push_back(UntilBack());
  }
  Report("replica behind a black hole, until known", known);
  Report("replica behind a black hole, well again", well);
  ExpectWithin(3s, known);
  Close();
}

TEST_F(ReplicaFault, SmallSegmentsAndDelaysOfTheNetworkKeepTheRoute) {
  TcpProxy network(replica_->port());
  network.LimitWrites(7);
  network.Delay(std::chrono::microseconds(200));
  Open(To(network.Dsn(replica_->Dsn("reader", "reading"))));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Read(*database_, "SELECT pg_is_in_recovery()"), "t");
  EXPECT_EQ(database_->pool_stats().route.transitions[Route::kReplica][Route::kPrimaryFallthrough],
            0u);
  Close();
}

TEST_F(ReplicaFault, ThatLagsLosesTheRouteAndComesBackWhenItHasCaughtUp) {
  database::DatabaseOptions options = Options();
  options.routing.max_lag = 500ms;
  options.probe.interval = 100ms;
  Open(options);
  replica_->Execute("SELECT pg_wal_replay_pause()");
  const Moment start = Moment::clock::now();
  primary_->Execute("CREATE TABLE lag AS SELECT generate_series(1, 1000)");
  const Milliseconds known = UntilFallthrough(start);
  Report("replica lags by max_lag of 500 ms, until known", {known});
  EXPECT_EQ(Why(), Reason::kLagExceeded);
  EXPECT_GT(known, 400ms);
  EXPECT_GT(*database_->stats().control.replica.lag_bytes, 1000u);
  EXPECT_EQ(database_->stats().control.replica.wal_receiver_up, true);
  replica_->Execute("SELECT pg_wal_replay_resume()");
  Report("replica has caught up, well again", {UntilBack()});
  EXPECT_TRUE(
      Eventually(kPatience, [&] { return database_->stats().control.replica.lag_bytes == 0u; }));
  primary_->Execute("DROP TABLE lag");
}

// What postgres_exporter shows as no lag at all.
TEST_F(ReplicaFault, WhoseWalReceiverIsDeadLags) {
  database::DatabaseOptions options = Options();
  options.routing.max_lag = 500ms;
  options.probe.interval = 100ms;
  Open(options);
  const std::string restore = replica_->QueryOne(
      "SELECT format('ALTER SYSTEM SET primary_conninfo = %L', "
      "current_setting('primary_conninfo'))");
  replica_->Execute("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'");
  replica_->Execute("SELECT pg_reload_conf()");
  EXPECT_TRUE(Eventually(
      kPatience, [&] { return database_->stats().control.replica.wal_receiver_up == false; }));
  // On an idle primary that is no lag yet, and WAL without a transaction is never lag.
  primary_->Execute("CHECKPOINT; SELECT pg_switch_wal(); CHECKPOINT");
  EXPECT_TRUE(
      Eventually(kPatience, [&] { return database_->stats().control.replica.lag_bytes > 1000u; }));
  const std::uint64_t probes = Probes();
  EXPECT_TRUE(Eventually(kPatience, [&] { return Probes() > probes + 10; }));
  EXPECT_EQ(database_->stats().control.replica.lag, base::Duration::zero());
  EXPECT_EQ(RoutesTo(), 1);
  primary_->Execute("CREATE TABLE lag AS SELECT generate_series(1, 1000)");
  UntilFallthrough();
  EXPECT_EQ(Why(), Reason::kLagExceeded);
  replica_->Execute(restore);
  replica_->Execute("SELECT pg_reload_conf()");
  UntilBack();
  primary_->Execute("DROP TABLE lag");
}

TEST_F(ReplicaFault, ChangedPasswordLosesTheRouteOnlyOnceSessionsEnd) {
  Open(Quick());
  primary_->Execute("ALTER ROLE reader PASSWORD 'other'");
  ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  EXPECT_EQ(Read(*database_, "SELECT pg_is_in_recovery()"), "t");
  const Moment start = Moment::clock::now();
  EndSessions();
  Report("password changed and sessions ended, until known", {UntilFallthrough(start)});
  EXPECT_EQ(Why(), Reason::kAuthFailed);
  for (const std::string& line : log_.Lines())
    EXPECT_EQ(line.find(PostgresServer::kPassword), std::string::npos) << line;
  primary_->Execute("ALTER ROLE reader PASSWORD '" + std::string(PostgresServer::kPassword) + "'");
  Report("password right again, well again", {UntilBack()});
}

TEST_F(ReplicaFault, WhoseRoleWasDroppedLosesTheRoute) {
  Open(Quick());
  primary_->Execute("ALTER ROLE reader RENAME TO dropped");
  ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  replica_->Execute(
      "SELECT pg_terminate_backend(pid, 180000) FROM pg_stat_activity WHERE usename = 'dropped'");
  UntilFallthrough();
  EXPECT_EQ(Why(), Reason::kAuthFailed);
  // The old password was hashed with the name.
  primary_->Execute("ALTER ROLE dropped RENAME TO reader; ALTER ROLE reader PASSWORD '" +
                    std::string(PostgresServer::kPassword) + "'");
  UntilBack();
}

TEST_F(ReplicaFault, WhoseDatabaseWasRenamedLosesTheRoute) {
  Open(Quick());
  primary_->Execute("ALTER DATABASE reading RENAME TO renamed");
  ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  EndSessions();
  UntilFallthrough();
  EXPECT_EQ(Why(), Reason::kConnectFailed);
  EXPECT_GE(log_.Count({"no session with the server", "pools=ro ", "reading"}), 1u);
  primary_->Execute("ALTER DATABASE renamed RENAME TO reading");
  UntilBack();
}

TEST_F(ReplicaFault, ConnectionLimitLosesTheRouteOnlyOnceSessionsEnd) {
  Open(Quick());
  primary_->Execute("ALTER ROLE reader CONNECTION LIMIT 0");
  ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  EXPECT_EQ(RoutesTo(), 1);
  EndSessions();
  UntilFallthrough();
  EXPECT_EQ(Why(), Reason::kTooManyConnections);
  primary_->Execute("ALTER ROLE reader CONNECTION LIMIT -1");
  UntilBack();
}

TEST_F(ReplicaFault, RepeatedlyTerminatedSessionsKeepTheirReaders) {
  Open(Quick());
  std::atomic<bool> over{false};
  std::atomic<std::size_t> served{0};
  std::atomic<std::size_t> refused{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 6; ++i) {
    readers.emplace_back([&] {
      while (!over) {
        try {
          Read(*database_, "SELECT 1");
          ++served;
        } catch (const pool::AcquireError&) {
          ++refused;
        } catch (const pqxx::failure&) {
          // Its own session was ended under it.
        }
      }
    });
  }
  for (int round = 0; round < (Long() ? 200 : 10); ++round) {
    EndSessions();
    primary_->Execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
  }
  const std::size_t before = served;
  EXPECT_TRUE(Eventually(kPatience, [&] { return served > before + 100; }));
  over = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(refused, 0u);
  UntilBack();
}

TEST_F(ReplicaFault, RebuiltFromAnotherClusterIsReportedAndTheRightOneServes) {
  const std::unique_ptr<PostgresServer> stranger = PostgresServer::MakeStranger();
  AddReader(*stranger);
  const std::unique_ptr<PostgresServer> strangers = PostgresServer::MakeReplicaOf(*stranger);
  TcpProxy name(replica_->port());
  Open(To(name.Dsn(replica_->Dsn("reader", "reading"))));
  name.Aim(strangers->port());
  const Moment start = Moment::clock::now();
  EndSessions();
  Report("replica of another cluster, until known", {UntilFallthrough(start)});
  EXPECT_EQ(Why(), Reason::kWrongCluster);
  name.Aim(replica_->port());
  UntilBack();
  // No session to the stranger is left in the pool.
  EXPECT_TRUE(AwaitNoSessions(*strangers));
  Close();
}

class Promotion : public testing::Test {};

// The probe is far away: a session in use is told by its server with the answer to its next query.
// All the while they are read-only by their setting, whatever the server has become.
TEST_F(Promotion, IsDetectedByASessionInUseAndNoReadCanWrite) {
  PostgresServer primary;
  primary.Execute("CREATE TABLE t (a int); ALTER TABLE t OWNER TO app");
  const std::unique_ptr<PostgresServer> replica = PostgresServer::MakeReplicaOf(primary);
  database::DatabaseOptions options = On(primary, *replica);
  options.probe.interval = 1h;
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
  std::atomic<bool> over{false};
  std::atomic<std::size_t> written{0};
  std::thread writer([&] {
    while (!over) {
      const pool::Lease lease = database.AcquireRead();
      const postgres::QueryResult result = postgres::Session::Of(lease).Query(
          "INSERT INTO t VALUES (1)", base::RealClock().Now() + kPatience);
      if (result.status == postgres::QueryResult::Status::kOk) ++written;
    }
  });
  const Moment start = Moment::clock::now();
  replica->Promote();
  Report("replica in use promoted, until known",
         {TimeUntil([&] { return database.pool_stats().ro_routes_to() == 2; }, start)});
  EXPECT_EQ(database.pool_stats().route.reason, Reason::kNotInRecovery);
  over = true;
  writer.join();
  EXPECT_EQ(written, 0u);
  EXPECT_EQ(replica->QueryOne("SELECT count(*) FROM t"), "0");
  ExpectNothingLost(database);
}

TEST_F(Promotion, IsDetectedByASessionOpenedAfterIt) {
  PostgresServer primary;
  const std::unique_ptr<PostgresServer> replica = PostgresServer::MakeReplicaOf(primary);
  database::DatabaseOptions options = On(primary, *replica);
  options.probe.interval = 1h;
  options.probe.canary_interval = base::Duration::zero();
  options.ro_pool.min_idle = 0;
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
  replica->Promote();
  Read(database, "SELECT 1");
  EXPECT_TRUE(AwaitRoute(database, Route::kPrimaryFallthrough));
  EXPECT_EQ(database.pool_stats().route.reason, Reason::kNotInRecovery);
}

TEST_F(Promotion, OfAnIdleReplicaIsDetectedWithinAProbeAndReplacesSessions) {
  PostgresServer primary;
  std::vector<Milliseconds> known;
  for (int round = 0; round < Rounds(1); ++round) {
    const std::unique_ptr<PostgresServer> replica = PostgresServer::MakeReplicaOf(primary);
    database::Database database(On(primary, *replica));
    ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
    const Moment start = Moment::clock::now();
    replica->Promote();
    known.push_back(TimeUntil([&] { return database.pool_stats().ro_routes_to() == 2; }, start));
    EXPECT_TRUE(Eventually(kPatience, [&] {
      const pool::PoolStats ro = *database.pool_stats().pools[PoolRole::kRo];
      return ro.evictions[pool::EvictReason::kDrained] >= 2;
    }));
  }
  Report("idle replica promoted, until known", known);
  // Probe interval + 1 s.
  ExpectWithin(2s, known);
}

}  // namespace
}  // namespace scidex::test
