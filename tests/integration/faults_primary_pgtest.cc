// Faults of a primary, and of the network in front of it, on real servers.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "integration/faults.h"
#include "support/tcp_proxy.h"

namespace scidex::test {
namespace {

using namespace std::chrono_literals;
using control::ProbeStats;
using routing::PoolRole;
using routing::Reason;
using routing::Route;

// Writes through a lease of its own. Returns the SQLSTATE if the write fails, else "".
std::string Write(database::Database& database, base::Duration patience = kPatience) {
  const base::TimePoint deadline = base::RealClock().Now() + patience;
  const pool::Lease lease = database.AcquireWrite({deadline});
  const postgres::QueryResult result =
      postgres::Session::Of(lease).Query("INSERT INTO t VALUES (1)", deadline);
  if (result.status == postgres::QueryResult::Status::kOk) return "";
  return result.sqlstate.empty() ? result.message.words : result.sqlstate;
}

class PrimaryFault : public Fault {
 protected:
  static void SetUpTestSuite() {
    Start({});
    primary_->Execute("CREATE TABLE t (a int); ALTER TABLE t OWNER TO app");
    ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  }
  static database::DatabaseOptions FastProbes() {
    database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
    options.probe.interval = 200ms;
    return options;
  }
  database::Database& Open(const database::DatabaseOptions& options) {
    database_ = std::make_unique<database::Database>(options);
    EXPECT_TRUE(AwaitRoute(*database_, Route::kReplica));
    EXPECT_TRUE(Eventually(kPatience, [&] { return Probe().up; }));
    EXPECT_EQ(Write(*database_), "");
    return *database_;
  }
  pool::PoolStats Primary() const { return *database_->pool_stats().pools[PoolRole::kPrimary]; }
  ProbeStats Probe() const { return ProbeOf(PoolRole::kPrimary); }
  Milliseconds TimeUntilDown(Moment start) {
    return TimeUntil([&] { return !Probe().up; }, start);
  }
  Milliseconds TimeUntilWriteSucceeds() {
    return TimeUntil([&] {
      try {
        return Write(*database_).empty();
      } catch (const pool::AcquireError&) {
        return false;
      }
    });
  }
  // The primary's health never changes where reads go.
  void ExpectReadsStayedOnReplica() {
    EXPECT_EQ(Read(*database_, "SELECT pg_is_in_recovery()"), "t");
    const routing::RouteStats route = database_->pool_stats().route;
    EXPECT_EQ(route.transitions[Route::kReplica][Route::kPrimaryFallthrough], 0u);
  }
};

TEST_F(PrimaryFault, KillIsDetectedImmediatelyAndReadsStayOnTheReplica) {
  database::DatabaseOptions options = FastProbes();
  options.probe.interval = 1h;
  const auto kill = [&] {
    Open(options);
    const Moment start = Moment::clock::now();
    primary_->Kill9();
    const Milliseconds detected = TimeUntilDown(start);
    EXPECT_THROW(Write(*database_, 100ms), pool::AcquireTimeout);
    ExpectReadsStayedOnReplica();
    return detected;
  };
  const auto start_again = [&] {
    primary_->Start();
    const Milliseconds recovered = TimeUntilWriteSucceeds();
    ExpectReadsStayedOnReplica();
    EXPECT_TRUE(AwaitReplay(*primary_, *replica_));
    Close();
    return recovered;
  };
  const FaultTimes times = Repeat(kill, start_again);
  Report("primary killed", times);
  // The backoff's cap plus one connect timeout.
  ExpectWithin(5s + 3s, times.recovered);
}

TEST_F(PrimaryFault, FreezeTimesOutWritesAndDoesNotAffectReads) {
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  // More than a probe of the healthy replica needs on a busy machine.
  options.probe.timeout = Long() ? 1s : 5s;
  const auto suspend = [&] {
    Open(options);
    const Moment start = Moment::clock::now();
    primary_->Suspend();
    const Milliseconds detected = TimeUntilDown(start);
    EXPECT_EQ(Probe().last_reason, Reason::kProbeTimeout);
    try {
      EXPECT_NE(Write(*database_, 200ms), "");
    } catch (const pool::AcquireTimeout&) {
      // All sessions were already found to be dead.
    }
    ExpectReadsStayedOnReplica();
    return detected;
  };
  const auto resume = [&] {
    primary_->Resume();
    const Milliseconds recovered = TimeUntilWriteSucceeds();
    ExpectReadsStayedOnReplica();
    Close();
    return recovered;
  };
  Report("primary frozen", Repeat(suspend, resume));
}

TEST_F(PrimaryFault, RestartedTakesWritesAgain) {
  Open(FastProbes());
  std::vector<Milliseconds> recovered;
  for (int round = 0; round < Rounds(1); ++round) {
    primary_->Restart();
    recovered.push_back(TimeUntilWriteSucceeds());
    ExpectReadsStayedOnReplica();
    EXPECT_TRUE(AwaitReplay(*primary_, *replica_));
  }
  Report("primary restarted, recovered", recovered);
}

// As after a failover, while a name still resolves to the previous primary.
TEST_F(PrimaryFault, FirstRefusedWriteDetectsADemotionAndReplacesItsSessions) {
  TcpProxy name(primary_->port());
  database::DatabaseOptions options = FastProbes();
  options.primary->dsn = base::Secret(name.Dsn(primary_->Dsn()));
  options.primary_pool.min_idle = 0;
  options.probe.interval = 1h;
  const auto demote = [&] {
    Open(options);
    name.ConnectTo(replica_->port());
    primary_->Execute(
        "SELECT pg_terminate_backend(pid, 180000) FROM pg_stat_activity WHERE usename = 'app'");
    std::string refused;
    EXPECT_TRUE(Eventually(kPatience, [&] {
      refused = Write(*database_);
      return refused == "25006";
    })) << refused;
    EXPECT_GE(
        log_.Count({"refused by a server in recovery", "verb=INSERT", "faults_primary_pgtest.cc"}),
        1u);
    const Milliseconds detected =
        TimeUntil([&] { return Primary().evictions[pool::EvictReason::kDrained] >= 1u; });
    EXPECT_EQ(Primary().read_only_violations, 0u);
    return detected;
  };
  const auto restore = [&] {
    name.ConnectTo(primary_->port());
    // At most one more write is refused: by the session that was opened meanwhile.
    const Milliseconds recovered = TimeUntilWriteSucceeds();
    Close();
    return recovered;
  };
  Report("primary demoted", Repeat(demote, restore));
}

// Like a restarted firewall. Neither end is notified, so only a query detects it.
TEST_F(PrimaryFault, SilentlyDroppedConnectionsCostNoWrite) {
  TcpProxy firewall(primary_->port());
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.primary->dsn = base::Secret(firewall.Dsn(primary_->Dsn()));
  options.primary_pool.min_idle = 10;
  options.primary_pool.max_size = 10;
  options.ro_fallthrough_pool.min_idle = 0;
  options.probe.timeout = 500ms;
  std::vector<Milliseconds> replaced;
  for (int round = 0; round < Rounds(1); ++round) {
    database_ = std::make_unique<database::Database>(options);
    ASSERT_TRUE(Eventually(kPatience, [&] { return Primary().idle == 10u; }));
    firewall.ForgetConnections();
    replaced.push_back(
        TimeUntil([&] { return Primary().evictions[pool::EvictReason::kDrained] >= 10u; }));
    std::vector<std::future<std::string>> writes;
    for (int i = 0; i < 10; ++i)
      writes.push_back(std::async(std::launch::async, [&] { return Write(*database_); }));
    for (auto& write : writes) EXPECT_EQ(write.get(), "");
    Close();
    // The server was not notified either, and would have no room for the sessions of further
    // rounds.
    primary_->Execute(
        "SELECT pg_terminate_backend(pid, 180000) FROM pg_stat_activity WHERE usename = 'app'");
  }
  Report("connections silently dropped, idle ones replaced", replaced);
}

TEST_F(PrimaryFault, FullServerIsReportedAndServesOnceThereIsRoom) {
  const PostgresServer small(
      {{"max_connections", "6"}, {"max_wal_senders", "0"}, {"wal_level", "minimal"}});
  small.Execute("CREATE TABLE t (a int); ALTER TABLE t OWNER TO app");
  database::DatabaseOptions options = OptionsOn(small);
  options.primary_pool.min_idle = 0;
  options.ro_fallthrough_pool.min_idle = 0;
  std::vector<postgres::PgConnPtr> others;
  const auto fill = [&] {
    for (;;) {
      postgres::PgConnPtr one(PQconnectdb(small.Dsn().c_str()));
      if (PQstatus(one.get()) != CONNECTION_OK) break;
      others.push_back(std::move(one));
    }
    database_ = std::make_unique<database::Database>(options);
    const Milliseconds detected =
        TimeUntil([&] { return Probe().last_reason == Reason::kTooManyConnections; });
    EXPECT_THROW(Write(*database_, 100ms), pool::AcquireTimeout);
    EXPECT_TRUE(Eventually(kPatience, [&] {
      return Primary().connects[pool::ConnectOutcome::kTooManyConnections] >= 1u;
    }));
    EXPECT_EQ(database_->pool_stats().ro_routes_to(), 2);
    return detected;
  };
  const auto make_room = [&] {
    others.clear();
    const Milliseconds recovered = TimeUntilWriteSucceeds();
    Close();
    EXPECT_TRUE(AwaitNoSessions(small));
    return recovered;
  };
  const FaultTimes times = Repeat(fill, make_room);
  Report("primary without room", times);
  // The backoff's cap plus one connect timeout.
  ExpectWithin(5s + 3s, times.recovered);
}

TEST_F(PrimaryFault, ABorrowersOwnReadOnlyTransactionReplacesNothing) {
  Open(FastProbes());
  const std::uint64_t before = Primary().evictions[pool::EvictReason::kDrained];
  {
    const pool::Lease lease = database_->AcquireWrite();
    const postgres::QueryResult result = postgres::Session::Of(lease).Query(
        "BEGIN READ ONLY; INSERT INTO t VALUES (1)", base::RealClock().Now() + kPatience);
    EXPECT_EQ(result.sqlstate, "25006");
  }
  EXPECT_EQ(Primary().evictions[pool::EvictReason::kDrained], before);
}

TEST_F(PrimaryFault, TheOneOfSeveralHostsThatAcceptsWritesIsFound) {
  database::DatabaseOptions options = FastProbes();
  options.primary->dsn =
      base::Secret("host=127.0.0.1,127.0.0.1 port=" + std::to_string(replica_->port()) + "," +
                   std::to_string(primary_->port()) + " user=app dbname=app password=" +
                   PostgresServer::kPassword + " target_session_attrs=read-write");
  Open(options);
}

TEST_F(PrimaryFault, RecoveryAtStartupIsLoggedAndAMovedNameIsFollowed) {
  TcpProxy name(replica_->port());
  database::DatabaseOptions options = FastProbes();
  options.primary->dsn = base::Secret(name.Dsn(primary_->Dsn()));
  database_ = std::make_unique<database::Database>(options);
  EXPECT_TRUE(Eventually(kPatience, [&] { return Probe().in_recovery; }));
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return log_.Count({"the primary is in recovery and accepts no writes",
                       "port=" + std::to_string(name.port())}) == 1;
  }));
  name.ConnectTo(primary_->port());
  EXPECT_TRUE(Eventually(kPatience, [&] { return Probe().up && !Probe().in_recovery; }));
  TimeUntilWriteSucceeds();
  Close();
}

