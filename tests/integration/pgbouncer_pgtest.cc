// Read-only sessions through a real PgBouncer in each of its modes.

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <string>

#include "integration/primary_and_replica.h"
#include "integration/servers.h"
#include "support/free_port.h"
#include "support/log_tap.h"
#include "support/pgbouncer.h"
#include "support/silent_server.h"

namespace scidex::test {
namespace {

using namespace std::chrono_literals;
using control::Enforcement;
using pool::ReadOnlyProof;
using postgres::QueryResult;
using routing::PoolRole;
using routing::Reason;
using routing::Route;

class PgBouncerTest : public PrimaryAndReplica {
 protected:
  static void SetUpTestSuite() {
    Start({{"log_statement", "all"}});
    primary_->Execute("CREATE TABLE t (a int); ALTER TABLE t OWNER TO app");
  }
  void TearDown() override { primary_->Execute("TRUNCATE t"); }

  static database::DatabaseOptions OptionsThrough(const PgBouncer& bouncer) {
    return OneReadSession(*primary_, bouncer.Dsn());
  }
  static std::optional<Enforcement> EnforcementOf(const database::Database& database) {
    return control::EnforcementOf(PoolRole::kRoFallthrough,
                                  database.stats().control.probes[PoolRole::kRoFallthrough]);
  }
  // The SQLSTATE with which another client of the pooler fails to write, or "".
  static std::string WriteByAnotherClient(const PgBouncer& bouncer) {
    const postgres::PgConnPtr other(PQconnectdb(bouncer.Dsn().c_str()));
    const postgres::PgResultPtr result(PQexec(other.get(), "INSERT INTO t VALUES (1)"));
    const char* const sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return "";
    return sqlstate == nullptr ? PQerrorMessage(other.get()) : sqlstate;
  }
};

class PgBouncerHolds : public PgBouncerTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(In, PgBouncerHolds, testing::Values("session", "transaction"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST_P(PgBouncerHolds, IsDetectedAndEachReadIsInAReadOnlyTransaction) {
  const PgBouncer bouncer(*primary_, GetParam());
  database::Database database(OptionsThrough(bouncer));
  EXPECT_EQ(Read(database, "SHOW transaction_read_only"), "on");
  EXPECT_EQ(FallthroughStats(database).read_only_proofs[ReadOnlyProof::kTransaction], 1u);
  EXPECT_TRUE(
      Eventually(kPatience, [&] { return EnforcementOf(database) == Enforcement::kTransaction; }));
  EXPECT_TRUE(database.stats().control.probes[PoolRole::kRoFallthrough].behind_pooler);
}

TEST_P(PgBouncerHolds, AWriteThroughAReadLeaseIsRefusedAndCounted) {
  const PgBouncer bouncer(*primary_, GetParam());
  database::Database database(OptionsThrough(bouncer));
  {
    const pool::Lease lease = database.AcquireRead();
    postgres::ReadTransaction read = database.BeginRead(lease, kPatience);
    EXPECT_THROW(read->exec("INSERT INTO t VALUES (1)"), pqxx::sql_error);
  }
  {
    // Without a transaction of ours, on libpq alone.
    const pool::Lease lease = database.AcquireRead();
    EXPECT_EQ(QueryOne(lease, "INSERT INTO t VALUES (1)"), "25006");
  }
  EXPECT_EQ(FallthroughStats(database).read_only_violations, 2u);
}

TEST_P(PgBouncerHolds, DeadlineThatHasPassedCostsNoSession) {
  const PgBouncer bouncer(*primary_, GetParam());
  database::Database database(OptionsThrough(bouncer));
  EXPECT_EQ(Read(database, "SELECT 1"), "1");
  const pool::PoolStats before = FallthroughStats(database);
  for (int i = 0; i < 20; ++i) {
    EXPECT_THROW(static_cast<void>(database.AcquireRead({base::RealClock().Now() - 1ms})),
                 pool::AcquireTimeout);
  }
  const pool::PoolStats after = FallthroughStats(database);
  EXPECT_EQ(after.evictions[pool::EvictReason::kDead], before.evictions[pool::EvictReason::kDead]);
  EXPECT_EQ(after.connects[pool::ConnectOutcome::kOk], before.connects[pool::ConnectOutcome::kOk]);
  EXPECT_EQ(Read(database, "SELECT 1"), "1");
}

TEST_P(PgBouncerHolds, AReadLeaseServesOneTransactionAfterTheOther) {
  const PgBouncer bouncer(*primary_, GetParam());
  database::Database database(OptionsThrough(bouncer));
  const pool::Lease lease = database.AcquireRead();
  {
    postgres::ReadTransaction failed = database.BeginRead(lease, kPatience);
    EXPECT_THROW(failed->exec("SELECT 1/0"), pqxx::sql_error);
  }
  for (int i = 0; i < 2; ++i) {
    postgres::ReadTransaction read = database.BeginRead(lease, kPatience);
    EXPECT_STREQ(read->exec("SHOW transaction_read_only")[0][0].c_str(), "on");
    read.Commit();
  }
  EXPECT_EQ(QueryOne(lease, "INSERT INTO t VALUES (1)"), "25006");
}

TEST_P(PgBouncerHolds, ATransactionThatBeginsTooLateIsATimeout) {
  const PgBouncer bouncer(*primary_, GetParam());
  database::Database database(OptionsThrough(bouncer));
  {
    const pool::Lease lease = database.AcquireRead();
    // It uses the lease's transaction, so nothing is sent to begin it.
    static_cast<void>(database.BeginRead(lease, kPatience));
    EXPECT_THROW(static_cast<void>(database.BeginRead(lease, -1ms)), postgres::TransactionTimeout);
  }
  EXPECT_EQ(Read(database, "SELECT 1"), "1");
}

TEST_P(PgBouncerHolds, AnotherClientCanStillWriteAfterwards) {
  const PgBouncer bouncer(*primary_, GetParam());
  {
    database::Database database(OptionsThrough(bouncer));
    EXPECT_EQ(Read(database, "SELECT 1"), "1");
    EXPECT_EQ(Read(database, "SELECT 2"), "2");
  }
  EXPECT_EQ(WriteByAnotherClient(bouncer), "");
  EXPECT_EQ(primary_->Log().find("SET SESSION"), std::string::npos);
  EXPECT_EQ(primary_->Log().find("SET default_transaction_read_only"), std::string::npos);
}

TEST_P(PgBouncerHolds, BorrowerThatEndsTheTransactionIsLoggedAndTheNextIsReadOnly) {
  const LogTap log;
  const PgBouncer bouncer(*primary_, GetParam());
  database::Database database(OptionsThrough(bouncer));
  {
    const pool::Lease lease = database.AcquireRead();
    QueryOne(lease, "COMMIT");
  }
  EXPECT_EQ(FallthroughStats(database).read_only_tampered, 1u);
  EXPECT_GE(log.Count({"ended the read-only transaction", "pgbouncer_pgtest.cc"}), 1u);
  const pool::Lease lease = database.AcquireRead();
  EXPECT_EQ(QueryOne(lease, "INSERT INTO t VALUES (1)"), "25006");
}

std::size_t CountOccurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

TEST_P(PgBouncerHolds, ALeaseThatHasOnlyReadIsCommittedAndAnyOtherRolledBack) {
  const PgBouncer bouncer(*primary_, GetParam());
  database::DatabaseOptions options = OptionsThrough(bouncer);
  options.probe.canary_interval = base::Duration::zero();
  database::Database database(options);
  // Whether the transaction of a lease that ran this was rolled back.
  const auto rolled_back = [&](const std::string& sql) {
    const auto rollbacks = [&] { return CountOccurrences(primary_->Log(), "statement: ROLLBACK"); };
    const std::size_t before = rollbacks();
    QueryOne(database.AcquireRead(), sql);
    // What the next lease does is logged afterwards.
    Read(database, "SELECT 'after'");
    return rollbacks() > before;
  };
  for (const char* sql : {"SELECT 1", "SHOW work_mem", "EXPLAIN SELECT 1", "SELECT 1; SELECT 2"})
    EXPECT_FALSE(rolled_back(sql)) << sql;
  const std::string objects = "SELECT count(*) FROM pg_largeobject_metadata";
  const std::string before = primary_->QueryOne(objects);
  for (const char* sql :
       {"SET application_name = 'left'", "SELECT 1/0", "LISTEN left_over", "SELECT lo_create(0)",
        "SET TRANSACTION READ WRITE", "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "SET TRANSACTION READ WRITE; INSERT INTO t VALUES (1)"}) {
    EXPECT_TRUE(rolled_back(sql)) << sql;
  }
  EXPECT_EQ(primary_->QueryOne(objects), before);
  EXPECT_EQ(primary_->QueryOne("SELECT count(*) FROM t"), "0");
}

TEST_P(PgBouncerHolds, TheCanaryIsRefusedThere) {
  const PgBouncer bouncer(*primary_, GetParam());
  database::DatabaseOptions options = OptionsThrough(bouncer);
  options.ro_fallthrough_pool.min_idle = 1;
  database::Database database(options);
  ASSERT_TRUE(Eventually(kPatience, [&] {
    return database.stats().control.canaries[PoolRole::kRoFallthrough].success.has_value();
  }));
  EXPECT_EQ(database.stats().control.canaries[PoolRole::kRoFallthrough].success, true);
  EXPECT_EQ(FallthroughStats(database).read_only_violations, 0u);
}

// The same without our transaction, to show that the tests above can fail.
TEST_F(PgBouncerTest, ASetSessionWouldBeLeftToOtherClientsInTransactionMode) {
  const PgBouncer bouncer(*primary_, "transaction");
  const postgres::PgConnPtr careless(PQconnectdb(bouncer.Dsn().c_str()));
  const postgres::PgResultPtr set(
      PQexec(careless.get(), "SET SESSION default_transaction_read_only = on"));
  ASSERT_EQ(PQresultStatus(set.get()), PGRES_COMMAND_OK);
  EXPECT_EQ(WriteByAnotherClient(bouncer), "25006");
}

TEST_F(PgBouncerTest, StatementModeIsRefusedWithItsReason) {
  const PgBouncer bouncer(*primary_, "statement");
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.replica = postgres::SessionOptions{};
  options.replica->dsn = base::Secret(bouncer.Dsn());
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, Route::kPrimaryFallthrough));
  EXPECT_EQ(database.pool_stats().route.reason, Reason::kReadOnlyUnproven);
  ASSERT_TRUE(Eventually(kPatience, [&] {
    return !database.pool_stats().pools[PoolRole::kRo]->last_connect_message.empty();
  }));
  const std::string message = database.pool_stats().pools[PoolRole::kRo]->last_connect_message;
  EXPECT_NE(message.find("pool_mode must be session or transaction"), std::string::npos) << message;
}

TEST_F(PgBouncerTest, PoolerThatSilentlyDropsTheStartupOptionIsDetected) {
  const PgBouncer bouncer(*primary_, "transaction", "ignore_startup_parameters = options");
  database::Database database(OptionsThrough(bouncer));
  const pool::Lease lease = database.AcquireRead();
  EXPECT_TRUE(postgres::Session::Of(lease).by_transaction());
  EXPECT_EQ(QueryOne(lease, "INSERT INTO t VALUES (1)"), "25006");
}

TEST_F(PgBouncerTest, ASessionOnAServerWithoutAPoolerIsEnforcedBySetting) {
  database::Database database(OptionsOn(*primary_));
  const pool::Lease lease = database.AcquireRead();
  EXPECT_FALSE(postgres::Session::Of(lease).by_transaction());
  EXPECT_TRUE(
      Eventually(kPatience, [&] { return EnforcementOf(database) == Enforcement::kSession; }));
}

TEST_F(PgBouncerTest, WhenThePoolerIsRestartedReadsGoOn) {
  PgBouncer bouncer(*primary_, "transaction");
  database::Database database(OptionsThrough(bouncer));
  EXPECT_EQ(Read(database, "SELECT 1"), "1");
  bouncer.Stop();
  EXPECT_THROW(static_cast<void>(database.AcquireRead(
                   {base::RealClock().Now() + std::chrono::milliseconds(100)})),
               pool::AcquireTimeout);
  bouncer.Start();
  EXPECT_EQ(Read(database, "SELECT 2"), "2");
}

TEST_F(PgBouncerTest, FullPoolerIsTooManyConnectionsAndNotAFailedConnect) {
  PgBouncer bouncer(*primary_, "transaction", "max_client_conn = 1");
  const postgres::PgConnPtr only(PQconnectdb(bouncer.Dsn().c_str()));
  ASSERT_EQ(PQstatus(only.get()), CONNECTION_OK) << PQerrorMessage(only.get());
  database::Database database(OptionsThrough(bouncer));
  ASSERT_TRUE(Eventually(kPatience, [&] {
    return database.stats()
               .control.probes[PoolRole::kPrimary]
               .failures[Reason::kTooManyConnections] > 0;
  }));
  EXPECT_EQ(database.stats().control.probes[PoolRole::kPrimary].failures[Reason::kConnectFailed],
            0u);
}

TEST_F(PgBouncerTest, PasswordThatThePoolerRefusesIsAFailedLogin) {
  PgBouncer bouncer(*primary_, "transaction");
  database::DatabaseOptions options = OptionsThrough(bouncer);
  options.primary->dsn = base::Secret(bouncer.Dsn() + " password=wrong");
  database::Database database(options);
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return database.stats().control.probes[PoolRole::kPrimary].failures[Reason::kAuthFailed] > 0;
  }));
}

