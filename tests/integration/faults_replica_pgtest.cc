// Faults of a replica, on real servers: how they are detected, in what time, and the recovery.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <sstream>
#include <string>
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
  // At the default probe interval.
  static database::DatabaseOptions Options() {
    return OptionsTo(replica_->Dsn("reader", "reading"));
  }
  // For tests that do not measure the time of detection.
  static database::DatabaseOptions FastProbes() {
    database::DatabaseOptions options = Options();
    options.probe.interval = 200ms;
    // Existing sessions continue while the probe opens no new one.
    options.probe.new_session_interval = 1h;
    return options;
  }
  static database::DatabaseOptions OptionsTo(const std::string& replica_dsn) {
    database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
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
  Milliseconds TimeUntilFallthrough(Moment start = Moment::clock::now()) {
    return TimeUntil([&] { return RoutesTo() == 2; }, start);
  }
  Milliseconds TimeUntilReplicaServes() {
    const Milliseconds took = TimeUntil([&] { return RoutesTo() == 1; });
    EXPECT_EQ(Read(*database_, "SELECT pg_is_in_recovery()"), "t");
    return took;
  }
  // Reads are served by the primary, in read-only sessions.
  void ExpectFallthroughServes() {
    EXPECT_EQ(Read(*database_, "SELECT pg_is_in_recovery()"), "f");
    EXPECT_EQ(Read(*database_, "SHOW transaction_read_only"), "on");
  }
  // In each round, `start` makes the reads of the open database fall through and returns the
  // earliest time at which they may, and `end` reverses that.
  FaultTimes RepeatFallthrough(Reason reason, const std::function<Moment()>& start,
                               const std::function<void()>& end) {
    return Repeat(
        [&] {
          const Milliseconds detected = TimeUntilFallthrough(start());
          EXPECT_EQ(RouteReason(), reason);
          return detected;
        },
        [&] {
          end();
          return TimeUntilReplicaServes();
        });
  }
  // Ends all sessions on the replica, so that new ones have to be opened. Returns when that began.
  static Moment EndSessions() {
    const Moment start = Moment::clock::now();
    replica_->Execute(
        "SELECT pg_terminate_backend(pid, 180000) FROM pg_stat_activity WHERE usename IN ('app', "
        "'reader', 'dropped')");
    return start;
  }
};

// Probes alone would detect it after an hour.
TEST_F(ReplicaFault, KilledLosesTheRouteImmediatelyEvenWithoutReads) {
  std::vector<Milliseconds> times;
  for (int round = 0; round < Rounds(2); ++round) {
    database::DatabaseOptions options = Options();
    options.probe.interval = 1h;
    Open(options);
    const Moment start = Moment::clock::now();
    replica_->Kill9();
    times.push_back(TimeUntilFallthrough(start));
    ExpectFallthroughServes();
    EXPECT_TRUE(Eventually(kPatience, [&] { return !Probe().up; }));
    EXPECT_TRUE(Eventually(kPatience, [&] { return Ro().idle == 0u; }));
    database_.reset();
    replica_->Start();
  }
  Report("replica killed, detected", times);
  ExpectWithin(2s, times);
}

TEST_F(ReplicaFault, KilledAndStartedAgainServesAgain) {
  Open(Options());
  std::vector<Milliseconds> recovered;
  for (int round = 1; round <= Rounds(1); ++round) {
    const auto lost = static_cast<std::size_t>(round);
    const std::uint64_t refused = Probe().failures[Reason::kConnectRefused];
    replica_->Kill9();
    TimeUntilFallthrough();
    EXPECT_TRUE(Eventually(kPatience, [&] { return RouteReason() == Reason::kConnectRefused; }));
    EXPECT_TRUE(
        Eventually(kPatience, [&] { return Probe().failures[Reason::kConnectRefused] > refused; }));
    EXPECT_EQ(log_.Count({"route changed", "from=replica", "to=primary_fallthrough"}), lost);
    replica_->Start();
    recovered.push_back(TimeUntilReplicaServes());
    EXPECT_EQ(log_.Count({"route changed", "to=replica"}), lost);
  }
  Report("replica killed, recovered", recovered);
}

TEST_F(ReplicaFault, RestartedServesAgain) {
  Open(FastProbes());
  const auto lost = [&] {
    return database_->pool_stats().route.transitions[Route::kReplica][Route::kPrimaryFallthrough];
  };
  FaultTimes times;
  for (int round = 0; round < Rounds(1); ++round) {
    const std::uint64_t before = lost();
    // The server ends with the thread that starts it.
    std::future<Milliseconds> detected =
        std::async(std::launch::async, [&] { return TimeUntil([&] { return lost() > before; }); });
    replica_->Restart();
    times.detected.push_back(detected.get());
    times.recovered.push_back(TimeUntilReplicaServes());
  }
  Report("replica restarted", times);
}

