// Reloads of the configuration, on real servers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "integration/clients.h"
#include "integration/primary_and_replica.h"
#include "integration/servers.h"
#include "metrics/snapshot.h"
#include "support/eventually.h"
#include "support/exporter_process.h"
#include "support/free_port.h"
#include "support/log_tap.h"
#include "support/temp_dir.h"

namespace scidex::test {
namespace {

using routing::PoolRole;
using ::testing::HasSubstr;

class ReloadDatabase : public PrimaryAndReplica {
 protected:
  static std::string Pid(const pool::Lease& lease) {
    return QueryOne(lease, "SELECT pg_backend_pid()");
  }
};

TEST_F(ReloadDatabase, UnchangedPoolsKeepTheirSessionsAndChangedPoolsGetNewOnes) {
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  // So that it is the same session each time.
  options.primary_pool.min_idle = options.primary_pool.max_size = 1;
  options.ro_pool.min_idle = options.ro_pool.max_size = 1;
  // It would count as another reader.
  options.probe.canary_interval = base::Duration::zero();
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, routing::Route::kReplica));
  const std::string writer = Pid(database.AcquireWrite());
  const std::string reader = Pid(database.AcquireRead());
  const auto before = database.pool_stats();

  options.ro_pool.max_size = 3;
  database.Reconfigure(options);
  EXPECT_EQ(Pid(database.AcquireWrite()), writer);
  EXPECT_NE(Pid(database.AcquireRead()), reader);
  const auto after = database.pool_stats();
  EXPECT_EQ(after.pools[PoolRole::kRo]->max_size, 3u);
  EXPECT_EQ(after.pools[PoolRole::kRo]->requests, before.pools[PoolRole::kRo]->requests + 1);
  // The server is the same, so its facts remain valid.
  EXPECT_EQ(after.route.route, routing::Route::kReplica);
  EXPECT_TRUE(after.route.recent.empty());
}

TEST_F(ReloadDatabase, AddedReplicaGetsTheReadsAndRemovedReplicaLosesThem) {
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.probe.interval = std::chrono::milliseconds(100);
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, routing::Route::kPrimaryFallthrough));
  database.Reconfigure(OptionsOn(*primary_, *replica_));
  EXPECT_EQ(Read(database, "SELECT pg_is_in_recovery()"), "t");
  database.Reconfigure(options);
  EXPECT_EQ(Read(database, "SELECT pg_is_in_recovery()"), "f");
  EXPECT_EQ(database.pool_stats().route.reason, routing::Reason::kReplicaNotConfigured);
}

TEST_F(ReloadDatabase, CountersOfARemovedPoolAreKept) {
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, routing::Route::kReplica));
  const auto requests = [&database] {
    metrics::Snapshot snapshot;
    snapshot.pools = database.pool_stats();
    return snapshot.Pool(PoolRole::kRo).requests;
  };
  for (int i = 0; i < 100; ++i) Read(database, "SELECT 1");
  EXPECT_GE(requests(), 100u);
  database.Reconfigure(OptionsOn(*primary_));
  EXPECT_FALSE(database.pool_stats().pools[PoolRole::kRo]);
  EXPECT_GE(requests(), 100u);
  database.Reconfigure(options);
  EXPECT_GE(requests(), 100u);
  EXPECT_LT(requests(), 200u);
}

TEST_F(ReloadDatabase, FactsAboutAServerAreNotReportedOfAnother) {
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  database::Database database(options);
  const auto found = [&database] {
    const control::ControlStats stats = database.stats().control;
    return stats.probes[PoolRole::kRo].in_recovery || stats.probes[PoolRole::kRo].up ||
           stats.canaries[PoolRole::kRo].success.has_value();
  };
  ASSERT_TRUE(Eventually(kPatience, [&] {
    return database.stats().control.canaries[PoolRole::kRo].success.has_value();
  }));
  EXPECT_TRUE(found());
  options.replica->dsn =
      base::Secret("host=127.0.0.1 port=" + std::to_string(FreePort()) + " dbname=app");
  database.Reconfigure(options);
  EXPECT_FALSE(found());
}

