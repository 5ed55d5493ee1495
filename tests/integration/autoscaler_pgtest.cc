// The autoscaler on a real server that allows fewer connections than the pools need.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "integration/clients.h"
#include "integration/primary_and_replica.h"
#include "integration/servers.h"

namespace scidex::test {
namespace {

using pool::ConnectOutcome;
using routing::PoolRole;
using std::chrono::milliseconds;
using std::chrono::seconds;

// 19 connections, of which 3 are kept for superusers and one is the probe's: 15 for pools and
// others.
constexpr std::size_t kMaxConnections = 19;
constexpr std::size_t kForAll = 15;

// A session of another client.
postgres::PgConnPtr Connect(const PostgresServer& server) {
  postgres::PgConnPtr connection(PQconnectdb(server.Dsn().c_str()));
  EXPECT_EQ(PQstatus(connection.get()), CONNECTION_OK) << PQerrorMessage(connection.get());
  return connection;
}

class AutoscalerTest : public testing::Test {
 protected:
  // Pools that may open three times as many connections as the server allows.
  static database::DatabaseOptions OversizedPools(const PostgresServer& server) {
    database::DatabaseOptions options = OptionsOn(server);
    for (pool::PoolOptions* pool : {&options.primary_pool, &options.ro_fallthrough_pool}) {
      pool->min_idle = 1;
      pool->max_size = 30;
    }
    options.probe.interval = milliseconds(50);
    options.autoscaler.mode = control::AutoscalerMode::kOn;
    options.autoscaler.interval = milliseconds(50);
    options.autoscaler.shrink_after = seconds(2);
    return options;
  }
  static pool::PoolStats Stats(const database::Database& database, PoolRole role) {
    return *database.pool_stats().pools[role];
  }
  static std::size_t TotalTarget(const database::Database& database) {
    return Stats(database, PoolRole::kPrimary).target_size +
           Stats(database, PoolRole::kRoFallthrough).target_size;
  }
  static void ExpectNoRefusal(const database::Database& database) {
    for (const PoolRole role : {PoolRole::kPrimary, PoolRole::kRoFallthrough}) {
      const pool::PoolStats stats = Stats(database, role);
      EXPECT_EQ(stats.connects[ConnectOutcome::kTooManyConnections], 0u) << stats.name;
      const control::ProbeStats probe = database.stats().control.probes[role];
      EXPECT_EQ(probe.failures[routing::Reason::kTooManyConnections], 0u) << stats.name;
    }
  }

  const PostgresServer server_{{{"max_connections", std::to_string(kMaxConnections)},
                                {"max_wal_senders", "0"},
                                {"wal_level", "minimal"}}};
};

TEST_F(AutoscalerTest, UsesTheWholeBudgetOfTheServerAndNoMore) {
  database::Database database(OversizedPools(server_));
  Clients clients(database, 20, 20);
  constexpr std::size_t kForPools = kForAll - 3;
  EXPECT_TRUE(Eventually(kPatience, [&] { return TotalTarget(database) == kForPools; }))
      << TotalTarget(database);
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return Stats(database, PoolRole::kPrimary).target_size == kForPools / 2;
  })) << "it is not shared equally";
  // Another client connects repeatedly, and the server always accepts it.
  const std::size_t served = clients.served();
  EXPECT_TRUE(Eventually(kPatience, [&] {
    Connect(server_);
    EXPECT_LE(TotalTarget(database), kForPools);
    return HasFailure() || clients.served() > served + 2000;
  }));
  clients.Stop();
  EXPECT_EQ(clients.failed(), 0u);
  ExpectNoRefusal(database);
  EXPECT_TRUE(Eventually(kPatience, [&] { return TotalTarget(database) <= 4; }))
      << "the pools did not shrink when the load ended: " << TotalTarget(database);
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return Stats(database, PoolRole::kPrimary).size +
               Stats(database, PoolRole::kRoFallthrough).size <=
           4;
  }));
}

