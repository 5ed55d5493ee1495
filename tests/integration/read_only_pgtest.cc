// Read-only sessions, on a real primary and a real streaming replica.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "integration/primary_and_replica.h"
#include "integration/servers.h"
#include "postgres/canary.h"
#include "support/log_tap.h"

namespace scidex::test {
namespace {

using routing::PoolRole;
using routing::Route;

class ReadOnlyTest : public PrimaryAndReplica {
 protected:
  static void SetUpTestSuite() {
    Start({});
    primary_->Execute("CREATE TABLE t (a int); ALTER TABLE t OWNER TO app");
    const std::string position = primary_->QueryOne("SELECT pg_current_wal_lsn()");
    ASSERT_TRUE(Eventually(kPatience, [&] {
      return replica_->QueryOne("SELECT pg_last_wal_replay_lsn() >= '" + position + "'") == "t";
    }));
  }
  void TearDown() override { EXPECT_EQ(primary_->QueryOne("SELECT count(*) FROM t"), "0"); }

  // One read session at a time, so that the next borrower gets the session of the last.
  static database::DatabaseOptions OneSession() {
    database::DatabaseOptions options = OptionsOn(*primary_);
    options.ro_fallthrough_pool.min_idle = 0;
    options.ro_fallthrough_pool.max_size = 1;
    return options;
  }
  // Returns when the backend has exited, not only received the signal.
  static void Terminate(int pid) {
    ASSERT_EQ(
        primary_->QueryOne("SELECT pg_terminate_backend(" + std::to_string(pid) + ", 180000)"),
        "t");
  }
  static pool::PoolStats Fallthrough(const database::Database& database) {
    return *database.pool_stats().pools[PoolRole::kRoFallthrough];
  }
};

// The SQLSTATE with which `sql` is refused in a transaction of a read lease, or "".
std::string RefusalSqlState(database::Database& database, const std::string& sql) {
  const pool::Lease lease = database.AcquireRead();
  postgres::ReadTransaction read = database.BeginRead(lease, kPatience);
  try {
    read->exec(sql);
    read.Commit();
  } catch (const pqxx::sql_error& error) {
    return error.sqlstate();
  }
  return "";
}

TEST_F(ReadOnlyTest, AWriteThroughAReadLeaseIsRefusedOnTheReplica) {
  database::Database database(OptionsOn(*primary_, *replica_));
  ASSERT_TRUE(AwaitRoute(database, Route::kReplica));
  EXPECT_EQ(RefusalSqlState(database, "INSERT INTO t VALUES (1)"), "25006");
}

TEST_F(ReadOnlyTest, AWriteThroughAReadLeaseIsRefusedOnFallThroughAndLogged) {
  const LogTap log;
  database::Database database(OptionsOn(*primary_));
  EXPECT_EQ(RefusalSqlState(database, "INSERT INTO t VALUES (4711)"), "25006");
  EXPECT_EQ(Fallthrough(database).read_only_violations, 1u);
  bool named = false;
  for (const std::string& line : log.Lines()) {
    EXPECT_EQ(line.find("4711"), std::string::npos) << line;
    named = named || (line.find("verb=INSERT") != std::string::npos &&
                      line.find("read_only_pgtest.cc") != std::string::npos);
  }
  EXPECT_TRUE(named);
}

TEST_F(ReadOnlyTest, AWriteOutsideOfATransactionIsRefusedToo) {
  database::Database database(OptionsOn(*primary_));
  const pool::Lease lease = database.AcquireRead();
  const postgres::QueryResult written =
      postgres::Session::Of(lease).Query("INSERT INTO t VALUES (1)", base::kNever);
  EXPECT_EQ(written.sqlstate, "25006");
  EXPECT_EQ(Fallthrough(database).read_only_violations, 1u);
}

// libpqxx 6 reconnects on its own, without the session's settings: the third attempt used to
// commit.
TEST_F(ReadOnlyTest, AWriteRetriedAfterItsBackendWasKilledNeverCommits) {
  database::Database database(OneSession());
  const pool::Lease lease = database.AcquireRead();
  postgres::Session& session = postgres::Session::Of(lease);
  Terminate(PQbackendPID(session.raw()));
  for (int attempt = 0; attempt < 5; ++attempt) {
    EXPECT_ANY_THROW({
      pqxx::work write(session.pqxx());
      write.exec("INSERT INTO t VALUES (1)");
      write.commit();
    });
    EXPECT_ANY_THROW({
      pqxx::nontransaction write(session.pqxx());
      write.exec("INSERT INTO t VALUES (2)");
    });
  }
}

TEST_F(ReadOnlyTest, ReadRetriedAfterItsBackendWasKilledGetsAReadOnlySession) {
  database::Database database(OneSession());
  {
    const pool::Lease lease = database.AcquireRead();
    Terminate(PQbackendPID(postgres::Session::Of(lease).raw()));
  }
  EXPECT_EQ(Read(database, "SHOW default_transaction_read_only"), "on");
  EXPECT_EQ(RefusalSqlState(database, "INSERT INTO t VALUES (1)"), "25006");
}

TEST_F(ReadOnlyTest, SetUpSendsTheReadOnlySettingInTheStartupPacket) {
  database::Database database(OneSession());
  const pool::Lease lease = database.AcquireRead();
  postgres::Session& session = postgres::Session::Of(lease);
  session.Query("DISCARD ALL", base::kNever);
  const postgres::QueryResult source = session.Query(
      "SELECT setting || ' ' || source FROM pg_settings WHERE name = "
      "'default_transaction_read_only'",
      base::kNever);
  EXPECT_EQ(postgres::Value(source, 0), "on client");
}

TEST_F(ReadOnlyTest, TamperedSessionIsReadOnlyForTheNextAndTheBorrowerIsLogged) {
  const LogTap log;
  database::Database database(OneSession());
  const std::vector<const char*> tampering{
      "SET default_transaction_read_only = off",
      "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
      "SELECT set_config('default_transaction_read_only', 'off', false)",
  };
  const auto client = std::make_shared<const std::string>("a_report");
  for (const char* sql : tampering) {
    {
      const pool::Lease lease = database.AcquireRead({.client = client});
      ASSERT_EQ(postgres::Session::Of(lease).Query(sql, base::kNever).status,
                postgres::QueryResult::Status::kOk);
    }
    EXPECT_EQ(RefusalSqlState(database, "INSERT INTO t VALUES (1)"), "25006") << sql;
  }
  const pool::PoolStats stats = Fallthrough(database);
  EXPECT_EQ(stats.read_only_tampered, tampering.size());
  EXPECT_EQ(stats.read_only_proofs[pool::ReadOnlyProof::kSet], tampering.size());
  EXPECT_EQ(log.Count({"switched read-only off", "read_only_pgtest.cc", "client=a_report"}),
            tampering.size());
}

TEST_F(ReadOnlyTest, ATransactionLeftOpenIsRolledBackAndItsSessionUsedAgain) {
  database::Database database(OneSession());
  int pid = 0;
  {
    const pool::Lease lease = database.AcquireRead();
    pid = PQbackendPID(postgres::Session::Of(lease).raw());
    postgres::Session::Of(lease).Query("BEGIN READ WRITE; INSERT INTO t VALUES (1)", base::kNever);
  }
  EXPECT_EQ(Read(database, "SELECT pg_backend_pid()"), std::to_string(pid));
  EXPECT_EQ(RefusalSqlState(database, "INSERT INTO t VALUES (1)"), "25006");
}

TEST_F(ReadOnlyTest, TheCanaryProvesTheSettingOnThePrimaryAndRecoveryOnTheReplica) {
  database::Database database(OptionsOn(*primary_, *replica_));
  const auto canary = [&](PoolRole role) { return database.stats().control.canaries[role]; };
  for (const PoolRole role : {PoolRole::kRo, PoolRole::kRoFallthrough}) {
    EXPECT_TRUE(Eventually(kPatience, [&] { return canary(role).success == true; }));
    EXPECT_EQ(database.pool_stats().pools[role]->read_only_violations, 0u);
    EXPECT_EQ(database.pool_stats().pools[role]->evictions[pool::EvictReason::kReadOnlyUnproven],
              0u);
  }
  EXPECT_EQ(canary(PoolRole::kRo).proof, control::CanaryProof::kRecovery);
  EXPECT_EQ(canary(PoolRole::kRoFallthrough).proof, control::CanaryProof::kSetting);
  EXPECT_EQ(canary(PoolRole::kPrimary).success, std::nullopt);
}

// As on a managed reader that forwards writes to its primary; this standby does not.
TEST_F(ReadOnlyTest, TheCanaryTakesNoRecoveryForAProofWhereWritesAreForwarded) {
  const auto proof_with = [](const std::string& mode) {
    primary_->Execute("ALTER ROLE app SET apg_write_forward.consistency_mode = '" + mode + "'");
    EXPECT_TRUE(AwaitReplay(*primary_, *replica_));
    database::Database database(OptionsOn(*primary_, *replica_));
    const auto canary = [&] { return database.stats().control.canaries[PoolRole::kRo]; };
    EXPECT_TRUE(Eventually(kPatience, [&] { return canary().success == true; }));
    EXPECT_EQ(QueryOne(database.AcquireRead(), "SHOW default_transaction_read_only"), "on");
    return canary().proof;
  };
  EXPECT_EQ(proof_with("SESSION"), control::CanaryProof::kSetting);
  EXPECT_EQ(proof_with("eventual"), control::CanaryProof::kSetting);
  EXPECT_EQ(proof_with("OFF"), control::CanaryProof::kRecovery);
  primary_->Execute("ALTER ROLE app RESET apg_write_forward.consistency_mode");
}

// The number of statements of the canary in the server's log.
std::size_t CountCanaries(const std::string& log) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = log.find("pg_description", at)) != std::string::npos; ++at)
    ++count;
  return count;
}

