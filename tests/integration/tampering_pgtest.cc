// What an application can do to a read session, and the state in which the next borrower gets it:
// on a server that reports the setting, on one that does not, and behind a pooler.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <tuple>
#include <vector>

#include "integration/three_ways.h"

namespace scidex::test {
namespace {

using routing::PoolRole;

struct Tampering {
  const char* name;
  std::vector<const char*> statements;
  // Counted where the setting is reported, where it is not, and behind a pooler.
  std::array<bool, 3> counted;
};

const Tampering kTamperings[] = {
    {"Set", {"SET default_transaction_read_only = off"}, {true, true, false}},
    {"SetThenReset",
     {"SET default_transaction_read_only = off", "RESET ALL"},
     {true, false, false}},
    {"SetThenDiscard",
     {"SET default_transaction_read_only = off", "DISCARD ALL"},
     {true, false, false}},
    {"SetToDefault", {"SET default_transaction_read_only TO DEFAULT"}, {false, false, false}},
    {"SetLocal",
     {"BEGIN", "SET LOCAL default_transaction_read_only = off", "COMMIT"},
     {true, false, true}},
    {"SetInATransactionLeftOpen",
     {"BEGIN", "SET default_transaction_read_only = off"},
     {true, false, false}},
    {"SetInATransaction",
     {"BEGIN", "SET default_transaction_read_only = off", "COMMIT"},
     {true, true, true}},
    {"SetConfig",
     {"SELECT set_config('default_transaction_read_only', 'off', false)"},
     {true, true, false}},
    {"SetSessionCharacteristics",
     {"SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"},
     {true, true, false}},
    {"BeginReadWrite", {"BEGIN READ WRITE", "INSERT INTO t VALUES (1)"}, {false, false, false}},
    {"SetTransactionReadWrite",
     {"BEGIN", "SET TRANSACTION READ WRITE", "INSERT INTO t VALUES (1)"},
     {false, false, false}},
    {"AProcedureThatSetsAndCommits", {"CALL set_and_commit()"}, {true, true, false}},
    {"AFunctionWithItsOwnSetting", {"SELECT with_setting()"}, {false, false, false}},
    {"AFailedTransaction", {"BEGIN", "SELECT 1/0"}, {false, false, false}},
    {"AFailedTransactionThatHadSet",
     {"BEGIN", "SET default_transaction_read_only = off", "SELECT 1/0"},
     {true, false, false}},
    {"AnotherRole",
     {"SET ROLE other", "SET default_transaction_read_only = off"},
     {true, true, false}},
    {"TheRolesOwnDefault",
     {"BEGIN READ WRITE", "ALTER ROLE app SET default_transaction_read_only = off", "COMMIT"},
     {false, false, true}},
};

class TamperingTest : public ThreeWays,
                      public testing::WithParamInterface<std::tuple<Way, Tampering>> {
 protected:
  static void SetUpTestSuite() {
    ThreeWays::SetUpTestSuite();
    server_->Execute("CREATE ROLE other; GRANT other TO app; GRANT INSERT ON t TO other");
    server_->Execute(
        "CREATE PROCEDURE set_and_commit() LANGUAGE plpgsql AS $$ BEGIN PERFORM "
        "set_config('default_transaction_read_only', 'off', false); COMMIT; END $$");
    server_->Execute(
        "CREATE FUNCTION with_setting() RETURNS int LANGUAGE sql SET "
        "default_transaction_read_only = off AS 'SELECT 1'");
  }
};

std::string NameOfTest(const testing::TestParamInfo<std::tuple<Way, Tampering>>& info) {
  const auto& [way, tampering] = info.param;
  return std::string(tampering.name) + NameOf(way);
}

INSTANTIATE_TEST_SUITE_P(By, TamperingTest,
                         testing::Combine(testing::Values(Way::kReported, Way::kNotReported,
                                                          Way::kPooler),
                                          testing::ValuesIn(kTamperings)),
                         NameOfTest);

TEST_P(TamperingTest, LeavesTheNextBorrowerReadOnly) {
  const auto& [way, tampering] = GetParam();
  database::Database database(OneSession(way));
  {
    const pool::Lease lease = database.AcquireRead();
    for (const char* statement : tampering.statements) QueryOne(lease, statement);
  }
  {
    const pool::Lease lease = database.AcquireRead();
    EXPECT_EQ(QueryOne(lease, "INSERT INTO t VALUES (1)"), "25006");
  }
  const bool counted = tampering.counted[static_cast<std::size_t>(way)];
  EXPECT_EQ(FallthroughStats(database).read_only_tampered, counted ? 1u : 0u);
  {
    const pool::Lease lease = database.AcquireRead();
    postgres::ReadTransaction read = database.BeginRead(lease, kPatience);
    EXPECT_THROW(read->exec("INSERT INTO t VALUES (1)"), pqxx::sql_error);
  }
  {
    const pool::Lease lease = database.AcquireRead();
    pqxx::work careless(postgres::Session::Of(lease).pqxx());
    EXPECT_THROW(careless.exec("INSERT INTO t VALUES (1)"), pqxx::sql_error);
  }
}

TEST_P(TamperingTest, WriteThatSucceedsIsCountedWhenItHappens) {
  const auto& [way, tampering] = GetParam();
  database::Database database(OneSession(way));
  pool::Lease lease = database.AcquireRead();
  for (const char* statement : tampering.statements) QueryOne(lease, statement);
  // Some of them write themselves.
  std::uint64_t written = FallthroughStats(database).read_only_writes;
  for (const char* write :
       {"INSERT INTO t VALUES (1)", "UPDATE t SET a = 2 WHERE false", "DELETE FROM t RETURNING a",
        "CREATE TABLE made AS SELECT 1 AS one", "DROP TABLE made"}) {
    const postgres::QueryResult result =
        postgres::Session::Of(lease).Query(write, base::RealClock().Now() + kPatience);
    if (result.status == postgres::QueryResult::Status::kOk) ++written;
    EXPECT_EQ(FallthroughStats(database).read_only_writes, written) << write << result.sqlstate;
  }
  // Regardless of how the lease ends.
  lease.Evict(pool::EvictReason::kBorrower);
  EXPECT_EQ(FallthroughStats(database).read_only_writes, written);
  server_->Execute("TRUNCATE t");
}

class RoundTrips : public ThreeWays {
 protected:
  static std::size_t CountStatements() {
    const std::string log = server_->Log();
    std::size_t count = 0;
    for (std::size_t at = log.find("statement: "); at != std::string::npos;
         at = log.find("statement: ", at + 1)) {
      ++count;
    }
    return count;
  }
  // Statements of 100 acquires and releases.
  static std::size_t StatementsOfAcquires(Way way) {
    database::DatabaseOptions options = OneSession(way);
    options.probe.interval = std::chrono::hours(1);
    database::Database database(options);
    EXPECT_EQ(Read(database, "SELECT 1"), "1");
    EXPECT_TRUE(Eventually(kPatience, [&] {
      const control::ControlStats stats = database.stats().control;
      return stats.probes[PoolRole::kPrimary].up && stats.probes[PoolRole::kRoFallthrough].up;
    }));
    const std::size_t before = CountStatements();
    for (int i = 0; i < 100; ++i) static_cast<void>(database.AcquireRead());
    EXPECT_EQ(Read(database, "SELECT 'marker'"), "marker");
    EXPECT_TRUE(
        Eventually(kPatience, [&] { return server_->Log().find("marker") != std::string::npos; }));
    return CountStatements() - before;
  }
};

TEST_F(RoundTrips, AreZeroIfTheSettingIsReportedAndOnePerAcquireOtherwise) {
  // Those of the marker: BEGIN, SELECT, ROLLBACK.
  EXPECT_EQ(StatementsOfAcquires(Way::kReported), 3u);
  EXPECT_EQ(StatementsOfAcquires(Way::kNotReported), 100u + 4u);
}

}  // namespace
}  // namespace scidex::test
