// A real network that is disconnected, and a name that no longer resolves.

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>

#include "integration/faults.h"
#include "support/exporter_process.h"
#include "support/postgres_cluster.h"
#include "support/private_network.h"
#include "support/temp_dir.h"

namespace scidex::test {
namespace {

using namespace std::chrono_literals;
using routing::PoolRole;
using routing::Reason;
using routing::Route;

void AllowSubnet(const PostgresServer& server) {
  std::ofstream(server.data_dir() / "pg_hba.conf", std::ios::app)
      << "host all all " << PrivateNetwork::kSubnet << " scram-sha-256\n";
  server.Execute("SELECT pg_reload_conf()");
}

std::string DsnOverNetwork(const PostgresServer& server) {
  return server.Dsn() + " host=" + PrivateNetwork::kServerAddress;
}

void CutTheNetwork() {
  PrivateNetwork network;
  const ServerSettings everywhere{{"listen_addresses", "*"}};
  const PostgresServer primary(everywhere);
  const std::unique_ptr<PostgresServer> replica =
      PostgresServer::MakeReplicaOf(primary, everywhere);
  AllowSubnet(primary);
  AllowSubnet(*replica);
  database::DatabaseOptions options = OptionsOn(primary, *replica);
  options.primary->dsn = base::Secret(DsnOverNetwork(primary));
  options.replica->dsn = base::Secret(DsnOverNetwork(*replica));
  // A connect that began while the cable was unplugged gets no response.
  for (pool::PoolOptions* pool :
       {&options.primary_pool, &options.ro_pool, &options.ro_fallthrough_pool})
    pool->connect_timeout = 3s;
  options.probe.timeout = 1s;
  std::unique_ptr<database::Database> database;
  network.OnClientSide([&] { database = std::make_unique<database::Database>(options); });
  ASSERT_TRUE(AwaitRoute(*database, Route::kReplica));
  EXPECT_EQ(Read(*database, "SELECT pg_is_in_recovery()"), "t");

  FaultTimes times;
  for (int round = 0; round < Rounds(1); ++round) {
    const Moment start = Moment::clock::now();
    network.Cut();
    times.detected.push_back(
        TimeUntil([&] { return database->pool_stats().ro_routes_to() == 2; }, start));
    try {
      const pool::Lease lease = database->AcquireRead({base::RealClock().Now() + 300ms});
      const postgres::QueryResult result =
          postgres::Session::Of(lease).Query("SELECT 1", base::RealClock().Now() + 300ms);
      EXPECT_EQ(result.status, postgres::QueryResult::Status::kTimeout);
    } catch (const pool::AcquireTimeout&) {
      // Its sessions were found to be dead.
    }

    network.Reconnect();
    times.recovered.push_back(
        TimeUntil([&] { return database->pool_stats().ro_routes_to() == 1; }));
    EXPECT_EQ(Read(*database, "SELECT pg_is_in_recovery()"), "t");
  }
  Report("network disconnected", times);
  ExpectWithin(3s, times.detected);
  ExpectNothingLost(*database);
  database.reset();
  EXPECT_TRUE(AwaitNoSessions(primary));
  EXPECT_TRUE(AwaitNoSessions(*replica));
}

TEST(NetworkFault, PulledCableAndItsReturnAreDetectedWithinAProbe) {
  if (geteuid() == 0) return CutTheNetwork();
  // Only root can create networks.
  const ProcessResult as_root =
      test::Run({{"sudo", "-n", "/proc/" + std::to_string(getpid()) + "/exe",
                  "--gtest_filter=NetworkFault.*"}});
  EXPECT_EQ(as_root.exit_status, 0) << as_root.output << as_root.errors;
}

// The library's getaddrinfo(), behind a preloaded one that takes existing names from a file.
TEST(NameFault, UnresolvableNameLosesTheRouteOnlyOnceSessionsEnd) {
  const PostgresServer primary;
  const std::unique_ptr<PostgresServer> replica = PostgresServer::MakeReplicaOf(primary);
  const TempDir dir;
  const auto write_hosts = [&](const std::string& text) { return dir.Write("hosts", text); };
  const std::string hosts = write_hosts("127.0.0.1 replica.test\n");
  const std::string config = dir.Write("exporter.yaml", "probe: {interval: 200ms, timeout: 1m}\n");
  ExporterProcess exporter(SCIDEX_EXPORTER,
                           {{"SCIDEX_PG_DSN", primary.Dsn()},
                            {"SCIDEX_PG_RO_DSN", replica->Dsn() + " host=replica.test"},
                            {"LD_PRELOAD", SCIDEX_TEST_NAMES},
                            {"TEST_HOSTS", hosts}},
                           {"--config.file=" + config});
  const auto reason = [](const char* name) {
    return std::string("scidex_pg_pool_ro_route_reason{reason=\"") + name + "\"}";
  };
  ASSERT_TRUE(exporter.AwaitValue("scidex_pg_pool_ro_routes_to", "1"));
  FaultTimes times;
  for (int round = 0; round < Rounds(1); ++round) {
    write_hosts("127.0.0.1 another.test\n");
    EXPECT_EQ(exporter.Value("scidex_pg_pool_ro_routes_to"), "1");
    replica->Execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
    times.detected.push_back(
        TimeUntil([&] { return exporter.Value("scidex_pg_pool_ro_routes_to") == "2"; }));
    EXPECT_TRUE(exporter.AwaitValue(reason("name_not_resolved"), "1"));
    EXPECT_TRUE(Eventually(kPatience, [&] {
      return exporter.process().Errors().find("replica.test") != std::string::npos;
    }));
    write_hosts("127.0.0.1 replica.test\n");
    times.recovered.push_back(
        TimeUntil([&] { return exporter.Value("scidex_pg_pool_ro_routes_to") == "1"; }));
  }
  Report("name no longer resolves", times);
}

}  // namespace
}  // namespace scidex::test