TEST_F(ReloadDatabase, InvalidOptionsChangeNothing) {
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.primary_pool.min_idle = options.primary_pool.max_size = 1;
  database::Database database(options);
  const std::string writer = Pid(database.AcquireWrite());
  database::DatabaseOptions bad = options;
  bad.primary_pool.max_size = 2;
  bad.replica.emplace();
  bad.replica->dsn = base::Secret("host=");
  bad.ro_pool.max_waiters = 0;
  EXPECT_THROW(database.Reconfigure(bad), std::invalid_argument);
  EXPECT_EQ(Pid(database.AcquireWrite()), writer);
  EXPECT_EQ(database.pool_stats().pools[PoolRole::kPrimary]->max_size, 1u);
  EXPECT_FALSE(database.pool_stats().ro_dsn_configured);
}

TEST_F(ReloadDatabase, ReloadsWhileEverythingIsInUseLoseNothing) {
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  // It would count as another reader.
  options.probe.canary_interval = base::Duration::zero();
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, routing::Route::kReplica));
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> reads{0};
  std::vector<std::future<void>> readers;
  for (int i = 0; i < 4; ++i) {
    readers.push_back(std::async(std::launch::async, [&] {
      while (!stop) {
        EXPECT_EQ(Read(database, "SELECT 1"), "1");
        ++reads;
      }
    }));
  }
  for (std::size_t round = 0; round < 20; ++round) {
    const std::uint64_t enough = reads + 20;
    options.ro_pool.max_size = 2 + round % 3;
    options.ro_fallthrough_pool.max_size = 2 + round % 2;
    options.probe.interval = std::chrono::milliseconds(100 + 100 * (round % 2));
    database.Reconfigure(options);
    database.stats();
    ASSERT_TRUE(Eventually(kPatience, [&] { return reads > enough; }));
  }
  stop = true;
  for (auto& reader : readers) reader.get();
  const pool::PoolStats ro = *database.pool_stats().pools[PoolRole::kRo];
  EXPECT_EQ(
      ro.acquires[pool::AcquireOutcome::kImmediate] + ro.acquires[pool::AcquireOutcome::kWaited],
      reads + 0u);
  EXPECT_EQ(ro.use.total(), reads + 0u);
}

TEST_F(ReloadDatabase, LeasesOfAReplacedPoolAreCountedAndCheckedForLeaks) {
  const LogTap log;
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  options.probe.canary_interval = base::Duration::zero();
  options.ro_pool.leak_after = std::chrono::seconds(1);
  database::Database database(options);
  ASSERT_TRUE(AwaitRoute(database, routing::Route::kReplica));
  const auto stats = [&] { return *database.pool_stats().pools[PoolRole::kRo]; };
  EXPECT_EQ(stats().retired_leases, 0u);
  std::vector<pool::Lease> leases;
  for (int i = 0; i < 3; ++i) leases.push_back(database.AcquireRead());
  ++options.ro_pool.max_waiters;
  database.Reconfigure(options);
  EXPECT_EQ(stats().retired_leases, 3u);
  EXPECT_EQ(stats().in_use, 0u);
  EXPECT_TRUE(Eventually(kPatience, [&] { return stats().leases_leaked == 3; }));
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return log.Count({"lease held too long", "pool=ro ", "reload_pgtest.cc"}) == 3;
  }));
  ++options.ro_pool.max_waiters;
  database.Reconfigure(options);
  EXPECT_EQ(stats().retired_leases, 3u);
  leases.clear();
  EXPECT_EQ(stats().retired_leases, 0u);
  EXPECT_EQ(stats().leases_leaked, 3u);
}

TEST_F(ReloadDatabase, AnotherBackoffReachesAServerThatRefuses) {
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.primary->dsn = base::Secret("host=127.0.0.1 port=" + std::to_string(FreePort()));
  options.primary_pool.min_idle = 1;
  options.primary_pool.backoff = {std::chrono::hours(1000), std::chrono::hours(1000)};
  database::Database database(options);
  // Both pools of the server share its backoff: either of them makes the one connect before it.
  const auto refused = [&] {
    const routing::PoolsStats stats = database.pool_stats();
    std::uint64_t sum = 0;
    for (const PoolRole role : {PoolRole::kPrimary, PoolRole::kRoFallthrough}) {
      sum += stats.pools[role]->connects[pool::ConnectOutcome::kConnectRefused];
    }
    return sum;
  };
  ASSERT_TRUE(Eventually(kPatience, [&] { return refused() >= 1; }));
  options.primary_pool.backoff = {std::chrono::milliseconds(1), std::chrono::milliseconds(1)};
  database.Reconfigure(options);
  const std::uint64_t before = refused();
  EXPECT_TRUE(Eventually(kPatience, [&] { return refused() >= before + 3; }));
}

