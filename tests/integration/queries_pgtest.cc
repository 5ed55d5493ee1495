// Queries of the configuration on real servers: the result and the cost of each kind of SQL.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <pqxx/pqxx>

#include <chrono>
#include <cmath>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/queries.h"
#include "integration/primary_and_replica.h"
#include "integration/servers.h"
#include "queries/query_stats.h"
#include "support/eventually.h"
#include "support/exporter_process.h"
#include "support/pgbouncer.h"
#include "support/temp_dir.h"

namespace scidex::test {
namespace {

using queries::QueryError;
using queries::QueryOptions;
using queries::QueryStats;
using routing::PoolRole;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kRowValue = "canary4711";

// The timeout is longer than any run takes.
QueryOptions Query(const std::string& name, const std::string& sql) {
  QueryOptions query;
  query.name = name;
  query.sql = sql;
  query.interval = milliseconds(200);
  query.timeout = kPatience;
  query.values = {{"n", name + "_n", queries::ValueType::kGauge, "A number."}};
  return query;
}

class Queries : public PrimaryAndReplica {
 protected:
  static void SetUpTestSuite() {
    PrimaryAndReplica::SetUpTestSuite();
    primary_->Execute(
        "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1); "
        "CREATE TABLE locked (n int); GRANT ALL ON kept, locked TO PUBLIC");
    ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  }
  void Open(const std::vector<QueryOptions>& queries) {
    database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
    options.probe.canary_interval = base::Duration::zero();
    options.queries = queries;
    database_.emplace(options);
    ASSERT_TRUE(AwaitRoute(*database_, routing::Route::kReplica));
  }
  QueryStats Stats(std::size_t query = 0) { return database_->stats().queries.at(query); }
  // On a busy machine any run may be late.
  static std::uint64_t LateRuns(const QueryStats& stats) {
    return stats.errors[QueryError::kAcquireTimeout] + stats.errors[QueryError::kTimeout];
  }
  static std::uint64_t Errors(const QueryStats& stats) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < base::kEnumCount<QueryError>; ++i)
      sum += stats.errors[static_cast<QueryError>(i)];
    return sum;
  }
  bool AwaitErrors(QueryError error, std::uint64_t count, std::size_t query = 0) {
    return Eventually(kPatience, [&] { return Stats(query).errors[error] >= count; });
  }
  // Runs that had a result.
  bool AwaitSuccesses(std::uint64_t more, std::size_t query = 0) {
    const auto successes = [&] {
      const QueryStats stats = Stats(query);
      return stats.runs - Errors(stats);
    };
    const std::uint64_t before = successes();
    return Eventually(kPatience, [&] { return successes() >= before + more; });
  }
  // Expects that a query with this SQL fails with this error each time, and that its session stays
  // in the pool.
  void ExpectError(const std::string& sql, QueryError error, const std::string& message) {
    Open({Query("q", sql)});
    QueryStats stats;
    ASSERT_TRUE(Eventually(kPatience,
                           [&] {
                             stats = Stats();
                             return stats.errors[error] >= 3 && stats.latest_error == error;
                           }))
        << sql << stats.latest_message;
    EXPECT_THAT(stats.latest_message, HasSubstr(message));
    EXPECT_THAT(stats.latest_message, Not(HasSubstr(kRowValue)));
    EXPECT_EQ(stats.result, nullptr);
    EXPECT_EQ(Errors(stats), stats.errors[error] + LateRuns(stats)) << sql;
    // Only the session of a late run may be closed.
    EXPECT_LE(Ro().evictions[pool::EvictReason::kDead], Stats().errors[QueryError::kTimeout])
        << sql;
  }
  pool::PoolStats Ro() { return *database_->pool_stats().pools[PoolRole::kRo]; }
  // NaN if there is no result.
  double Number(std::size_t query = 0) {
    const auto result = Stats(query).result;
    return result ? result->rows.at(0).values.at(0).value_or(NAN) : NAN;
  }

  std::optional<database::Database> database_;
};