// A session has the default of its login, which a later change of the role does not affect.
TEST_F(PrimaryFault, SessionsOfTheTimeWithoutWritesAreReplaced) {
  database::DatabaseOptions options = FastProbes();
  options.probe.new_session_interval = 200ms;
  Open(options);
  primary_->Execute("ALTER ROLE app SET default_transaction_read_only = on");
  primary_->Execute(
      "SELECT pg_terminate_backend(pid, 180000) FROM pg_stat_activity WHERE usename = 'app'");
  EXPECT_TRUE(Eventually(kPatience, [&] { return Probe().writable == false; }));
  EXPECT_EQ(Write(*database_), "25006");
  primary_->Execute("ALTER ROLE app RESET default_transaction_read_only");
  EXPECT_TRUE(Eventually(kPatience,
                         [&] { return Primary().evictions[pool::EvictReason::kDrained] >= 1u; }));
  EXPECT_EQ(Write(*database_), "");
  Close();
}

TEST_F(PrimaryFault, ReadOnlyByDefaultIsLoggedOnceAndSoIsItsEnd) {
  Open(FastProbes());
  const auto count = [&](const std::string& message) {
    return log_.Count({message, "port=" + std::to_string(primary_->port())});
  };
  // The last result is that of a later probe than the one that found the change.
  const auto probes_more = [&] {
    const std::uint64_t before = Probe().probes;
    EXPECT_TRUE(Eventually(kPatience, [&] { return Probe().probes >= before + 2; }));
  };
  primary_->AlterSystem("SET default_transaction_read_only = on");
  EXPECT_TRUE(Eventually(kPatience, [&] { return Probe().writable == false; }));
  probes_more();
  EXPECT_EQ(count("the primary refuses writes: default_transaction_read_only is on"), 1u);
  EXPECT_EQ(count("the primary no longer refuses writes"), 0u);

  primary_->AlterSystem("RESET default_transaction_read_only");
  EXPECT_TRUE(Eventually(kPatience, [&] { return Probe().writable == true; }));
  probes_more();
  EXPECT_EQ(count("the primary refuses writes: default_transaction_read_only is on"), 1u);
  EXPECT_EQ(count("the primary no longer refuses writes"), 1u);
  Close();
}

