// The evidence for the route, on a real primary and a real streaming replica: servers that report
// less than usual, settings of roles that interfere, and a replica that has diverged.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "integration/faults.h"
#include "support/pgbouncer.h"
#include "support/tcp_proxy.h"

namespace scidex::test {
namespace {

using routing::PoolRole;
using routing::Reason;
using routing::Route;
using std::chrono::milliseconds;

class Evidence : public PrimaryAndReplica {
 protected:
  static database::DatabaseOptions FastProbes() {
    database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
    options.probe.interval = milliseconds(50);
    options.probe.new_session_interval = milliseconds(200);
    return options;
  }
  // For measurements: probes at the default interval if --long.
  static database::DatabaseOptions TimedProbes() {
    database::DatabaseOptions options = FastProbes();
    if (Long()) options.probe.interval = database::DatabaseOptions().probe.interval;
    return options;
  }
  static void ExecuteAndReplay(const std::string& sql) {
    primary_->Execute(sql);
    ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  }
  // Directs new sessions from the judged replica to `stale` once the latter lags, and back.
  static void MoveSessionsToStale(const PostgresServer& stale, FaultTimes& times) {
    TcpProxy balancer(replica_->port());
    database::DatabaseOptions options = TimedProbes();
    options.replica->dsn = base::Secret(balancer.Dsn(replica_->Dsn()));
    options.routing.max_lag = milliseconds(500);
    options.ro_pool.min_idle = 0;
    options.probe.new_session_interval = std::chrono::hours(1);
    database::Database database(options);
    ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
    stale.Execute("SELECT pg_wal_replay_pause()");
    ExecuteAndReplay("CREATE TABLE fresh (a int)");
    // Waits until the lag of the other one exceeds the maximum, also as seen by probes.
    const base::TimePoint lags = base::RealClock().Now() + options.routing.max_lag +
                                 options.probe.interval + milliseconds(100);
    ASSERT_TRUE(Eventually(kPatience, [&] { return base::RealClock().Now() > lags; }));
    EXPECT_EQ(Read(database, "SELECT to_regclass('fresh') IS NOT NULL"), "t");

    balancer.ConnectTo(stale.port());
    const Moment moved = Moment::clock::now();
    {
      const pool::Lease lease = database.AcquireRead();
      replica_->Execute("SELECT pg_terminate_backend(" +
                        QueryOne(lease, "SELECT pg_backend_pid()") + ", 180000)");
    }
    for (int i = 0; i < 50; ++i)
      EXPECT_EQ(Read(database, "SELECT to_regclass('fresh') IS NOT NULL"), "t");
    EXPECT_GE(
        database.pool_stats().pools[PoolRole::kRo]->connects[pool::ConnectOutcome::kOtherServer],
        1u);
    // New sessions no longer lead to the first one, so the probe moves and detects the lag.
    times.detected.push_back(TimeUntil(
        [&] { return database.pool_stats().route.reason == Reason::kLagExceeded; }, moved));
    EXPECT_EQ(Read(database, "SELECT pg_is_in_recovery()"), "f");
    stale.Execute("SELECT pg_wal_replay_resume()");
    times.recovered.push_back(TimeUntil([&] { return database.pool_stats().ro_routes_to() == 1; }));
    EXPECT_EQ(Read(database, "SELECT to_regclass('fresh') IS NOT NULL"), "t");
    EXPECT_EQ(Read(database, "SHOW port"), std::to_string(stale.port()));
    ExecuteAndReplay("DROP TABLE fresh");
  }
  static database::DatabaseOptions FastProbesBehind(const PgBouncer& pooler) {
    database::DatabaseOptions options = FastProbes();
    options.replica->dsn = base::Secret(pooler.Dsn());
    return options;
  }
  // Pins the isolation level of the superuser in the database postgres, where it can then change
  // settings of the replica although a standby refuses all statements of serializable sessions.
  static void PinForSuperuserOfPostgres() {
    ExecuteAndReplay(
        "ALTER ROLE CURRENT_USER IN DATABASE postgres SET default_transaction_isolation = 'read "
        "committed'");
  }
  static void ResetForSuperuserOfPostgres() {
    ExecuteAndReplay("ALTER ROLE CURRENT_USER IN DATABASE postgres RESET ALL");
  }
  // Changes the default of the replica, and waits until new sessions have it.
  static void ChangeIsolation(const std::string& level) {
    replica_->AlterSystem("SET default_transaction_isolation = '" + level + "'", "postgres");
    EXPECT_TRUE(Eventually(kPatience, [&] {
      return replica_->QueryOne("SHOW default_transaction_isolation") == level;
    }));
  }
  // Expects that the route stays on the replica during this number of probes.
  static void ExpectRouteKept(const database::Database& database, std::uint64_t probes) {
    ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
    const auto probed = [&] { return database.stats().control.probes[PoolRole::kRo].probes; };
    const std::uint64_t before = probed();
    ASSERT_TRUE(Eventually(kPatience, [&] { return probed() >= before + probes; }));
    const routing::RouteStats route = database.pool_stats().route;
    EXPECT_EQ(route.transitions[Route::kReplica][Route::kPrimaryFallthrough], 0u);
    EXPECT_EQ(route.transitions[Route::kPrimaryFallthrough][Route::kReplica], 0u);
    EXPECT_EQ(route.reason, Reason::kOk);
  }
};

TEST_F(Evidence, RevokedCatalogsDoNotLoseTheRoute) {
  ExecuteAndReplay("REVOKE SELECT ON pg_database, pg_roles FROM PUBLIC");
  database::DatabaseOptions options = FastProbes();
  options.autoscaler.mode = control::AutoscalerMode::kDryRun;
  {
    database::Database database(options);
    ExpectRouteKept(database, 10);
    EXPECT_TRUE(database.stats().control.probes[PoolRole::kPrimary].up);
    EXPECT_EQ(database.stats().control.replica.lag, base::Duration::zero());
  }
  ExecuteAndReplay("GRANT SELECT ON pg_database, pg_roles TO PUBLIC");
}

TEST_F(Evidence, ReplicaThatReportsOnlyRecoveryServesWithUnknownLag) {
  const std::string functions =
      "pg_last_wal_replay_lsn(), pg_last_wal_receive_lsn(), pg_current_snapshot(),"
      " pg_last_xact_replay_timestamp(), pg_postmaster_start_time(), pg_walfile_name(pg_lsn)";
  ExecuteAndReplay("REVOKE EXECUTE ON FUNCTION " + functions + " FROM PUBLIC");
  ExecuteAndReplay("REVOKE SELECT ON pg_stat_wal_receiver FROM PUBLIC");
  {
    database::Database database(FastProbes());
    ExpectRouteKept(database, 10);
    EXPECT_EQ(database.stats().control.replica.lag, std::nullopt);
    EXPECT_EQ(database.stats().control.replica.wal_receiver_up, std::nullopt);
    EXPECT_EQ(Read(database, "SELECT pg_is_in_recovery()"), "t");
  }
  ExecuteAndReplay("GRANT EXECUTE ON FUNCTION " + functions + " TO PUBLIC");
  ExecuteAndReplay("GRANT SELECT ON pg_stat_wal_receiver TO PUBLIC");
}

TEST_F(Evidence, TimeoutsOfTheRoleDoNotFlapTheRoute) {
  ExecuteAndReplay("ALTER ROLE app SET statement_timeout = '2ms'");
  ExecuteAndReplay("ALTER ROLE app SET lock_timeout = '1ms'");
  {
    database::Database database(FastProbes());
    ExpectRouteKept(database, 40);
  }
  ExecuteAndReplay("ALTER ROLE app RESET ALL");
}

TEST_F(Evidence, IdleSessionTimeoutOfTheRoleDoesNotLoseTheRoute) {
  ExecuteAndReplay("ALTER ROLE app SET idle_session_timeout = '500ms'");
  {
    // The probe's session ends between two probes.
    database::Database database(OptionsOn(*primary_, *replica_));
    ExpectRouteKept(database, 4);
    EXPECT_EQ(Read(database, "SELECT pg_is_in_recovery()"), "t");
  }
  ExecuteAndReplay("ALTER ROLE app RESET ALL");
}

TEST_F(Evidence, SerializableRoleReadsFromAReplica) {
  ExecuteAndReplay("ALTER ROLE app SET default_transaction_isolation = 'serializable'");
  for (const auto reset : {postgres::SessionReset::kRollback, postgres::SessionReset::kResetAll,
                           postgres::SessionReset::kDiscardAll}) {
    database::DatabaseOptions options = FastProbes();
    options.replica->reset = reset;
    options.ro_pool.min_idle = 0;
    options.ro_pool.max_size = 1;
    database::Database database(options);
    ExpectRouteKept(database, 5);
    for (int i = 0; i < 3; ++i) {
      const pool::Lease lease = database.AcquireRead();
      EXPECT_EQ(QueryOne(lease, "SELECT pg_is_in_recovery()"), "t");
      EXPECT_EQ(QueryOne(lease, "SHOW transaction_isolation"), "repeatable read");
    }
  }
  ExecuteAndReplay("ALTER ROLE app RESET ALL");
}

TEST_F(Evidence, BorrowerThatResetsAllSettingsLeavesAUsableSession) {
  ExecuteAndReplay("ALTER ROLE app SET default_transaction_isolation = 'serializable'");
  {
    database::DatabaseOptions options = FastProbes();
    options.ro_pool.min_idle = 0;
    options.ro_pool.max_size = 1;
    database::Database database(options);
    ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
    for (const char* reset :
         {"RESET ALL", "DISCARD ALL", "RESET default_transaction_isolation", "BEGIN; RESET ALL"}) {
      postgres::Session::Of(database.AcquireRead()).Query(reset, base::kNever);
      EXPECT_EQ(Read(database, "SHOW transaction_isolation"), "repeatable read") << reset;
    }
  }
  ExecuteAndReplay("ALTER ROLE app RESET ALL");
}

TEST_F(Evidence, BorrowerThatMakesItsSessionSerializableHarmsNoOther) {
  database::DatabaseOptions options = FastProbes();
  options.ro_pool.min_idle = 0;
  options.ro_pool.max_size = 1;
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
  const std::string pid = Read(database, "SELECT pg_backend_pid()");
  for (const char* set :
       {"SET default_transaction_isolation = 'serializable'",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SELECT set_config('default_transaction_isolation', 'serializable', false)"}) {
    {
      const pool::Lease lease = database.AcquireRead();
      QueryOne(lease, set);
      EXPECT_EQ(QueryOne(lease, "SELECT 1"), "0A000") << set;
    }
    EXPECT_EQ(Read(database, "SHOW transaction_isolation"), "read committed") << set;
  }
  EXPECT_EQ(Read(database, "SELECT pg_backend_pid()"), pid);
}

TEST_F(Evidence, SessionsStayUsableWhenTheServerBecomesSerializable) {
  PinForSuperuserOfPostgres();
  for (const auto reset : {postgres::SessionReset::kRollback, postgres::SessionReset::kResetAll,
                           postgres::SessionReset::kDiscardAll}) {
    database::DatabaseOptions options = FastProbes();
    options.replica->reset = reset;
    options.ro_pool.min_idle = 1;
    options.ro_pool.max_size = 1;
    database::Database database(options);
    ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
    EXPECT_EQ(Read(database, "SHOW transaction_isolation"), "read committed");
    const std::string pid = Read(database, "SELECT pg_backend_pid()");
    ChangeIsolation("serializable");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Read(database, "SELECT pg_backend_pid()"), pid);
    ChangeIsolation("read committed");
  }
  ResetForSuperuserOfPostgres();
}

TEST_F(Evidence, SessionsOfAPoolerSurviveAServerThatBecomesSerializable) {
  PinForSuperuserOfPostgres();
  {
    const PgBouncer pooler(*replica_, "transaction");
    database::Database database(FastProbesBehind(pooler));
    ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
    EXPECT_EQ(Read(database, "SHOW transaction_isolation"), "read committed");
    ChangeIsolation("serializable");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Read(database, "SELECT pg_is_in_recovery()"), "t");
    EXPECT_EQ(database.pool_stats().pools[PoolRole::kRo]->read_only_unproven, 0u);
    ChangeIsolation("read committed");
  }
  ResetForSuperuserOfPostgres();
}

TEST_F(Evidence, SerializableRoleReadsFromAReplicaBehindAPooler) {
  ExecuteAndReplay("ALTER ROLE app SET default_transaction_isolation = 'serializable'");
  {
    const PgBouncer pooler(*replica_, "transaction");
    database::Database database(FastProbesBehind(pooler));
    ExpectRouteKept(database, 5);
    for (int i = 0; i < 2; ++i) {
      const pool::Lease lease = database.AcquireRead();
      EXPECT_EQ(QueryOne(lease, "SELECT pg_is_in_recovery()"), "t");
      EXPECT_EQ(QueryOne(lease, "SHOW transaction_isolation"), "repeatable read");
    }
  }
  ExecuteAndReplay("ALTER ROLE app RESET ALL");
}

TEST_F(Evidence, PrimaryThatRefusesWritesBySettingIsShown) {
  database::Database database(TimedProbes());
  const auto writable = [&] {
    return database.stats().control.probes[PoolRole::kPrimary].writable;
  };
  ASSERT_TRUE(Eventually(kPatience, [&] { return writable() == true; }));
  FaultTimes times;
  for (int round = 0; round < Rounds(1); ++round) {
    primary_->AlterSystem("SET default_transaction_read_only = on");
    times.detected.push_back(TimeUntil([&] { return writable() == false; }));
    primary_->AlterSystem("RESET default_transaction_read_only");
    times.recovered.push_back(TimeUntil([&] { return writable() == true; }));
  }
  Report("default_transaction_read_only on at the primary", times);
  EXPECT_EQ(database.stats().control.probes[PoolRole::kRo].writable, false);
}

// With read-write, libpq accepts no session of such a server.
TEST_F(Evidence, ReadWriteInTheDsnDoesNotHideARefusalOfWrites) {
  database::DatabaseOptions options = FastProbes();
  options.primary->dsn = base::Secret(primary_->Dsn() + " target_session_attrs=read-write");
  primary_->AlterSystem("SET default_transaction_read_only = on");
  {
    database::Database database(options);
    const auto primary = [&] { return database.stats().control.probes[PoolRole::kPrimary]; };
    EXPECT_TRUE(Eventually(kPatience, [&] { return primary().writable == false; }));
    EXPECT_TRUE(primary().up);
    EXPECT_TRUE(Eventually(
        kPatience, [&] { return database.stats().control.replica.lag == base::Duration::zero(); }));
  }
  primary_->AlterSystem("RESET default_transaction_read_only");
}

// A name that leads to two replicas, like that of a load balancer: the probe's session is on one of
// them, and the pool's new sessions are on the other, whose replay is paused.
TEST_F(Evidence, OnlyTheReplicaThatWasJudgedServesReads) {
  const auto stale = PostgresServer::MakeReplicaOf(*primary_);
  FaultTimes times;
  for (int round = 0; round < Rounds(1); ++round) MoveSessionsToStale(*stale, times);
  Report("new sessions lead to another replica, which lags", times);
}

// Replicas get such WAL only once it is flushed, which nothing causes on an idle primary but its
// background writer.
TEST_F(Evidence, UnflushedWalOfAnOpenTransactionIsNoLag) {
  ExecuteAndReplay("CREATE TABLE quiet (a int); GRANT ALL ON quiet TO app");
  database::Database database(FastProbes());
  ExpectRouteKept(database, 5);
  // Below, nothing crosses a page: complete pages are flushed.
  primary_->Execute("SELECT pg_switch_wal()");
  const int background_writer = std::stoi(primary_->QueryOne(
      "SELECT pid FROM pg_stat_activity WHERE backend_type = 'background writer'"));
  ASSERT_EQ(kill(background_writer, SIGSTOP), 0);
  {
    const pool::Lease older = database.AcquireWrite();
    QueryOne(older, "BEGIN");
    ASSERT_EQ(QueryOne(older, "INSERT INTO quiet VALUES (1) RETURNING a"), "1");
    primary_->Execute("SET synchronous_commit = on; INSERT INTO quiet VALUES (2)");
    ASSERT_EQ(QueryOne(older, "INSERT INTO quiet VALUES (3) RETURNING a"), "3");
    EXPECT_TRUE(Eventually(kPatience, [&] {
      const control::ReplicaStats replica = database.stats().control.replica;
      return replica.lag == base::Duration::zero() && replica.lag_bytes.value_or(0) > 0;
    }));
    EXPECT_EQ(replica_->QueryOne("SELECT a FROM quiet"), "2");
    QueryOne(older, "ROLLBACK");
  }
  kill(background_writer, SIGCONT);
}

// Replicas complete such a transaction while its primary still counts it as running.
TEST_F(Evidence, CommitThatWaitsForAStandbyIsNotDivergence) {
  ExecuteAndReplay("CREATE TABLE awaited (a int)");
  database::Database database(FastProbes());
  ExpectRouteKept(database, 5);
  primary_->AlterSystem("SET synchronous_standby_names = 'far'");
  std::atomic<bool> over{false};
  std::thread writer([&over] {
    while (!over) primary_->Execute("SET synchronous_commit = on; INSERT INTO awaited VALUES (1)");
  });
  const auto rows = [](const PostgresServer& server) {
    return server.QueryOne("SELECT count(*) FROM awaited");
  };
  EXPECT_TRUE(Eventually(kPatience, [&] { return rows(*primary_) != rows(*replica_); }));
  ExpectRouteKept(database, 20);
  EXPECT_NE(rows(*primary_), rows(*replica_));
  over = true;
  primary_->AlterSystem("RESET synchronous_standby_names");
  writer.join();
  ExpectRouteKept(database, 5);
  EXPECT_EQ(database.stats().control.replica.judged_unfit[Reason::kDiverged], 0u);
}

// A primary that was restored from a copy of its files is on the same timeline.
Milliseconds TimeUntilDiverged() {
  PostgresServer primary;
  const auto replica = PostgresServer::MakeReplicaOf(primary);
  const std::filesystem::path data = primary.data_dir();
  const std::filesystem::path copy = data.parent_path() / "copy";
  const auto put = [](const std::filesystem::path& from, const std::filesystem::path& to) {
    const std::string command = "cp -a '" + from.string() + "' '" + to.string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c)
  };
  primary.Stop();
  put(data, copy);
  primary.Start();
  primary.Execute("CREATE TABLE lost AS SELECT generate_series(1, 10000) AS n");
  EXPECT_TRUE(AwaitReplay(primary, *replica));
  TcpProxy name(replica->port());
  database::DatabaseOptions options = OptionsOn(primary, *replica);
  options.replica->dsn = base::Secret(name.Dsn(replica->Dsn()));
  if (!Long()) options.probe.interval = milliseconds(50);
  database::Database database(options);
  EXPECT_TRUE(AwaitRoute(database, Route::kReplica));

