// Tampering borrowers, killed sessions, killed servers and promotions, all at once: a borrower that
// does not lift read-only itself never writes a row, whatever the borrowers before it did.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "integration/faults.h"
#include "support/tcp_proxy.h"

namespace scidex::test {
namespace {

using namespace std::chrono_literals;
using routing::PoolRole;
using routing::Route;

constexpr const char* kTampering[] = {
    "SET default_transaction_read_only = off",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "SELECT set_config('default_transaction_read_only', 'off', false)",
    "BEGIN READ WRITE",
    "BEGIN; SET TRANSACTION READ WRITE",
    "BEGIN; SELECT 1/0",
    "RESET ALL",
    "DISCARD ALL",
    "COMMIT",
};

class Storm : public testing::Test {
 protected:
  Storm() {
    primary_.Execute("CREATE TABLE t (a int); ALTER TABLE t OWNER TO app");
    AddReader(primary_);
    replica_ = PostgresServer::MakeReplicaOf(primary_);
    name_ = std::make_unique<TcpProxy>(replica_->port());
    database::DatabaseOptions options = OptionsOn(primary_);
    options.replica = SessionOn(*replica_);
    options.replica->dsn = base::Secret(name_->Dsn(replica_->Dsn()));
    options.probe.interval = 100ms;
    options.probe.canary_interval = 1s;
    options.ro_pool.acquire_timeout = kPatience;
    database_ = std::make_unique<database::Database>(options);
  }

  void Tamper(unsigned seed) {
    std::mt19937 random(seed);
    while (!over_) {
      try {
        const pool::Lease lease = database_->AcquireRead();
        const auto which = random() % std::size(kTampering);
        postgres::Session::Of(lease).Query(kTampering[which], base::RealClock().Now() + kPatience);
        ++tampered_;
      } catch (const pool::AcquireError&) {
      }
    }
  }
  void TryToWrite(unsigned seed) {
    std::mt19937 random(seed);
    while (!over_) {
      try {
        const pool::Lease lease = database_->AcquireRead();
        ++tried_;
        if (random() % 2 == 0) {
          postgres::ReadTransaction read = database_->BeginRead(lease, kPatience);
          read->exec("INSERT INTO t VALUES (1)");
          read.Commit();
        } else {
          const postgres::QueryResult result = postgres::Session::Of(lease).Query(
              "INSERT INTO t VALUES (2)", base::RealClock().Now() + kPatience);
          if (result.status != postgres::QueryResult::Status::kOk) continue;
        }
        ++written_;
      } catch (const pool::AcquireError&) {
      } catch (const std::exception&) {
        // Refused, or its session was terminated.
      }
    }
  }
  static void EndSessions(const PostgresServer& server) {
    server.Execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
  }
  // Promotes the replica, which then accepts writes, and replaces it with a new one.
  void Promote() {
    replica_->Promote();
    EXPECT_TRUE(AwaitRoute(*database_, Route::kPrimaryFallthrough));
    EXPECT_EQ(replica_->QueryOne("SELECT count(*) FROM t"), "0");
    replica_ = PostgresServer::MakeReplicaOf(primary_);
    name_->ConnectTo(replica_->port());
    EXPECT_TRUE(AwaitRoute(*database_, Route::kReplica));
  }
  void InjectFault(unsigned which) {
    switch (which % 4) {
      case 0:
        EndSessions(primary_);
        break;
      case 1:
        EndSessions(*replica_);
        break;
      case 2:
        replica_->Kill9();
        EXPECT_TRUE(AwaitRoute(*database_, Route::kPrimaryFallthrough));
        replica_->Start();
        EXPECT_TRUE(AwaitRoute(*database_, Route::kReplica));
        break;
      default:
        Promote();
    }
  }

  PostgresServer primary_;
  std::unique_ptr<PostgresServer> replica_;
  std::unique_ptr<TcpProxy> name_;
  std::unique_ptr<database::Database> database_;
  std::atomic<bool> over_{false};
  std::atomic<std::size_t> tampered_{0};
  std::atomic<std::size_t> tried_{0};
  std::atomic<std::size_t> written_{0};
};

TEST_F(Storm, NoBorrowerWritesWithoutLiftingReadOnlyItself) {
  base::ConfigureLog({.level = base::LogLevel::kError, .format = base::LogFormat::kLogfmt});
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] { Tamper(i); });
    threads.emplace_back([this, i] { TryToWrite(i); });
  }
  const Moment end = Moment::clock::now() + (Long() ? 300s : 0s);
  unsigned faults = 0;
  while (faults < 12 || tampered_ <= 100 || tried_ <= 100 || Moment::clock::now() < end)
    InjectFault(faults++);
  over_ = true;
  for (std::thread& thread : threads) thread.join();
  base::ConfigureLog({});
  std::cout << faults << " faults, " << tampered_ << " leases tampered with, " << tried_
            << " writes tried, " << written_ << " written\n";
  EXPECT_EQ(written_, 0u);
  EXPECT_EQ(primary_.QueryOne("SELECT count(*) FROM t"), "0");
  const routing::PoolsStats stats = database_->pool_stats();
  EXPECT_GT(stats.pools[PoolRole::kRo]->read_only_tampered +
                stats.pools[PoolRole::kRoFallthrough]->read_only_tampered,
            0u);
  for (const PoolRole role : {PoolRole::kRo, PoolRole::kRoFallthrough})
    EXPECT_NE(database_->stats().control.canaries[role].success, false);
  ExpectNothingLost(*database_);
  database_.reset();
  EXPECT_TRUE(AwaitNoSessions(primary_));
  EXPECT_TRUE(AwaitNoSessions(*replica_));
}

}  // namespace
}  // namespace scidex::test
