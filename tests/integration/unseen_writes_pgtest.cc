// Writes through read sessions that no command tag shows: they are detected however the lease ends.
// Ordinary reads are not reported as writes.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tuple>
#include <vector>

#include "integration/three_ways.h"
#include "support/log_tap.h"

namespace scidex::test {
namespace {

using namespace std::chrono_literals;
using postgres::Session;

struct Statements {
  const char* name;
  std::vector<const char*> statements;
};

class UnseenWrites : public ThreeWays {
 protected:
  static void SetUpTestSuite() {
    ThreeWays::SetUpTestSuite();
    server_->Execute(
        "CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS "
        "'INSERT INTO t VALUES (1) RETURNING a'");
    server_->Execute(
        "CREATE PROCEDURE lifts() LANGUAGE plpgsql AS $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; "
        "INSERT INTO t VALUES (1); COMMIT; END $$");
  }
  void TearDown() override {
    server_->Execute("TRUNCATE t");
    ThreeWays::TearDown();
  }
  static std::string Written() { return server_->QueryOne("SELECT count(*) FROM t"); }
  static std::uint64_t Tampered(const database::Database& database) {
    return FallthroughStats(database).read_only_tampered;
  }
};

// Not behind a pooler.
const Statements kUnseen[] = {
    {"AFunction", {"BEGIN READ WRITE", "SELECT writes()", "COMMIT"}},
    {"AWith",
     {"START TRANSACTION READ WRITE",
      "WITH w AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM w", "COMMIT"}},
    {"ADo", {"BEGIN READ WRITE", "DO 'BEGIN PERFORM writes(); END'", "END"}},
    {"AnExplainAnalyze",
     {"BEGIN READ WRITE", "EXPLAIN ANALYZE INSERT INTO t VALUES (1)", "COMMIT"}},
    {"ACursor", {"BEGIN READ WRITE", "DECLARE c CURSOR FOR SELECT writes()", "FETCH c", "COMMIT"}},
    {"AHoldableCursor",
     {"BEGIN READ WRITE", "DECLARE c CURSOR WITH HOLD FOR SELECT writes()", "COMMIT"}},
    {"SetTransaction", {"BEGIN", "SET TRANSACTION READ WRITE", "SELECT writes()", "COMMIT"}},
    {"TheSetting", {"BEGIN", "SET transaction_read_only = off", "SELECT writes()", "COMMIT"}},
    {"AllInOne", {"BEGIN READ WRITE; SELECT writes(); COMMIT"}},
    {"LiftedAndSetBack",
     {"BEGIN READ WRITE", "SELECT writes()", "SET TRANSACTION READ ONLY", "COMMIT"}},
    {"AfterASavepoint",
     {"BEGIN READ WRITE", "SELECT writes()", "SAVEPOINT s", "ROLLBACK TO s", "COMMIT"}},
    {"AChainedTransaction",
     {"BEGIN", "COMMIT AND CHAIN", "SET TRANSACTION READ WRITE", "SELECT writes()", "COMMIT"}},
    {"EndedByABegin",
     {"BEGIN", "SET TRANSACTION READ WRITE", "SELECT writes()", "COMMIT", "BEGIN"}},
    {"ADoThatCommits",
     {"DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; PERFORM writes(); END $$"}},
    {"AProcedureThatCommits", {"CALL lifts()"}},
};

class UnseenWrite : public UnseenWrites,
                    public testing::WithParamInterface<std::tuple<Way, Statements>> {
 protected:
  // Runs the statements of the parameter, which write one row, on a lease.
  pool::Lease LeaseThatWrote() {
    pool::Lease lease = database_.AcquireRead();
    for (const char* statement : std::get<Statements>(GetParam()).statements)
      QueryOne(lease, statement);
    EXPECT_EQ(Written(), "1");
    return lease;
  }
  void ExpectTampering() const {
    EXPECT_EQ(Tampered(database_), 1u);
    EXPECT_EQ(log_.Count({"a borrower could have written", "unseen_writes_pgtest.cc"}), 1u);
  }

  const LogTap log_;
  database::Database database_{OneSession(std::get<Way>(GetParam()))};
};

std::string NameOfTest(const testing::TestParamInfo<std::tuple<Way, Statements>>& info) {
  const auto& [way, unseen] = info.param;
  return std::string(unseen.name) + NameOf(way);
}

INSTANTIATE_TEST_SUITE_P(By, UnseenWrite,
                         testing::Combine(testing::Values(Way::kReported, Way::kNotReported),
                                          testing::ValuesIn(kUnseen)),
                         NameOfTest);

struct Unread {
  const char* name;
  // Before the write.
  const char* statements;
  // Called after the statements were sent, and when all results have arrived.
  void (*sent)(PGconn*);
  void (*arrived)(Session&);
};

const Unread kUnread[] = {
    {"Alone", "", nullptr, nullptr},
    {"LargeOnes", "SELECT repeat('x', 100000); ", nullptr, nullptr},
    {"OfACopy", "COPY (SELECT 1) TO STDOUT; ", nullptr, nullptr},
    {"ByRow", "SELECT generate_series(1, 2000); ",
     [](PGconn* connection) { ASSERT_EQ(PQsetSingleRowMode(connection), 1); }, nullptr},
    {"OfASessionThatWasShutDown", "", nullptr, [](Session& session) { session.ShutDown(); }},
};

class UnreadResults : public UnseenWrites, public testing::WithParamInterface<Unread> {
 protected:
  static std::string StateOf(const std::string& pid) {
    return server_->QueryOne("SELECT state FROM pg_stat_activity WHERE pid = " + pid);
  }
};

INSTANTIATE_TEST_SUITE_P(Of, UnreadResults, testing::ValuesIn(kUnread),
                         [](const auto& of) { return std::string(of.param.name); });

TEST_P(UnreadResults, AreJudgedAtTheRelease) {
  database::Database database(OneSession(Way::kReported));
  {
    const pool::Lease lease = database.AcquireRead();
    Session& session = Session::Of(lease);
    const std::string pid = std::to_string(session.backend_pid());
    const std::string sql = std::string(GetParam().statements) +
                            "SET default_transaction_read_only = off; COMMIT; "
                            "INSERT INTO t VALUES (1)";
    ASSERT_EQ(PQsendQuery(session.raw(), sql.c_str()), 1);
    if (GetParam().sent != nullptr) GetParam().sent(session.raw());
    ASSERT_TRUE(Eventually(kPatience, [&] { return StateOf(pid) == "idle" && Written() == "1"; }));
    if (GetParam().arrived != nullptr) GetParam().arrived(session);
  }
  EXPECT_EQ(FallthroughStats(database).read_only_writes, 1u);
  EXPECT_EQ(Tampered(database), 1u);
}

TEST_F(UnseenWrites, UnreadResultsOfAPipelineAreJudged) {
  database::Database database(OneSession(Way::kReported));
  {
    const pool::Lease lease = database.AcquireRead();
    PGconn* const connection = Session::Of(lease).raw();
    ASSERT_EQ(PQenterPipelineMode(connection), 1);
    for (const char* sql :
         {"SET default_transaction_read_only = off", "INSERT INTO t VALUES (1)"}) {
      ASSERT_EQ(PQsendQueryParams(connection, sql, 0, nullptr, nullptr, nullptr, nullptr, 0), 1);
      ASSERT_EQ(PQpipelineSync(connection), 1);
    }
    ASSERT_TRUE(Eventually(kPatience, [] { return Written() == "1"; }));
  }
  EXPECT_EQ(FallthroughStats(database).read_only_writes, 1u);
  EXPECT_EQ(Tampered(database), 1u);
}

TEST_P(UnseenWrite, IsCountedAsTamperingWithItsBorrower) {
  pool::Lease lease = LeaseThatWrote();
  EXPECT_EQ(FallthroughStats(database_).read_only_writes, 0u);
  ExpectTampering();
  lease.Release();
  ExpectTampering();
}

class WriteInOneMessage : public UnseenWrite {};

// Each is one message, in which the setting is off only for a while.
const Statements kInOneMessage[] = {
    {"AfterACommitOfNoTransaction",
     {"SET default_transaction_read_only = off; COMMIT; SELECT writes(); "
      "SET default_transaction_read_only = on"}},
    {"AfterACommit",
     {"BEGIN; SET default_transaction_read_only = off; COMMIT; SELECT writes(); "
      "SET default_transaction_read_only = on"}},
    {"AfterACommitOfAFunction",
     {"SELECT set_config('default_transaction_read_only', 'off', false); COMMIT; SELECT writes(); "
      "RESET default_transaction_read_only"}},
};

INSTANTIATE_TEST_SUITE_P(By, WriteInOneMessage,
                         testing::Combine(testing::Values(Way::kReported, Way::kNotReported),
                                          testing::ValuesIn(kInOneMessage)),
                         NameOfTest);

TEST_P(WriteInOneMessage, IsCountedAsTamperingWhenTheLeaseEnds) {
  LeaseThatWrote().Release();
  ExpectTampering();
}

TEST_F(UnseenWrites, SettingThatAReadTransactionSwitchesOffIsCounted) {
  for (const Way way : {Way::kReported, Way::kNotReported}) {
    database::Database database(OneSession(way));
    pool::Lease lease = database.AcquireRead();
    postgres::ReadTransaction read = database.BeginRead(lease, kPatience);
    read->exec("SET default_transaction_read_only = off");
    read->exec("SELECT 1");
    read.Commit();
    EXPECT_EQ(Tampered(database), 1u) << NameOf(way);
  }
}

// The transaction behind a pooler stays read-only, so a borrower must end it to write.
const Statements kLeaving[] = {
    {"AWriteBetween", {"COMMIT", "INSERT INTO t VALUES (1)", "BEGIN"}},
    {"AFunctionBetween", {"COMMIT", "SELECT writes()", "BEGIN READ ONLY"}},
    {"ARollback", {"ROLLBACK", "SELECT writes()", "BEGIN"}},
    {"ARollbackAfterASavepoint", {"SAVEPOINT s", "ROLLBACK", "SELECT writes()", "BEGIN"}},
    {"ARollbackLeftSo", {"SAVEPOINT s", "ROLLBACK", "SELECT writes()"}},
    {"AllInOne", {"COMMIT; SELECT writes(); COMMIT; BEGIN READ ONLY"}},
    {"AChainedTransaction",
     {"COMMIT AND CHAIN", "SET TRANSACTION READ WRITE", "SELECT writes()", "COMMIT", "BEGIN"}},
};

class LeavingThePoolersTransaction : public UnseenWrites,
                                     public testing::WithParamInterface<Statements> {};

INSTANTIATE_TEST_SUITE_P(By, LeavingThePoolersTransaction, testing::ValuesIn(kLeaving),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(LeavingThePoolersTransaction, IsCountedAsTamperingWithItsBorrower) {
  const LogTap log;
  database::Database database(OneSession(Way::kPooler));
  pool::Lease lease = database.AcquireRead();
  for (const char* statement : GetParam().statements) QueryOne(lease, statement);
  ASSERT_EQ(Written(), "1");
  lease.Release();
  EXPECT_EQ(Tampered(database), 1u);
  EXPECT_EQ(log.Count({"ended the read-only transaction", "unseen_writes_pgtest.cc"}), 1u);
  EXPECT_EQ(FallthroughStats(database).read_only_writes,
            std::string(GetParam().name) == "AWriteBetween" ? 1u : 0u);
}

TEST_F(UnseenWrites, APoolersTransactionIsNotLifted) {
  database::Database database(OneSession(Way::kPooler));
  for (const char* lift : {"SET TRANSACTION READ WRITE", "BEGIN READ WRITE",
                           "SET transaction_read_only = off", "START TRANSACTION READ WRITE",
                           "SELECT set_config('transaction_read_only', 'off', true)"}) {
    {
      const pool::Lease lease = database.AcquireRead();
      EXPECT_EQ(QueryOne(lease, lift), "25001") << lift;
    }
    const pool::Lease lease = database.AcquireRead();
    QueryOne(lease, "SAVEPOINT s");
    EXPECT_EQ(QueryOne(lease, lift), "25001") << lift;
    QueryOne(lease, "ROLLBACK TO s");
    EXPECT_EQ(QueryOne(lease, "SELECT writes()"), "25006") << lift;
  }
  EXPECT_EQ(Tampered(database), 0u);
}

// The tests below use a server that reports the setting.

struct End {
  const char* name;
  // With the options that the database already has.
  void (*end)(database::Database&, database::DatabaseOptions, pool::Lease&);
};

const End kEnds[] = {
    {"Released",
     [](database::Database&, database::DatabaseOptions, pool::Lease& lease) { lease.Release(); }},
    {"Evicted",
     [](database::Database&, database::DatabaseOptions, pool::Lease& lease) { lease.Evict(); }},
    {"ReleasedToAPoolThatWasReplaced",
     [](database::Database& database, database::DatabaseOptions options, pool::Lease& lease) {
       options.ro_fallthrough_pool.max_size = 2;
       database.Reconfigure(options);
       lease.Release();
     }},
    {"EndedByItsDeadline",
     [](database::Database&, database::DatabaseOptions, pool::Lease& lease) {
       Session::Of(lease).Query("SELECT pg_sleep(600)", base::RealClock().Now() + 10ms);
       lease.Release();
     }},
    {"EndedWithItsServerProcess",
     [](database::Database&, database::DatabaseOptions, pool::Lease& lease) {
       QueryOne(lease, "SELECT pg_terminate_backend(pg_backend_pid())");
       lease.Release();
     }},
    {"SetBack",
     [](database::Database&, database::DatabaseOptions, pool::Lease& lease) {
       QueryOne(lease, "SET default_transaction_read_only = on");
       lease.Release();
     }},
};

class SwitchedOff : public UnseenWrites, public testing::WithParamInterface<End> {};

INSTANTIATE_TEST_SUITE_P(And, SwitchedOff, testing::ValuesIn(kEnds),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(SwitchedOff, IsCountedWithItsBorrowerHoweverTheLeaseEnds) {
  const LogTap log;
  database::Database database(OneSession(Way::kReported));
  pool::Lease lease = database.AcquireRead();
  QueryOne(lease, "SET default_transaction_read_only = off");
  GetParam().end(database, OneSession(Way::kReported), lease);
  lease.Release();
  EXPECT_EQ(Tampered(database), 1u);
  EXPECT_EQ(log.Count({"switched read-only off", "unseen_writes_pgtest.cc"}), 1u);
  { const pool::Lease next = database.AcquireRead(); }
  EXPECT_EQ(Tampered(database), 1u);
}

TEST_P(SwitchedOff, IsCountedBesideTheWriteThatFollowed) {
  database::Database database(OneSession(Way::kReported));
  pool::Lease lease = database.AcquireRead();
  QueryOne(lease, "SET default_transaction_read_only = off");
  QueryOne(lease, "INSERT INTO t VALUES (1)");
  GetParam().end(database, OneSession(Way::kReported), lease);
  EXPECT_EQ(Tampered(database), 1u);
  EXPECT_EQ(FallthroughStats(database).read_only_writes, 1u);
}

TEST_F(UnseenWrites, ACommitWhoseAnswerNeverCameCouldHaveWritten) {
  server_->Execute(
      "CREATE TABLE slow (a int); ALTER TABLE slow OWNER TO app; "
      "CREATE FUNCTION sleeps() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM pg_sleep(600); RETURN NULL; END $$; "
      "CREATE CONSTRAINT TRIGGER sleeps AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION sleeps(); "
      "CREATE FUNCTION writes_slowly() RETURNS int LANGUAGE sql AS "
      "'INSERT INTO slow VALUES (1) RETURNING a'");
  database::Database database(OneSession(Way::kReported));
  pool::Lease lease = database.AcquireRead();
  QueryOne(lease, "BEGIN READ WRITE");
  ASSERT_EQ(QueryOne(lease, "SELECT writes_slowly()"), "1");
  Session::Of(lease).Query("COMMIT", base::RealClock().Now() + 10ms);
  EXPECT_EQ(Tampered(database), 0u);
  lease.Release();
  EXPECT_EQ(Tampered(database), 1u);
}

TEST_F(UnseenWrites, ATransactionLeftOpenIsAskedWhetherItWasLifted) {
  const LogTap log;
  database::Database database(OneSession(Way::kReported));
  {
    const pool::Lease lease = database.AcquireRead();
    QueryOne(lease, "BEGIN");
    QueryOne(lease, "SELECT 1");
  }
  EXPECT_EQ(Tampered(database), 0u);
  {
    const pool::Lease lease = database.AcquireRead();
    QueryOne(lease, "BEGIN READ WRITE");
    QueryOne(lease, "SELECT writes()");
  }
  EXPECT_EQ(Tampered(database), 1u);
  EXPECT_EQ(log.Count({"lifted read-only in a transaction", "unseen_writes_pgtest.cc"}), 1u);
  EXPECT_EQ(Written(), "0");
}

TEST_F(UnseenWrites, AReadTransactionThatWasLiftedIsCountedWhenItCommits) {
  database::Database database(OneSession(Way::kReported));
  const std::vector<std::vector<const char*>> lifts{
      {"SET TRANSACTION READ WRITE", "SELECT writes()"},
      {"SET TRANSACTION READ WRITE", "SELECT writes()", "SET TRANSACTION READ ONLY"},
      {"BEGIN READ WRITE", "SELECT writes()"},
  };
  std::uint64_t tampered = 0;
  for (const std::vector<const char*>& statements : lifts) {
    const pool::Lease lease = database.AcquireRead();
    postgres::ReadTransaction read = database.BeginRead(lease, kPatience);
    for (const char* statement : statements) read->exec(statement);
    read.Commit();
    EXPECT_EQ(Tampered(database), ++tampered) << statements.front();
  }
  EXPECT_EQ(Written(), std::to_string(lifts.size()));
}

void ReadWithSettings(database::Database& database) {
  const pool::Lease lease = database.AcquireRead();
  for (int i = 0; i < 2; ++i) {
    postgres::ReadTransaction read = database.BeginRead(lease, kPatience);
    read->exec("SET LOCAL statement_timeout = '1h'");
    read->exec("SELECT count(*) FROM t");
    read->exec("SET LOCAL work_mem = '5MB'");
    read.Commit();
  }
  // One without a query, which sends no BEGIN.
  static_cast<void>(database.BeginRead(lease, kPatience));
}

void ReadInASubtransaction(database::Database& database) {
  const pool::Lease lease = database.AcquireRead();
  postgres::ReadTransaction read = database.BeginRead(lease, kPatience);
  read->exec("SAVEPOINT s");
  read->exec("SELECT count(*) FROM t");
  read->exec("ROLLBACK TO s");
  read->exec("SELECT count(*) FROM t");
  read->exec("DECLARE c CURSOR FOR SELECT 1");
  read->exec("FETCH c");
  read.Commit();
}

void ReadOutsideOfTransactions(database::Database& database) {
  const pool::Lease lease = database.AcquireRead();
  QueryOne(lease, "SET statement_timeout = '1h'");
  QueryOne(lease, "SELECT count(*) FROM t");
  QueryOne(lease, "SET search_path TO public; SELECT count(*) FROM t");
  pqxx::nontransaction none(Session::Of(lease).pqxx());
  none.exec("SELECT count(*) FROM t");
}

void ReadInATransactionThatIsRolledBack(database::Database& database) {
  const pool::Lease lease = database.AcquireRead();
  pqxx::work work(Session::Of(lease).pqxx());
  work.exec("SELECT count(*) FROM t");
}

TEST_F(UnseenWrites, BorrowersThatOnlyReadCountAsNoTampering) {
  for (const Way way : {Way::kReported, Way::kNotReported, Way::kPooler}) {
    database::DatabaseOptions options = OneSession(way);
    options.probe.canary_interval = 1ms;
    database::Database database(options);
    ReadWithSettings(database);
    ReadInASubtransaction(database);
    if (way != Way::kPooler) {
      ReadOutsideOfTransactions(database);
      ReadInATransactionThatIsRolledBack(database);
    }
    EXPECT_TRUE(Eventually(kPatience, [&] {
      return database.stats().control.canaries[routing::PoolRole::kRoFallthrough].success == true;
    }));
    EXPECT_EQ(Tampered(database), 0u) << NameOf(way);
  }
}

}  // namespace
}  // namespace scidex::test