TEST_F(ReplicaFault, FrozenLosesTheRouteThroughItsProbe) {
  database::DatabaseOptions options = Options();
  options.probe.timeout = 1s;
  const auto suspend = [&] {
    Open(options);
    replica_->Suspend();
    const Milliseconds detected = TimeUntilFallthrough();
    ExpectFallthroughServes();
    EXPECT_TRUE(RouteReason() == Reason::kProbeTimeout || RouteReason() == Reason::kConnectTimeout);
    return detected;
  };
  const auto resume = [&] {
    replica_->Resume();
    const Milliseconds recovered = TimeUntilReplicaServes();
    TearDown();
    return recovered;
  };
  const FaultTimes times = Repeat(suspend, resume);
  Report("replica frozen", times);
  // Probe interval + probe timeout + 1 s.
  ExpectWithin(3s, times.detected);
}

TEST_F(ReplicaFault, CutOffByTheNetworkLosesTheRouteThroughItsProbe) {
  TcpProxy network(replica_->port());
  database::DatabaseOptions options = OptionsTo(network.Dsn(replica_->Dsn("reader", "reading")));
  options.probe.timeout = 1s;
  Open(options);
  const auto cut = [&] {
    network.Suspend();
    const Milliseconds detected = TimeUntilFallthrough();
    ExpectFallthroughServes();
    EXPECT_TRUE(RouteReason() == Reason::kProbeTimeout || RouteReason() == Reason::kConnectTimeout);
    return detected;
  };
  const auto restore = [&] {
    network.Resume();
    return TimeUntilReplicaServes();
  };
  const FaultTimes times = Repeat(cut, restore);
  Report("replica behind a black hole", times);
  ExpectWithin(3s, times.detected);
  Close();
}

TEST_F(ReplicaFault, SmallSegmentsAndDelaysOfTheNetworkKeepTheRoute) {
  TcpProxy network(replica_->port());
  network.LimitWrites(7);
  network.Delay(std::chrono::microseconds(200));
  Open(OptionsTo(network.Dsn(replica_->Dsn("reader", "reading"))));
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
  FaultTimes times;
  for (int round = 0; round < Rounds(1); ++round) {
    replica_->Execute("SELECT pg_wal_replay_pause()");
    const Moment start = Moment::clock::now();
    primary_->Execute("CREATE TABLE lag AS SELECT generate_series(1, 1000)");
    times.detected.push_back(TimeUntilFallthrough(start));
    EXPECT_EQ(RouteReason(), Reason::kLagExceeded);
    EXPECT_GT(times.detected.back(), 400ms);
    EXPECT_GT(*database_->stats().control.replica.lag_bytes, 1000u);
    EXPECT_EQ(database_->stats().control.replica.wal_receiver_up, true);
    replica_->Execute("SELECT pg_wal_replay_resume()");
    times.recovered.push_back(TimeUntilReplicaServes());
    primary_->Execute("DROP TABLE lag");
    EXPECT_TRUE(
        Eventually(kPatience, [&] { return database_->stats().control.replica.lag_bytes == 0u; }));
  }
  Report("replay paused", times);
}

// postgres_exporter shows no lag in this case.
TEST_F(ReplicaFault, WhoseWalReceiverIsDeadLags) {
  database::DatabaseOptions options = Options();
  options.routing.max_lag = 500ms;
  options.probe.interval = 100ms;
  Open(options);
  const std::string restore = replica_->QueryOne(
      "SELECT format('SET primary_conninfo = %L', current_setting('primary_conninfo'))");
  FaultTimes times;
  std::vector<Milliseconds> receiver_down;
  for (int round = 0; round < Rounds(1); ++round) {
    replica_->AlterSystem("SET primary_conninfo = 'host=127.0.0.1 port=1'");
    receiver_down.push_back(
        TimeUntil([&] { return database_->stats().control.replica.wal_receiver_up == false; }));
    // On an idle primary that is no lag yet, and WAL without a transaction is never lag.
    primary_->Execute("CHECKPOINT; SELECT pg_switch_wal(); CHECKPOINT");
    EXPECT_TRUE(Eventually(kPatience,
                           [&] { return database_->stats().control.replica.lag_bytes > 1000u; }));
    const std::uint64_t probes = Probes();
    EXPECT_TRUE(Eventually(kPatience, [&] { return Probes() > probes + 10; }));
    EXPECT_EQ(database_->stats().control.replica.lag, base::Duration::zero());
    EXPECT_EQ(RoutesTo(), 1);
    primary_->Execute("CREATE TABLE lag AS SELECT generate_series(1, 1000)");
    times.detected.push_back(TimeUntilFallthrough());
    EXPECT_EQ(RouteReason(), Reason::kLagExceeded);
    replica_->AlterSystem(restore);
    times.recovered.push_back(TimeUntilReplicaServes());
    primary_->Execute("DROP TABLE lag");
    ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  }
  Report("WAL receiver stopped, wal_receiver_up 0", receiver_down);
  Report("WAL receiver stopped, route lost after a write", times);
}