TEST_F(ReadOnlyTest, TheCanaryLeavesNothingInTheServersLogUnlessItHasNoPlpgsql) {
  primary_->Execute("CREATE DATABASE bare OWNER app");
  primary_->Execute("DROP EXTENSION plpgsql", "bare");
  for (const auto& [name, logs] : {std::pair{"app", false}, std::pair{"bare", true}}) {
    const std::size_t before = CountCanaries(primary_->Log());
    database::DatabaseOptions options = OptionsOn(*primary_);
    options.primary->dsn = base::Secret(primary_->Dsn("app", name));
    database::Database database(options);
    const auto canary = [&] { return database.stats().control.canaries[PoolRole::kRoFallthrough]; };
    EXPECT_TRUE(Eventually(kPatience, [&] { return canary().success.has_value(); }));
    EXPECT_EQ(canary().success, true) << name;
    EXPECT_EQ(CountCanaries(primary_->Log()) > before, logs) << name;
  }
}

// The canary's write, on a session that may write.
TEST_F(ReadOnlyTest, TheCanarysWriteIsNotRefusedAsReadOnlyWhereASessionMayWrite) {
  database::Database database(OptionsOn(*primary_));
  const pool::Lease lease = database.AcquireWrite();
  postgres::Session& session = postgres::Session::Of(lease);
  const control::WriteAttempt canary =
      postgres::CanaryWriter().TryWrite(session, base::RealClock().Now() + kPatience, {});
  EXPECT_EQ(canary.result, control::WriteAttempt::Result::kAccepted);
  EXPECT_NE(canary.message.heard.find("permission denied"), std::string::npos)
      << canary.message.ForLog();
}