// A server whose responses are invalid, with a different one on each connection.
class GarbageServer {
 public:
  GarbageServer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_.get(), generic, length) != 0 || listen(listener_.get(), 16) != 0 ||
        getsockname(listener_.get(), generic, &length) != 0) {
      throw std::runtime_error("no socket for a server that sends garbage");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~GarbageServer() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  GarbageServer(const GarbageServer&) = delete;
  GarbageServer& operator=(const GarbageServer&) = delete;

  int port() const { return port_; }

 private:
  void Serve() {
    const std::vector<std::string> responses{std::string("R\0\0\0\x04", 5),
                                             "E\xff\xff\xff\xff",
                                             "SSH-2.0-OpenSSH\r\n",
                                             "HTTP/1.1 400 Bad Request\r\n\r\n",
                                             std::string(100'000, 'Z'),
                                             std::string(8, '\0'),
                                             "S",
                                             ""};
    for (std::size_t i = 0;; ++i) {
      const base::UniqueFd client(accept(listener_.get(), nullptr, nullptr));
      if (!client.valid()) return;
      const std::string& response = responses[i % responses.size()];
      send(client.get(), response.data(), response.size(), MSG_NOSIGNAL);
    }
  }

  base::UniqueFd listener_;
  int port_ = 0;
  std::thread thread_;
};

TEST_F(PrimaryFault, ServerThatSendsGarbageIsAFailedConnectAndNothingHangs) {
  const GarbageServer garbage;
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.replica = postgres::SessionOptions{};
  options.replica->dsn = base::Secret("host=127.0.0.1 port=" + std::to_string(garbage.port()) +
                                      " user=app dbname=app password=x");
  options.probe.interval = 20ms;
  options.ro_pool.backoff.cap = 50ms;
  database_ = std::make_unique<database::Database>(options);
  ASSERT_TRUE(AwaitRoute(*database_, Route::kPrimaryFallthrough));
  EXPECT_TRUE(Eventually(kPatience, [&] {
    const ProbeStats probe = database_->stats().control.probes[PoolRole::kRo];
    std::uint64_t failures = 0;
    for (std::size_t i = 0; i < base::kEnumCount<Reason>; ++i)
      failures += probe.failures[static_cast<Reason>(i)];
    return failures > 20;
  }));
  EXPECT_EQ(Read(*database_, "SELECT 1"), "1");
  Close();
}

}  // namespace
}  // namespace scidex::test