// The number of transactions in `database` that ended in this way, by the server's statistics.
std::string TransactionsEnded(const PostgresServer& server, const std::string& how,
                              const std::string& database) {
  return server.QueryOne("SELECT xact_" + how + " FROM pg_stat_database WHERE datname = '" +
                         database + "'");
}

TEST_F(Queries, ThatSucceedAreCommittedAndOpenTransactionsRolledBack) {
  primary_->Execute("CREATE DATABASE counted");
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.primary->dsn = base::Secret(primary_->Dsn("app", "counted"));
  options.probe.canary_interval = base::Duration::zero();
  options.queries = {Query("q", "SELECT 1 AS n")};
  database_.emplace(options);
  ASSERT_TRUE(AwaitSuccesses(20));
  {
    const pool::Lease lease = database_->AcquireRead();
    QueryOne(lease, "BEGIN; SELECT 1");
  }
  // A session reports all of its statistics when it ends.
  database_.reset();
  ASSERT_TRUE(Eventually(kPatience, [&] {
    return std::stoi(TransactionsEnded(*primary_, "commit", "counted")) >= 20;
  }));
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return primary_->QueryOne("SELECT count(*) FROM pg_stat_activity WHERE datname = 'counted'") ==
           "0";
  }));
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return TransactionsEnded(*primary_, "rollback", "counted") == "1";
  })) << TransactionsEnded(*primary_, "rollback", "counted");
}

TEST_F(Queries, InSqlAsciiDatabasesKeepTheirRowsAndReplaceInvalidUtf8) {
  primary_->Execute(
      "CREATE DATABASE ascii OWNER app TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' "
      "LC_CTYPE 'C'");
  // Even if the session requests UTF-8.
  for (const char* encoding : {"", " client_encoding=UTF8"}) {
    database::DatabaseOptions options = OptionsOn(*primary_);
    options.primary->dsn = base::Secret(primary_->Dsn("app", "ascii") + encoding);
    options.queries = {
        Query("q", "SELECT convert_from('\\x636166e9', 'SQL_ASCII') AS name, 1 AS n")};
    options.queries[0].labels = {"name"};
    database_.emplace(options);
    ASSERT_TRUE(Eventually(kPatience, [&] { return Stats().result != nullptr; }))
        << Stats().latest_message;
    EXPECT_EQ(Stats().result->rows.at(0).labels.at(0), "caf\xef\xbf\xbd");
  }
}

TEST_F(Queries, RunWhereReadsGoOrOnThePrimary) {
  QueryOptions primary = Query("primary", "SELECT pg_is_in_recovery() AS n");
  primary.from = queries::QueryFrom::kPrimary;
  Open({Query("route", "SELECT pg_is_in_recovery() AS n"), primary});
  EXPECT_TRUE(Eventually(kPatience, [&] { return Number(0) == 1; }));
  EXPECT_TRUE(Eventually(kPatience, [&] { return Number(1) == 0; }));
  EXPECT_EQ(database_->pool_stats().pools[PoolRole::kPrimary]->requests, 0u);
}

TEST_F(Queries, OnThePrimaryHaveAPoolAlsoWhereNoReadMayFallThrough) {
  QueryOptions query = Query("q", "SELECT 1 AS n");
  query.from = queries::QueryFrom::kPrimary;
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  options.routing.fallthrough = routing::Fallthrough::kNever;
  options.queries = {query};
  database_.emplace(options);
  EXPECT_TRUE(Eventually(kPatience, [&] { return Stats().result != nullptr; }));
}

TEST_F(Queries, OneThatWritesIsRefusedCountedAndLogged) {
  ExpectError("INSERT INTO kept VALUES (2)", QueryError::kWriteRefused, "25006");
  EXPECT_GE(Ro().read_only_violations, 3u);
  EXPECT_EQ(primary_->QueryOne("SELECT count(*) FROM kept"), "1");
}