  primary.Stop(PostgresServer::StopMode::kImmediate);
  std::filesystem::remove_all(data);
  put(copy, data);
  primary.Start();
  const Milliseconds detected =
      TimeUntil([&] { return database.pool_stats().route.reason == Reason::kDiverged; });
  EXPECT_EQ(database.pool_stats().ro_routes_to(), 2);
  EXPECT_EQ(database.stats().control.replica.lag, std::nullopt);
  EXPECT_EQ(replica->QueryOne("SELECT count(*) FROM lost"), "10000");
  EXPECT_EQ(Read(database, "SELECT to_regclass('lost') IS NULL"), "t");
  // The primary reaches the replica's position, with rows that the replica never receives.
  const std::string position = replica->QueryOne("SELECT pg_last_wal_replay_lsn()");
  primary.Execute("CREATE TABLE other AS SELECT generate_series(1, 30000) AS n");
  EXPECT_EQ(primary.QueryOne("SELECT pg_current_wal_lsn() > '" + position + "'"), "t");
  const auto judged = [&] {
    return database.stats().control.replica.judged_unfit[Reason::kDiverged];
  };
  const auto stays_diverged = [&](const char* after) {
    const std::uint64_t before = judged();
    EXPECT_TRUE(Eventually(kPatience, [&] { return judged() > before + 10; })) << after;
    EXPECT_EQ(database.pool_stats().route.reason, Reason::kDiverged) << after;
  };
  stays_diverged("the primary has written more");
  primary.Execute("CHECKPOINT");
  replica->Stop();
  replica->Start();
  stays_diverged("a restart of the replica");
  options.replica->dsn = base::Secret(options.replica->dsn.Reveal() + " application_name=other");
  database.Reconfigure(options);
  stays_diverged("a reload of the same server");
  replica->Stop();
  EXPECT_TRUE(Eventually(
      kPatience, [&] { return database.pool_stats().route.reason == Reason::kConnectFailed; }));
  const auto rebuilt = PostgresServer::MakeReplicaOf(primary);
  name.ConnectTo(rebuilt->port());
  EXPECT_TRUE(AwaitRoute(database, Route::kReplica));
  return detected;
}