TEST_F(AutoscalerTest, ShrinksForOtherClientsAndGrowsAgainWhenTheyHaveGone) {
  database::Database database(OversizedPools(server_));
  Clients clients(database, 20, 20);
  constexpr std::size_t kForPools = kForAll - 3;
  ASSERT_TRUE(Eventually(kPatience, [&] { return TotalTarget(database) == kForPools; }));
  std::vector<postgres::PgConnPtr> others;
  for (std::size_t i = 1; i <= 8; ++i) {
    others.push_back(Connect(server_));
    EXPECT_TRUE(Eventually(kPatience, [&] { return TotalTarget(database) == kForPools - i; })) << i;
    // The connections are open, not only granted.
    EXPECT_TRUE(Eventually(kPatience, [&] {
      return Stats(database, PoolRole::kPrimary).size +
                 Stats(database, PoolRole::kRoFallthrough).size <=
             kForPools - i;
    }));
  }
  others.clear();
  EXPECT_TRUE(Eventually(kPatience, [&] { return TotalTarget(database) == kForPools; }));
  clients.Stop();
  EXPECT_EQ(clients.failed(), 0u);
  ExpectNoRefusal(database);
}

TEST_F(AutoscalerTest, ObeysTheLimitOfTheRole) {
  server_.Execute("ALTER ROLE app CONNECTION LIMIT 10");
  database::DatabaseOptions options = OversizedPools(server_);
  options.autoscaler.server_reserve = 1;
  database::Database database(options);
  Clients clients(database, 20, 0);
  EXPECT_TRUE(Eventually(kPatience, [&] { return TotalTarget(database) == 10 - 2 - 1; }));
  Connect(server_);
  clients.Stop();
  ExpectNoRefusal(database);
  EXPECT_EQ(clients.failed(), 0u);
}

TEST_F(AutoscalerTest, ObeysTheLimitOfTheDatabase) {
  server_.Execute("ALTER DATABASE app CONNECTION LIMIT 9");
  database::DatabaseOptions options = OversizedPools(server_);
  options.autoscaler.server_reserve = 0;
  database::Database database(options);
  Clients clients(database, 20, 0);
  EXPECT_TRUE(Eventually(kPatience, [&] { return TotalTarget(database) == 9 - 2; }));
  clients.Stop();
  ExpectNoRefusal(database);
  EXPECT_EQ(clients.failed(), 0u);
}

// Leases are held for longer than the interval, so that each check sees the connections of both
// pools.
TEST_F(AutoscalerTest, ReloadOfPoolsThatUseTheWholeBudgetCausesNoRefusal) {
  database::DatabaseOptions options = OversizedPools(server_);
  database::Database database(options);
  Clients clients(database, 20, 20, "SELECT pg_sleep(0.2)");
  constexpr std::size_t kForPools = kForAll - 3;
  ASSERT_TRUE(Eventually(kPatience, [&] { return TotalTarget(database) == kForPools; }));
  for (int round = 0; round < 3; ++round) {
    ++options.primary_pool.max_waiters;
    ++options.ro_fallthrough_pool.max_waiters;
    database.Reconfigure(options);
    const std::size_t served = clients.served();
    EXPECT_TRUE(Eventually(kPatience, [&] {
      // A connection that is being closed during a check may count as another client's.
      EXPECT_GE(TotalTarget(database), kForPools / 2);
      return HasFailure() || clients.served() > served + 60;
    }));
  }
  clients.Stop();
  EXPECT_EQ(clients.failed(), 0u);
  ExpectNoRefusal(database);
}

TEST_F(AutoscalerTest, InDryRunMovesNothing) {
  database::DatabaseOptions options = OversizedPools(server_);
  options.autoscaler.mode = control::AutoscalerMode::kDryRun;
  database::Database database(options);
  EXPECT_TRUE(Eventually(kPatience, [&] {
    const control::AutoscalerStats stats = database.stats().control.autoscaler;
    return stats.pools[PoolRole::kPrimary].decisions[control::ScalingReason::kOverBudget] > 10;
  }));
  EXPECT_EQ(TotalTarget(database), 60u);
}

using AutoscalerOnTwoServersTest = PrimaryAndReplica;

TEST_F(AutoscalerOnTwoServersTest, ReplicaIsNotMistakenForItsPrimary) {
  database::DatabaseOptions options = OptionsOn(*primary_, *replica_);
  options.autoscaler.mode = control::AutoscalerMode::kOn;
  options.autoscaler.interval = milliseconds(50);
  database::Database database(options);
  const auto budget = [&](PoolRole role) {
    return database.stats().control.autoscaler.pools[role].budget.value_or(0);
  };
  // Of 50: 3 are reserved, 3 are left to others, and one is the probe's.
  EXPECT_TRUE(Eventually(kPatience, [&] { return budget(PoolRole::kRo) == 43; }))
      << budget(PoolRole::kRo);
  EXPECT_TRUE(Eventually(kPatience, [&] { return budget(PoolRole::kPrimary) == 43; }))
      << budget(PoolRole::kPrimary);
}

}  // namespace
}  // namespace scidex::test