TEST_F(Queries, NothingThatLiftsReadOnlyIsFollowedByAWrite) {
  ExpectError("SET TRANSACTION READ WRITE; INSERT INTO kept VALUES (2)", QueryError::kRefused,
              "42601");
  QueryOptions writes = Query("writes", "INSERT INTO kept VALUES (2) RETURNING n");
  QueryOptions lifts = Query("lifts", "SET default_transaction_read_only = off");
  lifts.from = writes.from = queries::QueryFrom::kPrimary;
  Open({lifts, writes});
  EXPECT_TRUE(AwaitErrors(QueryError::kNoRows, 10, 0));
  EXPECT_TRUE(AwaitErrors(QueryError::kWriteRefused, 10, 1));
  for (const std::size_t query : {0u, 1u}) EXPECT_EQ(Stats(query).result, nullptr);
  EXPECT_EQ(primary_->QueryOne("SELECT count(*) FROM kept"), "1");
}

TEST_F(Queries, WhatDoesNotParseOrIsSeveralStatementsIsRefused) {
  ExpectError("SELEKT 1", QueryError::kRefused, "the server returned an error (SQLSTATE 42601)");
  ExpectError("SELECT 1 AS n; SELECT 2 AS n", QueryError::kRefused, "SQLSTATE 42601");
  ExpectError("SELECT n FROM gone", QueryError::kRefused, "42P01");
  ExpectError("SELECT '" + std::string(kRowValue) + "'::int AS n", QueryError::kRefused, "22P02");
}

TEST_F(Queries, WhatHasNoRowsIsNoResultAndAnEmptyResultIsOne) {
  ExpectError("SET work_mem = '1MB'", QueryError::kNoRows, "write a SELECT");
  ExpectError("", QueryError::kNoRows, "write a SELECT");
  Open({Query("q", "SELECT n FROM kept WHERE false")});
  std::shared_ptr<const queries::QueryResult> result;
  ASSERT_TRUE(Eventually(kPatience, [&] {
    result = Stats().result;
    return result != nullptr;
  })) << Stats().latest_message;
  EXPECT_TRUE(result->rows.empty());
}

TEST_F(Queries, InvalidResultsFailTheRun) {
  ExpectError("SELECT 'many' AS n", QueryError::kBadValue, "is not a number");
  ExpectError("SELECT now() AS n", QueryError::kBadValue, "extract(epoch FROM");
  ExpectError("SELECT 10::numeric ^ 400 AS n", QueryError::kBadValue, "out of the range");
  ExpectError("SELECT 1 AS other", QueryError::kBadColumn, "no column \"n\"");
  ExpectError("SELECT generate_series(1, 2) AS n", QueryError::kDuplicate, "several rows");
}

TEST_F(Queries, OneThatWaitsForALockIsEndedByTheServerAndItsSessionKept) {
  pqxx::connection holder(primary_->Dsn());
  pqxx::work lock(holder);
  lock.exec("LOCK TABLE locked");
  QueryOptions query = Query("q", "SELECT n FROM locked");
  query.from = queries::QueryFrom::kPrimary;
  query.timeout = milliseconds(300);
  Open({query});
  // On a busy machine the server's response may arrive too late; then the session is closed.
  EXPECT_TRUE(Eventually(kPatience, [&] {
    const auto pool = database_->pool_stats().pools[PoolRole::kRoFallthrough];
    return Stats().errors[QueryError::kTimeout] >= pool->evictions[pool::EvictReason::kDead] + 3;
  }));
}