// The autoscaler makes no more checks after the reload, so that it does not grow the new pools.
class ReloadAutoscaled : public ReloadDatabase {
 protected:
  static constexpr std::size_t kReaders = 20;

  ReloadAutoscaled() {
    for (pool::PoolOptions* pool :
         {&options_.primary_pool, &options_.ro_pool, &options_.ro_fallthrough_pool}) {
      pool->min_idle = 1;
      pool->max_size = 30;
    }
    options_.probe.interval = std::chrono::milliseconds(50);
    options_.probe.canary_interval = base::Duration::zero();
    options_.autoscaler.mode = control::AutoscalerMode::kOn;
    options_.autoscaler.interval = std::chrono::milliseconds(50);
  }
  static pool::PoolStats Stats(const database::Database& database, PoolRole role) {
    return *database.pool_stats().pools[role];
  }
  // Waits until the load has grown the pool, and returns its target.
  static std::size_t AwaitGrown(const database::Database& database, PoolRole role) {
    EXPECT_TRUE(Eventually(kPatience, [&] {
      const pool::PoolStats stats = Stats(database, role);
      return stats.target_size >= kReaders / 2 && stats.size >= kReaders / 2;
    }));
    return Stats(database, role).target_size;
  }
  void StopScaling() { options_.autoscaler.interval = std::chrono::hours(1); }
  // The pool has the target immediately, and connections for the readers soon.
  static void ExpectStartedWithTarget(const database::Database& database, PoolRole role,
                                      std::size_t target) {
    EXPECT_EQ(Stats(database, role).target_size, target);
    EXPECT_TRUE(Eventually(kPatience, [&] {
      return Stats(database, role).size >= std::min(target, kReaders / 2);
    })) << Stats(database, role).size;
  }

  // Lets the pool for reads grow, stops the autoscaler, and returns the target, which the pool
  // keeps.
  std::size_t GrowAndStopScaling(database::Database& database) {
    AwaitGrown(database, PoolRole::kRo);
    StopScaling();
    database.Reconfigure(options_);
    return Stats(database, PoolRole::kRo).target_size;
  }

  database::DatabaseOptions options_ = OptionsOn(*primary_, *replica_);
};

TEST_F(ReloadAutoscaled, APoolWithOtherOptionsStartsAtTheTargetOfTheOneBefore) {
  database::Database database(options_);
  Clients clients(database, 0, kReaders);
  const std::size_t target = GrowAndStopScaling(database);
  ++options_.ro_pool.max_waiters;
  database.Reconfigure(options_);
  ExpectStartedWithTarget(database, PoolRole::kRo, target);
  options_.ro_pool.max_size = target - 1;
  database.Reconfigure(options_);
  ExpectStartedWithTarget(database, PoolRole::kRo, target - 1);
  clients.Stop();
  EXPECT_EQ(clients.failed(), 0u);
}

TEST_F(ReloadAutoscaled, APoolWithANewPasswordStartsAtTheTargetOfTheOneBefore) {
  const auto on = [](const PostgresServer& server, const std::string& password) {
    return base::Secret("host=127.0.0.1 port=" + std::to_string(server.port()) +
                        " dbname=app user=changing password=" + password);
  };
  primary_->Execute("CREATE ROLE changing LOGIN PASSWORD 'one'");
  ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  options_.primary->dsn = on(*primary_, "one");
  options_.replica->dsn = on(*replica_, "one");
  database::Database database(options_);
  Clients clients(database, 0, kReaders);
  const std::size_t target = GrowAndStopScaling(database);
  primary_->Execute("ALTER ROLE changing PASSWORD 'two'");
  ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  options_.primary->dsn = on(*primary_, "two");
  options_.replica->dsn = on(*replica_, "two");
  database.Reconfigure(options_);
  ExpectStartedWithTarget(database, PoolRole::kRo, target);
  clients.Stop();
  EXPECT_EQ(clients.failed(), 0u);
}

