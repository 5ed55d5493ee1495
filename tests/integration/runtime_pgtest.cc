// What databases share, and what the failure of one server must not affect.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/exporter.h"
#include "integration/primary_and_replica.h"
#include "integration/servers.h"
#include "metrics/collectors.h"
#include "support/free_port.h"
#include "support/silent_server.h"

namespace scidex::test {
namespace {

using namespace std::chrono_literals;
using pool::ConnectOutcome;
using routing::PoolRole;
using routing::Reason;
using routing::Route;

std::size_t CountThreads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

class RuntimeTest : public PrimaryAndReplica {
 protected:
  static void SetUpTestSuite() { Start({}); }

  static postgres::SessionOptions SessionTo(int port) {
    postgres::SessionOptions session;
    session.dsn = base::Secret("host=127.0.0.1 dbname=none user=none port=" + std::to_string(port));
    return session;
  }
};

TEST_F(RuntimeTest, ReplicaThatHangsDelaysNoWriterAndNoFallThrough) {
  const SilentServer silent;
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.replica = SessionTo(silent.port());
  options.ro_pool.min_idle = 10;
  options.ro_pool.max_size = 10;
  // None of its connects ends during the test.
  options.ro_pool.connect_timeout = std::chrono::hours(1);
  options.probe.timeout = 100ms;
  database::Database database(options);
  // All deadlines are far away, so that anything that waits for the hung server never ends.
  const auto acquire =
      [&](auto (database::Database::*how)(const pool::AcquireOptions&, const base::CallSite&)) {
        return std::async(std::launch::async, [&database, how] {
          return (database.*how)({base::kNever}, base::CallSite::current());
        });
      };
  ASSERT_TRUE(AwaitRoute(database, Route::kPrimaryFallthrough));
  std::vector<std::future<pool::Lease>> leases;
  for (int i = 0; i < 4; ++i) {
    leases.push_back(acquire(&database::Database::AcquireWrite));
    leases.push_back(acquire(&database::Database::AcquireRead));
  }
  for (auto& lease : leases) {
    ASSERT_EQ(lease.wait_for(kPatience), std::future_status::ready);
    EXPECT_TRUE(lease.get());
  }
  const pool::PoolStats ro = *database.pool_stats().pools[PoolRole::kRo];
  EXPECT_EQ(ro.connecting, 2u);
  EXPECT_EQ(ro.size, 2u);
}

TEST_F(RuntimeTest, HundredDatabasesHaveFewThreads) {
  const auto runtime = std::make_shared<database::Runtime>();
  const std::size_t before = CountThreads();
  const int refusing = FreePort();
  std::vector<std::unique_ptr<database::Database>> databases;
  for (int i = 0; i < 100; ++i) {
    database::DatabaseOptions options;
    options.primary = SessionTo(refusing);
    options.replica = SessionTo(refusing);
    databases.push_back(std::make_unique<database::Database>(options, runtime));
  }
  for (const auto& database : databases) {
    ASSERT_TRUE(Eventually(
        kPatience, [&] { return database->pool_stats().route.reason == Reason::kConnectRefused; }));
  }
  // Their 600 tasks need no threads of their own. The number of threads above two depends on the
  // load of the machine.
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountThreads() <= before + 16; }))
      << CountThreads();
}

TEST_F(RuntimeTest, LeaseMayOutliveDatabaseAndRuntime) {
  pool::Lease lease;
  {
    database::Database database(OptionsOn(*primary_));
    lease = database.AcquireWrite();
  }
  EXPECT_EQ(
      postgres::Session::Of(lease).Query("SELECT 1", base::RealClock().Now() + kPatience).status,
      postgres::QueryResult::Status::kOk);
  lease.Release();
}

TEST_F(RuntimeTest, TransactionsKeepTheirDeadlinesAfterTheDatabaseIsGone) {
  auto database = std::make_unique<database::Database>(OptionsOn(*primary_));
  const pool::Lease read_lease = database->AcquireRead();
  const pool::Lease write_lease = database->AcquireWrite();
  {
    postgres::ReadTransaction read = database->BeginRead(read_lease, 200ms);
    postgres::WriteTransaction write = database->BeginWrite(write_lease, 200ms);
    database.reset();
    EXPECT_THROW(read->exec("SELECT pg_sleep(3600)"), pqxx::failure);
    EXPECT_THROW(write->exec("SELECT pg_sleep(3600)"), pqxx::failure);
  }
}

TEST_F(RuntimeTest, AServiceThatEmbedsTheDatabaseCanExposeItsMetrics) {
  database::Database database(OptionsOn(*primary_));
  metrics::Exposition exposition;
  metrics::AddCollectors(
      exposition, {[&] { return database.stats(); }, [] { return metrics::ExporterStats(); }});
  const std::string text = exposition.Render(metrics::TextFormat::kPrometheus);
  EXPECT_NE(text.find("\nscidex_pg_pool_ro_routes_to 2\n"), std::string::npos) << text;
}

TEST_F(RuntimeTest, CallForARefusedLoginThatThrowsEndsNothing) {
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.primary->dsn = base::Secret(primary_->Dsn() + " password=wrong");
  database::Database database(options);
  std::atomic<int> calls{0};
  database.SetOnAuthFailed([&] {
    if (++calls % 2 == 0) throw std::runtime_error("not now");
    throw 1;
  });
  EXPECT_TRUE(Eventually(kPatience, [&] { return calls >= 3; }));
  database.SetOnAuthFailed({});
  // It is called before the probe that caused it has its result.
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return database.stats().control.probes[PoolRole::kPrimary].failures[Reason::kAuthFailed] >= 1u;
  }));
}

// A child may free memory only with an allocator that supports it; those of the sanitizers do not.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(RuntimeTest, AChildOfForkTouchesNothingOfItsParents) {
  // One session, so that both leases have the same one, if it lives.
  database::DatabaseOptions options = OptionsOn(*primary_);
  options.primary_pool.min_idle = 1;
  options.primary_pool.max_size = 1;
  auto database = std::make_unique<database::Database>(options);
  ASSERT_TRUE(AwaitRoute(*database, routing::Route::kPrimaryFallthrough));
  const std::int64_t before = [&] {
    const pool::Lease lease = database->AcquireWrite();
    return postgres::Session::Of(lease).backend_pid();
  }();
  const pid_t child = fork();
  if (child == 0) {
    alarm(std::chrono::ceil<std::chrono::seconds>(kPatience).count());
    try {
      static_cast<void>(database->AcquireRead());
    } catch (const pool::ForkedPool&) {
      database.reset();
      _exit(0);
    }
    _exit(1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  const pool::Lease lease = database->AcquireWrite();
  EXPECT_EQ(postgres::Session::Of(lease).backend_pid(), before);
}
#endif

TEST_F(RuntimeTest, ExporterThatCannotListenLeavesNothingThatRuns) {
  config::Config config;
  config.database.primary = SessionOn(*primary_);
  config.database.primary->dsn = base::Secret(primary_->Dsn() + " password=wrong");
  const SilentServer taken;
  config.web.listen_addresses = {"127.0.0.1:" + std::to_string(taken.port())};
  const std::size_t before = CountThreads();
  {
    const auto runtime = std::make_shared<database::Runtime>();
    for (int i = 0; i < 10; ++i) {
      // Its logins are refused meanwhile, and each refusal makes it read the DSNs again.
      EXPECT_THROW(app::Exporter(
                       config, [&] { return config; }, runtime),
                   http::ServerError);
    }
  }
  EXPECT_EQ(CountThreads(), before);
}

}  // namespace
}  // namespace scidex::test