TEST_F(ReplicaFault, ChangedPasswordLosesTheRouteOnlyOnceSessionsEnd) {
  Open(FastProbes());
  Report("password changed", RepeatFallthrough(
                                 Reason::kAuthFailed,
                                 [&] {
                                   primary_->Execute("ALTER ROLE reader PASSWORD 'other'");
                                   EXPECT_TRUE(AwaitReplay(*primary_, *replica_));
                                   EXPECT_EQ(Read(*database_, "SELECT pg_is_in_recovery()"), "t");
                                   return EndSessions();
                                 },
                                 [] {
                                   primary_->Execute("ALTER ROLE reader PASSWORD '" +
                                                     std::string(PostgresServer::kPassword) + "'");
                                 }));
  for (const std::string& line : log_.Lines())
    EXPECT_EQ(line.find(PostgresServer::kPassword), std::string::npos) << line;
}

TEST_F(ReplicaFault, WhoseRoleWasDroppedLosesTheRoute) {
  Open(FastProbes());
  const auto drop = [] {
    primary_->Execute("ALTER ROLE reader RENAME TO dropped");
    EXPECT_TRUE(AwaitReplay(*primary_, *replica_));
    return EndSessions();
  };
  const auto restore = [] {
    // The old password was hashed with the name.
    primary_->Execute("ALTER ROLE dropped RENAME TO reader; ALTER ROLE reader PASSWORD '" +
                      std::string(PostgresServer::kPassword) + "'");
  };
  Report("role dropped", RepeatFallthrough(Reason::kAuthFailed, drop, restore));
}

TEST_F(ReplicaFault, WhoseDatabaseWasRenamedLosesTheRoute) {
  Open(FastProbes());
  const auto rename = [] {
    primary_->Execute("ALTER DATABASE reading RENAME TO renamed");
    EXPECT_TRUE(AwaitReplay(*primary_, *replica_));
    return EndSessions();
  };
  const auto restore = [] { primary_->Execute("ALTER DATABASE renamed RENAME TO reading"); };
  Report("database renamed", RepeatFallthrough(Reason::kConnectFailed, rename, restore));
  EXPECT_GE(log_.Count({"server provides no session", "pools=ro ", "reading"}), 1u);
}

TEST_F(ReplicaFault, ConnectionLimitLosesTheRouteOnlyOnceSessionsEnd) {
  Open(FastProbes());
  const auto fill = [&] {
    primary_->Execute("ALTER ROLE reader CONNECTION LIMIT 0");
    EXPECT_TRUE(AwaitReplay(*primary_, *replica_));
    EXPECT_EQ(RoutesTo(), 1);
    return EndSessions();
  };
  const auto make_room = [] { primary_->Execute("ALTER ROLE reader CONNECTION LIMIT -1"); };
  Report("no room for the role", RepeatFallthrough(Reason::kTooManyConnections, fill, make_room));
}

// The probe's session is one of those that continue.
TEST_F(ReplicaFault, RefusalOfNewSessionsAloneLosesTheRoute) {
  database::DatabaseOptions options = Options();
  if (!Long()) options.probe.new_session_interval = 200ms;
  Open(options);
  const std::filesystem::path file = replica_->data_dir() / "pg_hba.conf";
  std::ostringstream rules;
  rules << std::ifstream(file).rdbuf();
  const auto reload = [&](const std::string& first) {
    std::ofstream(file) << first << rules.str();
    replica_->Execute("SELECT pg_reload_conf()");
  };
  const auto refuse = [&] {
    reload("host all reader all reject\n");
    return Moment::clock::now();
  };
  const auto admit = [&] { reload(""); };
  Report("new sessions refused by pg_hba.conf",
         RepeatFallthrough(Reason::kAuthFailed, refuse, admit));
}