TEST_F(PgBouncerTest, HostThatIsDownDoesNotHideWhatThePoolerRefuses) {
  const PgBouncer bouncer(*primary_, "transaction");
  const SilentServer silent;
  for (const int other : {FreePort(), silent.port()}) {
    database::DatabaseOptions options = OptionsThrough(bouncer);
    const std::string ports = std::to_string(bouncer.port()) + "," + std::to_string(other);
    options.primary->dsn =
        base::Secret("host=127.0.0.1,127.0.0.1 port=" + ports +
                     " user=app dbname=app password=" + PostgresServer::kPassword);
    // The time that a silent host takes.
    options.ro_fallthrough_pool.connect_timeout = 5s;
    database::Database database(options);
    EXPECT_EQ(Read(database, "SELECT 'works'"), "works") << ports;
  }
}

TEST_F(PgBouncerTest, WhileThePoolerIsPausedAReadEndsAtItsDeadline) {
  PgBouncer bouncer(*primary_, "transaction");
  database::Database database(OptionsThrough(bouncer));
  EXPECT_EQ(Read(database, "SELECT 1"), "1");
  bouncer.Command("PAUSE");
  EXPECT_THROW(static_cast<void>(database.AcquireRead(
                   {base::RealClock().Now() + std::chrono::milliseconds(100)})),
               pool::AcquireTimeout);
  bouncer.Command("RESUME");
  EXPECT_EQ(Read(database, "SELECT 2"), "2");
}

TEST_F(PgBouncerTest, WhileThePoolerIsPausedAReadCanBeCancelled) {
  PgBouncer bouncer(*primary_, "transaction");
  database::Database database(OptionsThrough(bouncer));
  EXPECT_EQ(Read(database, "SELECT 1"), "1");
  bouncer.Command("PAUSE");
  std::stop_source stop;
  auto read = std::async(std::launch::async, [&] {
    return database.AcquireRead({base::RealClock().Now() + kPatience, stop.get_token()}).Forward();
  });
  // Its transaction has not begun.
  ASSERT_TRUE(Eventually(kPatience, [&] { return FallthroughStats(database).in_use == 1; }));
  stop.request_stop();
  EXPECT_THROW(static_cast<void>(read.get()), pool::AcquireCancelled);
  bouncer.Command("RESUME");
  EXPECT_EQ(Read(database, "SELECT 2"), "2");
}

}  // namespace
}  // namespace scidex::test