TEST_F(ReadOnlyTest, HolderOfAReadLeaseCanWriteThroughAWriteLease) {
  database::Database database(OptionsOn(*primary_));
  const pool::Lease read_lease = database.AcquireRead();
  postgres::ReadTransaction read = database.BeginRead(read_lease, kPatience);
  EXPECT_EQ(std::string(read->exec("SELECT count(*) FROM t")[0][0].c_str()), "0");
  {
    const pool::Lease write_lease = database.AcquireWrite();
    postgres::WriteTransaction write = database.BeginWrite(write_lease, kPatience);
    write->exec("INSERT INTO t VALUES (1)");
    write->exec("DELETE FROM t");
    write.Commit();
  }
  EXPECT_EQ(std::string(read->exec("SELECT count(*) FROM t")[0][0].c_str()), "0");
}

TEST_F(ReadOnlyTest, SecondReadWithinTheLastReadLeaseIsADeadlockAndAWriteIsNot) {
  database::Database database(OneSession());
  const pool::Lease outer = database.AcquireRead();
  EXPECT_THROW(static_cast<void>(database.AcquireRead()), pool::NestedAcquireDeadlock);
  static_cast<void>(database.AcquireWrite());
}

TEST_F(ReadOnlyTest, ATransactionEndsAtItsDeadlineWhateverTheServerDoes) {
  database::Database database(OneSession());
  {
    const pool::Lease lease = database.AcquireRead();
    postgres::ReadTransaction read = database.BeginRead(lease, std::chrono::milliseconds(200));
    EXPECT_THROW(read->exec("SELECT pg_sleep(60)"), pqxx::failure);
  }
  EXPECT_EQ(Read(database, "SELECT 1"), "1");
}

}  // namespace
}  // namespace scidex::test
