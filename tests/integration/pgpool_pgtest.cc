// Read-only sessions through a real pgpool-II, which balances load over a primary and its replica.
// It opens a session for a client on both, and reports the process ID of one of them, so that it is
// sometimes detected as a pooler and sometimes not. Leases are read-only in both cases.

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>

#include "integration/primary_and_replica.h"
#include "integration/servers.h"
#include "support/log_tap.h"
#include "support/pgpool.h"

namespace scidex::test {
namespace {

using routing::PoolRole;
using routing::Reason;
using routing::Route;

class PgpoolTest : public PrimaryAndReplica {
 protected:
  static void SetUpTestSuite() {
    Start({});
    primary_->Execute(
        "CREATE TABLE t (a int); ALTER TABLE t OWNER TO app;"
        "CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS "
        "'INSERT INTO t VALUES (1) RETURNING a'");
    ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  }
  void TearDown() override { primary_->Execute("TRUNCATE t"); }

  static database::DatabaseOptions OptionsThrough(const Pgpool& pgpool) {
    database::DatabaseOptions options = OneReadSession(*primary_, pgpool.Dsn());
    options.probe.canary_interval = base::Duration::zero();
    return options;
  }
  // Another client of pgpool, which runs `sql`.
  static std::string OfAnother(const Pgpool& pgpool, const char* sql, const char* more = "") {
    const postgres::PgConnPtr other(PQconnectdb((pgpool.Dsn() + more).c_str()));
    const postgres::PgResultPtr result(PQexec(other.get(), sql));
    const char* const sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    return sqlstate == nullptr ? PQerrorMessage(other.get()) : sqlstate;
  }
  static std::string Written() { return primary_->QueryOne("SELECT count(*) FROM t"); }
};

// Settings of pgpool and of the servers behind it.
class PgpoolHolds : public PgpoolTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(With, PgpoolHolds,
                         testing::Values("load_balance_mode = on", "load_balance_mode = off",
                                         "statement_level_load_balance = on",
                                         "connection_cache = off"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase_if(name, [](char c) { return c == ' ' || c == '='; });
                           return name;
                         });

// Each on a new session, and on one that pgpool has cached.
TEST_P(PgpoolHolds, AWriteThroughAReadLeaseIsRefusedAndCounted) {
  const Pgpool pgpool(*primary_, *replica_, GetParam());
  database::Database database(OptionsThrough(pgpool));
  constexpr std::uint64_t kTimes = 6;
  for (std::uint64_t i = 0; i < kTimes; ++i) {
    pool::Lease lease = database.AcquireRead();
    QueryOne(lease, "SELECT count(*) FROM t");
    EXPECT_EQ(QueryOne(lease, "INSERT INTO t VALUES (1)"), "25006");
    lease.Release();
    lease = database.AcquireRead();
    EXPECT_EQ(QueryOne(lease, "SELECT writes()"), "25006");
    lease.Evict();
  }
  EXPECT_EQ(FallthroughStats(database).read_only_violations, 2 * kTimes);
  EXPECT_EQ(Written(), "0");
}

struct Tampering {
  const char* statement;
  bool switches_off;
  bool ends_transaction;
};

constexpr Tampering kTamperings[] = {
    {"SET default_transaction_read_only = off", true, false},
    {"SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", true, false},
    {"SELECT set_config('default_transaction_read_only', 'off', false)", true, false},
    {"COMMIT", false, true},
    {"BEGIN READ WRITE", false, false},
};

TEST_P(PgpoolHolds, TheNextBorrowerIsReadOnlyWhateverTheLastDid) {
  const Pgpool pgpool(*primary_, *replica_, GetParam());
  database::Database database(OptionsThrough(pgpool));
  std::uint64_t tampered = 0;
  for (const Tampering& tampering : kTamperings) {
    for (const bool evicted : {false, true}) {
      pool::Lease lease = database.AcquireRead();
      const bool by_transaction = postgres::Session::Of(lease).by_transaction();
      QueryOne(lease, tampering.statement);
      if (by_transaction ? tampering.ends_transaction : tampering.switches_off) ++tampered;
      evicted ? lease.Evict() : lease.Release();
      lease = database.AcquireRead();
      EXPECT_EQ(QueryOne(lease, "INSERT INTO t VALUES (1)"), "25006") << tampering.statement;
      EXPECT_EQ(FallthroughStats(database).read_only_tampered, tampered) << tampering.statement;
    }
  }
  EXPECT_EQ(Written(), "0");
}

TEST_P(PgpoolHolds, OtherClientsCanStillWrite) {
  const Pgpool pgpool(*primary_, *replica_, GetParam());
  {
    database::Database database(OptionsThrough(pgpool));
    EXPECT_EQ(Read(database, "SELECT 1"), "1");
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(OfAnother(pgpool, "INSERT INTO t VALUES (1)"), "");
}

TEST_P(PgpoolHolds, TheCanaryIsRefusedByTheSetting) {
  const Pgpool pgpool(*primary_, *replica_, GetParam());
  database::DatabaseOptions options = OptionsThrough(pgpool);
  options.probe.canary_interval = std::chrono::hours(1);
  options.ro_fallthrough_pool.min_idle = 1;
  database::Database database(options);
  const auto canary = [&] { return database.stats().control.canaries[PoolRole::kRoFallthrough]; };
  ASSERT_TRUE(Eventually(kPatience, [&] { return canary().success.has_value(); }));
  EXPECT_EQ(canary().success, true);
  EXPECT_EQ(canary().proof, control::CanaryProof::kSetting);
}

// Without a reset_query_list, pgpool passes on a session as the previous client left it.
TEST_F(PgpoolTest, ASessionThatAnotherClientSwitchedOffIsNotLentWritable) {
  const Pgpool pgpool(*primary_, *replica_, "reset_query_list = ''\nnum_init_children = 4");
  const char* const as_ours =
      " options='-c default_transaction_read_only=on' application_name=scidex_pg_exporter";
  for (int i = 0; i < 12; ++i) {
    OfAnother(pgpool, "SELECT set_config('default_transaction_read_only', 'off', false)", as_ours);
  }
  database::DatabaseOptions options = OptionsThrough(pgpool);
  options.ro_fallthrough_pool.acquire_timeout = std::chrono::seconds(2);
  database::Database database(options);
  for (int i = 0; i < 6; ++i) {
    try {
      pool::Lease lease = database.AcquireRead();
      EXPECT_EQ(QueryOne(lease, "INSERT INTO t VALUES (1)"), "25006");
      lease.Evict();
    } catch (const pool::AcquireError&) {
      // So it is not lent.
    }
  }
  EXPECT_EQ(Written(), "0");
}

// Why pgpool is not accepted as a replica: it is unknown where a read goes.
TEST_F(PgpoolTest, ItIsJudgedByThePrimaryWhileTheReplicaAnswersReads) {
  const Pgpool pgpool(*primary_, *replica_, "load_balance_mode = on");
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.replica = postgres::SessionOptions{};
  options.replica->dsn = base::Secret(pgpool.Dsn());
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, Route::kPrimaryFallthrough));
  const Reason reason = database.pool_stats().route.reason;
  EXPECT_TRUE(reason == Reason::kNotInRecovery || reason == Reason::kIsPrimary);
  database::Database fallthrough(OptionsThrough(pgpool));
  EXPECT_EQ(Read(fallthrough, "SELECT pg_is_in_recovery()"), "f");
  EXPECT_EQ(Read(fallthrough, "SELECT current_setting('port')"), std::to_string(replica_->port()));
}

}  // namespace
}  // namespace scidex::test