TEST_F(ReloadAutoscaled, ThePoolThatTakesTheReadsOverStartsAtTheTargetOfTheOtherOne) {
  database::Database database(options_);
  Clients clients(database, 0, kReaders);
  const std::size_t target = GrowAndStopScaling(database);
  EXPECT_EQ(Stats(database, PoolRole::kRoFallthrough).target_size, 1u);
  replica_->Stop(PostgresServer::StopMode::kImmediate);
  ASSERT_TRUE(AwaitRoute(database, routing::Route::kPrimaryFallthrough));
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return Stats(database, PoolRole::kRoFallthrough).target_size == target;
  })) << Stats(database, PoolRole::kRoFallthrough).target_size;
  ExpectStartedWithTarget(database, PoolRole::kRoFallthrough, target);
  clients.Stop();
  replica_->Start();
  ASSERT_TRUE(AwaitRoute(database, routing::Route::kReplica));
  // The autoscaler's limits come from its servers: this one has no room for more.
  EXPECT_EQ(Stats(database, PoolRole::kRo).target_size, target);
}

class Reload : public PrimaryAndReplica {
 protected:
  static std::string Value(ExporterProcess& exporter, const std::string& name) {
    return exporter.Value("scidex_pg_exporter_config_" + name);
  }
  std::string Write(const std::string& text) {
    return "--config.file=" + dir_.Write("exporter.yaml", text).string();
  }
  static std::string Primary(const std::string& pool = "") {
    return "primary:\n  dsn: \"" + primary_->Dsn() + "\"\n" + pool;
  }

  const TempDir dir_;
};

TEST_F(Reload, SighupBringsTheFileIntoForceAndARefusedOneKeepsTheLast) {
  ExporterProcess exporter(SCIDEX_EXPORTER, {}, {Write(Primary())});
  ASSERT_TRUE(exporter.AwaitValue("scidex_pg_pool_ro_routes_to", "2"));
  EXPECT_EQ(Value(exporter, "last_reload_successful"), "1");
  const std::string hash = Value(exporter, "hash");

  Write(Primary("pools:\n  primary: {max_size: 7}\n"));
  exporter.process().Signal(SIGHUP);
  EXPECT_TRUE(exporter.AwaitValue("scidex_pg_pool_max_size{pool=\"primary\"}", "7"));
  EXPECT_TRUE(Eventually(kPatience, [&] { return Value(exporter, "hash") != hash; }));

  Write(Primary("pools:\n  primary: {max_sise: 8}\n"));
  exporter.process().Signal(SIGHUP);
  EXPECT_TRUE(exporter.AwaitValue("scidex_pg_exporter_config_last_reload_successful", "0"));
  EXPECT_EQ(exporter.Value("scidex_pg_pool_max_size{pool=\"primary\"}"), "7");
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return exporter.process().Errors().find("did you mean pools.primary.max_size?") !=
           std::string::npos;
  }));

  Write(Primary("web: {listen_addresses: [\":1\"]}\nlog: {level: debug}\n"));
  exporter.process().Signal(SIGHUP);
  // Flags override the file: its address is not used.
  EXPECT_TRUE(exporter.AwaitValue("scidex_pg_exporter_config_last_reload_successful", "1"));
  EXPECT_EQ(exporter.Value("scidex_pg_pool_max_size{pool=\"primary\"}"), "10");
}

TEST_F(Reload, WhatCannotChangeIsRefusedByItsKey) {
  ExporterProcess exporter(SCIDEX_EXPORTER, {}, {Write(Primary()), "--web.enable-lifecycle"});
  const int port = exporter.port();
  for (const char* key :
       {"web: {telemetry_path: /x}", "web: {max_requests: 3}", "web: {config_file: /none}",
        "shutdown_timeout: 1s", "connects_per_server: 2"}) {
    Write(Primary(key));
    EXPECT_EQ(Request(port, "POST", "/-/reload").code, 500) << key;
  }
  EXPECT_THAT(Request(port, "POST", "/-/reload").body,
              HasSubstr("connects_per_server: cannot change while the process runs; restart it"));
}