TEST_F(ReplicaFault, RepeatedlyTerminatedSessionsKeepTheirReaders) {
  Open(FastProbes());
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
          // Its session was terminated.
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
  TimeUntilReplicaServes();
}

TEST_F(ReplicaFault, RebuiltFromAnotherClusterIsReportedAndTheRightOneServes) {
  const std::unique_ptr<PostgresServer> stranger = PostgresServer::MakeUnrelated();
  AddReader(*stranger);
  const std::unique_ptr<PostgresServer> strangers = PostgresServer::MakeReplicaOf(*stranger);
  TcpProxy name(replica_->port());
  Open(OptionsTo(name.Dsn(replica_->Dsn("reader", "reading"))));
  const auto move = [&] {
    name.ConnectTo(strangers->port());
    return EndSessions();
  };
  const auto move_back = [&] { name.ConnectTo(replica_->port()); };
  Report("replica of another cluster", RepeatFallthrough(Reason::kWrongCluster, move, move_back));
  // The pool has no session to the other cluster left.
  EXPECT_TRUE(AwaitNoSessions(*strangers));
  Close();
}

TEST_F(ReplicaFault, NameThatLeadsToThePrimaryLosesTheRoute) {
  TcpProxy name(replica_->port());
  database::DatabaseOptions options = OptionsTo(name.Dsn(replica_->Dsn("reader", "reading")));
  if (!Long()) options.probe.new_session_interval = 200ms;
  Open(options);
  const auto move = [&] {
    name.ConnectTo(primary_->port());
    return EndSessions();
  };
  const auto move_back = [&] { name.ConnectTo(replica_->port()); };
  Report("replica's name leads to the primary",
         RepeatFallthrough(Reason::kIsPrimary, move, move_back));
  Close();
}

class Promotion : public testing::Test {};

// Promotes a new replica while readers try to write on it. Returns the time until that is detected.
Milliseconds PromoteInUse(const PostgresServer& primary) {
  const std::unique_ptr<PostgresServer> replica = PostgresServer::MakeReplicaOf(primary);
  database::DatabaseOptions options = OptionsOn(primary, *replica);
  options.probe.interval = 1h;
  database::Database database(options);
  EXPECT_TRUE(AwaitRoute(database, Route::kReplica));
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
  const Milliseconds detected =
      TimeUntil([&] { return database.pool_stats().ro_routes_to() == 2; }, start);
  EXPECT_EQ(database.pool_stats().route.reason, Reason::kNotInRecovery);
  over = true;
  writer.join();
  EXPECT_EQ(written, 0u);
  EXPECT_EQ(replica->QueryOne("SELECT count(*) FROM t"), "0");
  ExpectNothingLost(database);
  return detected;
}

// No probe is due: the server reports the promotion to a session in use with the response to its
// next query. The sessions stay read-only by their setting.
TEST_F(Promotion, IsDetectedByASessionInUseAndNoReadCanWrite) {
  PostgresServer primary;
  primary.Execute("CREATE TABLE t (a int); ALTER TABLE t OWNER TO app");
  std::vector<Milliseconds> detected;
  for (int round = 0; round < Rounds(1); ++round) detected.push_back(PromoteInUse(primary));
  Report("replica in use promoted, detected", detected);
}

TEST_F(Promotion, IsDetectedByASessionOpenedAfterIt) {
  PostgresServer primary;
  const std::unique_ptr<PostgresServer> replica = PostgresServer::MakeReplicaOf(primary);
  database::DatabaseOptions options = OptionsOn(primary, *replica);
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
  std::vector<Milliseconds> detected;
  for (int round = 0; round < Rounds(1); ++round) {
    const std::unique_ptr<PostgresServer> replica = PostgresServer::MakeReplicaOf(primary);
    database::Database database(OptionsOn(primary, *replica));
    ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
    const Moment start = Moment::clock::now();
    replica->Promote();
    detected.push_back(TimeUntil([&] { return database.pool_stats().ro_routes_to() == 2; }, start));
    EXPECT_TRUE(Eventually(kPatience, [&] {
      const pool::PoolStats ro = *database.pool_stats().pools[PoolRole::kRo];
      return ro.evictions[pool::EvictReason::kDrained] >= 2;
    }));
  }
  Report("idle replica promoted, detected", detected);
  // Probe interval + 1 s.
  ExpectWithin(2s, detected);
}

}  // namespace
}  // namespace scidex::test