// The peak resident memory of this process.
long PeakMemoryKib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_F(Queries, TenMillionRowsAreReadToTheBoundInLittleMemory) {
  const long before = PeakMemoryKib();
  QueryOptions query = Query("q", "SELECT n, n::text AS l FROM generate_series(1, 10000000) AS n");
  query.labels = {"l"};
  query.max_series = 10;
  query.interval = query.timeout = kPatience;
  Open({query});
  ASSERT_TRUE(Eventually(kPatience, [&] { return Stats().runs >= 1; }));
  EXPECT_EQ(Stats().latest_error, std::nullopt) << Stats().latest_message;
  EXPECT_EQ(Stats().result->rows.size(), 10u);
  EXPECT_EQ(Stats().result->dropped, 10'000u);
  EXPECT_LT(PeakMemoryKib() - before, 32 * 1024);
  EXPECT_TRUE(
      Eventually(kPatience, [&] { return Ro().evictions[pool::EvictReason::kBorrower] == 1; }));
}

TEST_F(Queries, AServerThatGoesAwayInTheMiddleOfAResultIsALostRun) {
  // A row of 8 kB per millisecond: some have arrived when it ends.
  QueryOptions query = Query(
      "q", "SELECT n, repeat('x', 8000), pg_sleep(0.001) FROM generate_series(1, 100000) AS n");
  query.interval = query.timeout = kPatience;
  query.labels = {"repeat"};
  query.values[0].column = "n";
  Open({query});
  const auto asked = [](const std::string& what) {
    return replica_->QueryOne("SELECT count(" + what +
                              ") FROM pg_stat_activity WHERE query LIKE '%pg_sleep(0.001)%' AND "
                              "pid <> pg_backend_pid() AND state = 'active'");
  };
  ASSERT_TRUE(Eventually(kPatience, [&] { return asked("*") == "1"; }));
  asked("pg_terminate_backend(pid)");
  ASSERT_TRUE(Eventually(kPatience, [&] { return Stats().runs == 1; }));
  EXPECT_EQ(Stats().latest_error, QueryError::kLost) << Stats().latest_message;
  EXPECT_EQ(Stats().result, nullptr);
  // The pool opens another session.
  EXPECT_EQ(Read(*database_, "SELECT 1"), "1");
}

TEST_F(Queries, OnAFrozenServerEndAtTheirDeadlineAndOthersContinue) {
  QueryOptions primary = Query("primary", "SELECT 1 AS n");
  primary.from = queries::QueryFrom::kPrimary;
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  options.routing.fallthrough = routing::Fallthrough::kNever;
  options.probe.interval = seconds(3600);  // the route stays on what does not answer
  options.queries = {Query("q", "SELECT 1 AS n"), primary};
  database_.emplace(options);
  ASSERT_TRUE(AwaitRoute(*database_, routing::Route::kReplica));
  ASSERT_TRUE(AwaitSuccesses(1));
  replica_->Suspend();
  EXPECT_TRUE(Eventually(kPatience, [&] { return Stats(0).latest_error.has_value(); }));
  EXPECT_TRUE(AwaitSuccesses(10, 1));
  replica_->Resume();
  EXPECT_TRUE(Eventually(kPatience, [&] { return !Stats(0).latest_error.has_value(); }));
}

class QueriesBehindPgBouncer : public Queries, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(In, QueriesBehindPgBouncer, testing::Values("session", "transaction"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST_P(QueriesBehindPgBouncer, AnswerAndCannotWriteAndLeaveTheNextOneNothing) {
  const PgBouncer bouncer(*primary_, GetParam());
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.primary->dsn = base::Secret(bouncer.Dsn());
  options.ro_fallthrough_pool.min_idle = 0;
  options.ro_fallthrough_pool.max_size = 1;  // all of them on one session
  options.primary_pool.min_idle = 0;
  options.queries = {
      Query("answers", "SELECT setting::int AS n FROM pg_settings WHERE name = 'work_mem'"),
      Query("writes", "INSERT INTO kept VALUES (2) RETURNING n"),
      Query("sets", "SELECT set_config('work_mem', '64kB', true)::text <> '' AS n"),
      Query("hangs", "SELECT 1 AS n FROM pg_sleep(60)")};
  for (QueryOptions& query : options.queries) query.interval = milliseconds(500);
  options.queries[3].timeout = milliseconds(100);
  database_.emplace(options);
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(Eventually(kPatience, [&] { return Stats(i).runs >= 3; }));
  }
  EXPECT_TRUE(Eventually(kPatience, [&] { return Number(0) == 4096; }));
  EXPECT_TRUE(AwaitErrors(QueryError::kWriteRefused, 1, 1));
  EXPECT_TRUE(AwaitErrors(QueryError::kTimeout, 1, 3));
  database_.reset();
  EXPECT_EQ(primary_->QueryOne("SELECT count(*) FROM kept"), "1");
}

TEST_F(Queries, OfEverySetAnswerARoleThatHasPgMonitorAlone) {
  const std::string password(PostgresServer::kPassword);
  primary_->Execute("CREATE ROLE watcher LOGIN PASSWORD '" + password +
                    "'; GRANT pg_monitor TO watcher; "
                    "SELECT pg_create_physical_replication_slot('kept', true)");
  ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  const auto as_watcher = [&](const PostgresServer& server) {
    postgres::SessionOptions session;
    session.dsn = base::Secret("host=127.0.0.1 port=" + std::to_string(server.port()) +
                               " dbname=app user=watcher password=" + password);
    return session;
  };
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  options.primary = as_watcher(*primary_);
  options.replica = as_watcher(*replica_);
  for (const std::string& set : config::QuerySetNames()) {
    for (const config::PlacedQuery& query : config::ReadQuerySet(set)) {
      options.queries.push_back(query.options);
      options.queries.back().interval = seconds(2);
      options.queries.back().timeout = kPatience;
    }
  }
  database_.emplace(options);
  ASSERT_TRUE(AwaitRoute(*database_, routing::Route::kReplica));
  std::map<std::string, double> numbers;
  for (std::size_t i = 0; i < options.queries.size(); ++i) {
    QueryStats stats;
    ASSERT_TRUE(Eventually(kPatience,
                           [&] {
                             stats = Stats(i);
                             return stats.runs >= 2 && stats.result != nullptr &&
                                    !stats.latest_error;
                           }))
        << options.queries[i].name << stats.latest_message;
    EXPECT_EQ(Errors(stats), LateRuns(stats)) << options.queries[i].name;
    ASSERT_GE(stats.rows, 1u) << options.queries[i].name;
    for (std::size_t v = 0; v < stats.options->values.size(); ++v) {
      for (const auto& row : stats.result->rows)
        numbers[stats.options->values[v].metric] += row.values[v].value_or(0);
    }
  }
  EXPECT_EQ(numbers["pg_max_connections"], std::stod(primary_->QueryOne("SHOW max_connections")));
  EXPECT_EQ(numbers["pg_replication_standbys"], 1);
  EXPECT_EQ(numbers["pg_replica_wal_streams"], 1);
  EXPECT_EQ(numbers["pg_replica_replay_paused"], 0);
  EXPECT_EQ(numbers["pg_blocked_backends"], 0);
  EXPECT_EQ(numbers["pg_replication_slot_active"], 0);
  EXPECT_GE(numbers["pg_connections"], 1);
  EXPECT_EQ(Ro().read_only_violations, 0u);
}

TEST_F(Queries, OfTheSetsSeeWhoWaitsForWhom) {
  pqxx::connection holder(primary_->Dsn());
  pqxx::work lock(holder);
  lock.exec("LOCK TABLE locked");
  std::vector<QueryOptions> queries;
  for (const char* set : {"locks", "transactions"}) {
    for (const config::PlacedQuery& query : config::ReadQuerySet(set)) {
      queries.push_back(query.options);
      queries.back().interval = milliseconds(200);
      queries.back().timeout = kPatience;
    }
  }
  primary_->Execute("GRANT pg_monitor TO app");
  Open(queries);
  std::future<void> waiter = std::async(std::launch::async, [] {
    pqxx::connection blocked(primary_->Dsn());
    pqxx::work waits(blocked);
    waits.exec("SELECT n FROM locked");
  });
  EXPECT_TRUE(Eventually(kPatience, [&] { return Stats(0).result && Number(0) == 1; }));
  EXPECT_TRUE(Eventually(kPatience, [&] {
    const QueryStats stats = Stats(1);
    return stats.result && stats.result->rows[0].values[2] == 1 && Number(1) > 0;
  }));
  lock.commit();
  waiter.get();
  EXPECT_TRUE(Eventually(kPatience, [&] { return Stats(0).result && Number(0) == 0; }));
}

TEST_F(Queries, AreMetricsOfTheExporterAndAnotherFileBringsOthers) {
  const TempDir dir;
  const auto file = [&](const std::string& metric, const std::string& sql) {
    const std::string text =
        "primary:\n  dsn: \"" + primary_->Dsn() + "\"\nqueries:\n  - name: q\n    sql: " + sql +
        "\n    interval: 100ms\n    labels: [l]\n    values: [{column: n, metric: " + metric +
        ", help: A number.}]\n";
    return "--config.file=" + dir.Write("exporter.yaml", text).string();
  };
  ExporterProcess exporter(SCIDEX_EXPORTER, {}, {file("first", "SELECT 7 AS n, 'x' AS l")});
  EXPECT_TRUE(exporter.AwaitValue("first{l=\"x\"}", "7"));
  const double runs = std::stod(exporter.Value("scidex_pg_query_runs_total{query=\"q\"}"));
  EXPECT_GE(runs, 1);
  file("second", "SELECT 8 AS n, 'x' AS l");
  exporter.process().Signal(SIGHUP);
  EXPECT_TRUE(exporter.AwaitValue("second{l=\"x\"}", "8"));
  EXPECT_EQ(exporter.Value("first{l=\"x\"}"), "");
  EXPECT_GT(std::stod(exporter.Value("scidex_pg_query_runs_total{query=\"q\"}")), runs);
}

TEST_F(Queries, ThatAReloadLeavesAloneLoseNoRunToIt) {
  const TempDir dir;
  const auto file = [&](int other) {
    std::string text = "primary: {dsn: \"" + primary_->Dsn() + "\"}\nreplica: {dsn: \"" +
                       replica_->Dsn() + "\"}\nqueries:\n";
    const auto add = [&](const std::string& name, int number) {
      text += "  - {name: " + name + ", sql: SELECT " + std::to_string(number) +
              " AS n, interval: 100ms, timeout: 100ms, on_error: keep_last, values: [{column: n, "
              "metric: " +
              name + "_n, help: A number.}]}\n";
    };
    for (int i = 0; i < 20; ++i) add("kept" + std::to_string(i), i);
    for (int i = 0; i < 20; ++i) add("other" + std::to_string(i), other);
    return "--config.file=" + dir.Write("exporter.yaml", text).string();
  };
  ExporterProcess exporter(SCIDEX_EXPORTER, {}, {file(0), "--web.enable-lifecycle"});
  const auto runs_of_kept = [&] {
    double all = 0;
    for (int i = 0; i < 20; ++i) {
      const std::string value =
          exporter.Value("scidex_pg_query_runs_total{query=\"kept" + std::to_string(i) + "\"}");
      all += value.empty() ? 0 : std::stod(value);
    }
    return all;
  };
  ASSERT_TRUE(exporter.AwaitValue("kept19_n", "19"));
  double runs = 0;
  for (int reload = 1; reload <= 20; ++reload) {
    file(reload);
    ASSERT_EQ(Request(exporter.port(), "POST", "/-/reload").code, 200);
    EXPECT_TRUE(exporter.AwaitValue("other19_n", std::to_string(reload)));
    EXPECT_EQ(exporter.Value("kept19_n"), "19");
    const double now = runs_of_kept();
    EXPECT_GE(now, runs);
    runs = now;
  }
  // On a slow machine, others are possible.
  for (const char* reason : {"reason=lost", "reason=no_route", "reason=refused"}) {
    EXPECT_THAT(exporter.process().Errors(), Not(HasSubstr(reason)));
  }
}

TEST_F(Queries, EndAtOnceWithWhatTheyRun) {
  QueryOptions query = Query("q", "SELECT 1 AS n FROM pg_sleep(3600)");
  query.interval = query.timeout = seconds(7200);
  Open({query});
  ASSERT_TRUE(
      Eventually(kPatience, [&] { return Stats().activity == queries::QueryActivity::kRunning; }));
  // If this waited for the query, it would take an hour.
  database_.reset();
}

}  // namespace
}  // namespace scidex::test