TEST_F(Reload, PostReloadsWhereTheLifecycleIsEnabledAndIsRefusedElsewhere) {
  ExporterProcess enabled(SCIDEX_EXPORTER, {}, {Write(Primary()), "--web.enable-lifecycle"});
  ASSERT_GT(enabled.port(), 0);
  EXPECT_EQ(Request(enabled.port(), "POST", "/-/reload").code, 200);
  EXPECT_EQ(Get(enabled.port(), "/-/reload").code, 405);
  EXPECT_EQ(Get(enabled.port(), "/-/reload").Header("Allow"), "POST, OPTIONS");
  Write("nonsense: 1\n");
  const HttpResponse refused = Request(enabled.port(), "POST", "/-/reload");
  EXPECT_EQ(refused.code, 500);
  EXPECT_THAT(refused.body, HasSubstr("exporter.yaml:1: nonsense: unknown key"));

  ExporterProcess disabled(SCIDEX_EXPORTER, {}, {Write(Primary())});
  EXPECT_EQ(Request(disabled.port(), "POST", "/-/reload").code, 403);
}

// The value of each series that must not decrease.
std::map<std::string, double> CountersOf(ExporterProcess& exporter) {
  std::map<std::string, double> counters;
  std::istringstream lines(exporter.Scrape().body);
  bool rises = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE "))
      rises = line.ends_with(" counter") || line.ends_with(" histogram");
    if (line.starts_with("#") || !rises) continue;
    const std::size_t blank = line.rfind(' ');
    counters[line.substr(0, blank)] = std::stod(line.substr(blank + 1));
  }
  return counters;
}

TEST_F(Reload, NoCounterFallsWhateverChanges) {
  const std::string nowhere =
      "replica:\n  dsn: \"host=127.0.0.1 dbname=app port=" + std::to_string(FreePort()) + "\"\n";
  const std::string replica = "replica:\n  dsn: \"" + replica_->Dsn() + "\"\n";
  const std::string often = "probe: {interval: 100ms}\n";
  const std::string queries =
      "queries:\n  - {name: q, sql: SELECT 1 AS n, interval: 100ms, values: [{column: n, help: "
      "N.}]}\n";
  ExporterProcess exporter(SCIDEX_EXPORTER, {},
                           {Write(Primary(nowhere + often + queries)), "--web.enable-lifecycle"});
  const std::string failed =
      "scidex_pg_pool_probe_failures_total{pool=\"ro\",reason=\"connect_refused\"}";
  ASSERT_TRUE(Eventually(kPatience, [&] { return std::stod(exporter.Value(failed)) >= 2; }));
  const std::string dead = Primary(nowhere + often + queries);
  for (const std::string& text :
       {Primary(queries), dead, Primary(replica + queries),
        Primary("pools: {primary: {max_size: 7}, ro: {max_waiters: 7}}\n" + replica + queries),
        Primary("autoscaler: {mode: on}\n" + replica + often + queries),
        Primary("autoscaler: {mode: on}\nread_only: {fallthrough: never}\n" + replica + queries),
        Primary(queries), Primary("session: {reset: reset_all}\n" + replica + queries), dead}) {
    const auto before = CountersOf(exporter);
    const std::string runs = exporter.Value("scidex_pg_query_runs_total{query=\"q\"}");
    Write(text);
    ASSERT_EQ(Request(exporter.port(), "POST", "/-/reload").code, 200) << text;
    auto after = CountersOf(exporter);
    for (const auto& [series, value] : before) EXPECT_GE(after[series], value) << series << text;
    ASSERT_TRUE(Eventually(kPatience, [&] {
      return exporter.Value("scidex_pg_query_runs_total{query=\"q\"}") != runs;
    }));
  }
}