// A standby that lacks rows of the replica is promoted.
TEST(Diverged, ReplicaThatWasRewoundServesReadsAgain) {
  const ServerSettings settings{{"wal_log_hints", "on"}, {"full_page_writes", "on"}};
  PostgresServer primary(settings);
  const auto replica = PostgresServer::MakeReplicaOf(primary, settings);
  const auto standby = PostgresServer::MakeReplicaOf(primary, settings);
  standby->Stop();
  primary.Execute("CREATE TABLE lost AS SELECT generate_series(1, 10000) AS n");
  ASSERT_TRUE(AwaitReplay(primary, *replica));
  TcpProxy name(primary.port());
  database::DatabaseOptions options = OptionsOn(primary, *replica);
  options.primary->dsn = base::Secret(name.Dsn(primary.Dsn()));
  options.probe.interval = milliseconds(50);
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));

  primary.Stop(PostgresServer::StopMode::kImmediate);
  standby->Start();
  standby->Promote();
  name.ConnectTo(standby->port());
  ASSERT_TRUE(Eventually(kPatience,
                         [&] { return database.pool_stats().route.reason == Reason::kDiverged; }));
  const std::string position = replica->QueryOne("SELECT pg_last_wal_replay_lsn()");
  standby->Execute("CREATE TABLE other AS SELECT generate_series(1, 30000) AS n");
  EXPECT_EQ(standby->QueryOne("SELECT pg_current_wal_lsn() > '" + position + "'"), "t");
  standby->Execute("CHECKPOINT");
  const auto primary_probes = [&] {
    return database.stats().control.probes[PoolRole::kPrimary].probes;
  };
  const std::uint64_t before = primary_probes();
  ASSERT_TRUE(Eventually(kPatience, [&] { return primary_probes() > before + 1; }));
  EXPECT_EQ(database.pool_stats().route.reason, Reason::kDiverged);

  replica->Stop();
  replica->RewindTo(*standby);
  replica->Start();
  EXPECT_TRUE(AwaitRoute(database, Route::kReplica));
  EXPECT_EQ(replica->QueryOne("SELECT timeline_id FROM pg_control_checkpoint()"), "1")
      << "the restart point is of the timeline that it has left";
  EXPECT_EQ(Read(database, "SELECT to_regclass('lost') IS NULL AND pg_is_in_recovery()"), "t");
}

TEST(Diverged, ReplicaWithRowsThatThePrimaryNeverHadServesNoReads) {
  std::vector<Milliseconds> detected;
  for (int round = 0; round < Rounds(1); ++round) detected.push_back(TimeUntilDiverged());
  Report("replica ahead of its primary, detected", detected);
}

}  // namespace
}  // namespace scidex::test