TEST_F(Reload, ChangedPasswordsAreReadAgainWhenALoginIsRefused) {
  primary_->Execute("CREATE ROLE rotating LOGIN PASSWORD 'canary-one'");
  ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  const auto server = [](const char* key, int port, const std::string& password) {
    return std::string(key) + ":\n  dsn: \"host=127.0.0.1 port=" + std::to_string(port) +
           " dbname=app user=rotating password=" + password + "\"\n";
  };
  const auto file = [&](const std::string& password) {
    return Write(server("primary", primary_->port(), password) +
                 server("replica", replica_->port(), password));
  };
  ExporterProcess exporter(SCIDEX_EXPORTER, {}, {file("canary-one")});
  const auto await_up = [&](const std::string& value) {
    for (const char* pool : {"primary", "ro"}) {
      const std::string up = "scidex_pg_pool_backend_up{pool=\"" + std::string(pool) + "\"}";
      ASSERT_TRUE(exporter.AwaitValue(up, value)) << pool;
    }
  };
  await_up("1");
  primary_->Execute("ALTER ROLE rotating PASSWORD 'canary-two'");
  ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  for (PostgresServer* one : {primary_.get(), replica_.get()}) {
    one->Execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rotating'");
  }
  await_up("0");
  file("canary-two");
  await_up("1");
  EXPECT_EQ(exporter.process().Errors().find("canary"), std::string::npos);
}

TEST_F(Reload, NewPasswordIsTakenEvenIfAReloadWouldBeRefused) {
  primary_->Execute("CREATE ROLE renewed LOGIN PASSWORD 'canary-one'");
  const char* const kHeaders = "http_server_config: {headers: {X-Frame-Options: deny}}\n";
  const TempDir web_dir;
  const std::string web = web_dir.Write("web.yaml", kHeaders).string();
  const auto file = [&](const std::string& password) {
    return Write("primary:\n  dsn: \"host=127.0.0.1 port=" + std::to_string(primary_->port()) +
                 " dbname=app user=renewed password=" + password + "\"\nweb: {config_file: " + web +
                 "}\n");
  };
  ExporterProcess exporter(SCIDEX_EXPORTER, {}, {file("canary-one")});
  const std::string up = "scidex_pg_pool_backend_up{pool=\"primary\"}";
  ASSERT_TRUE(exporter.AwaitValue(up, "1"));
  // Neither the web configuration file nor the limit of open files allows a reload.
  web_dir.Write("web.yaml", "nonsense\n");
  const pid_t process = exporter.process().pid();
  rlimit before{};
  ASSERT_EQ(prlimit(process, RLIMIT_NOFILE, nullptr, &before), 0);
  const rlimit few{60, before.rlim_max};
  ASSERT_EQ(prlimit(process, RLIMIT_NOFILE, &few, nullptr), 0);
  file("canary-two");
  primary_->Execute(
      "ALTER ROLE renewed PASSWORD 'canary-two';"
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'renewed'");
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return exporter.process().Errors().find("the DSNs were read again and have changed") !=
           std::string::npos;
  })) << exporter.process().Errors();
  web_dir.Write("web.yaml", kHeaders);
  ASSERT_EQ(prlimit(process, RLIMIT_NOFILE, &before, nullptr), 0);
  EXPECT_TRUE(exporter.AwaitValue(up, "1"));
}

TEST_F(Reload, FileThatNamesAnotherServerIsNotTakenForANewPassword) {
  primary_->Execute("CREATE ROLE moved LOGIN PASSWORD 'canary-one'");
  const std::string dsn = "host=127.0.0.1 port=" + std::to_string(primary_->port()) +
                          " dbname=app user=moved password=";
  const auto file = [&](const std::string& text) {
    return Write("primary: {dsn: \"" + text + "\"}\n");
  };
  ExporterProcess exporter(SCIDEX_EXPORTER, {}, {file(dsn + "canary-one")});
  const std::string up = "scidex_pg_pool_backend_up{pool=\"primary\"}";
  ASSERT_TRUE(exporter.AwaitValue(up, "1"));
  const std::string hash = Value(exporter, "hash");
  // As if it were being written.
  Write("log: {level: info}\n");
  primary_->Execute(
      "ALTER ROLE moved PASSWORD 'canary-two';"
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'moved'");
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return exporter.process().Errors().find("reload to apply them") != std::string::npos;
  }));
  EXPECT_EQ(Value(exporter, "hash"), hash);
  file(dsn + "canary-two");
  EXPECT_TRUE(exporter.AwaitValue(up, "1"));
}

}  // namespace
}  // namespace scidex::test
