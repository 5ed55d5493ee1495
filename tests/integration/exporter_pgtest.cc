// The exporter as a process on real servers: what an operator and Prometheus see.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "integration/primary_and_replica.h"
#include "support/eventually.h"
#include "support/exporter_process.h"
#include "support/temp_dir.h"

namespace scidex::test {
namespace {

const char kRoutesTo[] = "scidex_pg_pool_ro_routes_to";

std::string ReasonSeries(const std::string& reason) {
  return "scidex_pg_pool_ro_route_reason{reason=\"" + reason + "\"}";
}

// A pool opens another connection if one is lent, for example to the canary.
bool AwaitAtLeast(ExporterProcess& exporter, const std::string& series, int least) {
  return Eventually(kPatience, [&] { return std::stoi(exporter.Value(series)) >= least; });
}

using ExporterTest = PrimaryAndReplica;

TEST_F(ExporterTest, WithBothServersTheRouteIsOne) {
  ExporterProcess exporter(
      SCIDEX_EXPORTER, {{"SCIDEX_PG_DSN", primary_->Dsn()}, {"SCIDEX_PG_RO_DSN", replica_->Dsn()}});
  EXPECT_TRUE(exporter.AwaitValue(kRoutesTo, "1"));
  EXPECT_TRUE(exporter.AwaitValue(ReasonSeries("ok"), "1"));
  EXPECT_TRUE(AwaitAtLeast(exporter, "scidex_pg_pool_ro_size", 2));
  EXPECT_EQ(exporter.Value("scidex_pg_pool_ro_dsn_configured"), "1");
  EXPECT_TRUE(exporter.AwaitValue("scidex_pg_pool_backend_in_recovery{pool=\"ro\"}", "1"));
}

TEST_F(ExporterTest, WithAPrimaryAloneTheRouteIsTwo) {
  ExporterProcess exporter(SCIDEX_EXPORTER, {{"SCIDEX_PG_DSN", primary_->Dsn()}});
  EXPECT_EQ(exporter.Value(kRoutesTo), "2");
  EXPECT_EQ(exporter.Value(ReasonSeries("replica_not_configured")), "1");
  EXPECT_EQ(exporter.Value("scidex_pg_pool_ro_size"), "0");
  EXPECT_TRUE(AwaitAtLeast(exporter, "scidex_pg_pool_ro_fallthrough_size", 1));
}

TEST_F(ExporterTest, WhereFallThroughIsForbiddenTheRouteIsThree) {
  const TempDir dir;
  const std::string file = dir.Write("exporter.yaml", "read_only:\n  fallthrough: never\n");
  ExporterProcess exporter(SCIDEX_EXPORTER, {{"SCIDEX_PG_DSN", primary_->Dsn()}},
                           {"--config.file=" + file});
  EXPECT_EQ(exporter.Value(kRoutesTo), "3");
}

TEST_F(ExporterTest, EveryEndpointAnswers) {
  const TempDir dir;
  // The route stays, even on a busy machine.
  const std::string file = dir.Write("exporter.yaml", "probe: {timeout: 1m}\n");
  ExporterProcess exporter(
      SCIDEX_EXPORTER, {{"SCIDEX_PG_DSN", primary_->Dsn()}, {"SCIDEX_PG_RO_DSN", replica_->Dsn()}},
      {"--config.file=" + file});
  ASSERT_TRUE(exporter.AwaitValue(kRoutesTo, "1"));
  EXPECT_EQ(Get(exporter.port(), "/-/healthy").code, 200);
  const HttpResponse ready = Get(exporter.port(), "/-/ready");
  EXPECT_EQ(ready.code, 200);
  EXPECT_NE(ready.body.find("replica"), std::string::npos) << ready.body;
  EXPECT_EQ(Get(exporter.port(), "/-/ready?route=replica").code, 200);
  EXPECT_EQ(Get(exporter.port(), "/-/ready?route=primary_fallthrough").code, 503);
  const HttpResponse nonsense = Get(exporter.port(), "/-/ready?route=nonsense");
  EXPECT_EQ(nonsense.code, 400);
  EXPECT_NE(nonsense.body.find("replica, primary_fallthrough, primary_disabled"),
            std::string::npos);
  const HttpResponse pools = Get(exporter.port(), "/api/v1/pools");
  EXPECT_EQ(pools.Header("Content-Type"), "application/json");
  EXPECT_NE(pools.body.find("\"ro_routes_to\""), std::string::npos);
  const HttpResponse page = Get(exporter.port(), "/");
  EXPECT_NE(page.body.find("replica"), std::string::npos);
  EXPECT_NE(page.Header("Content-Security-Policy").find("script-src 'self'"), std::string::npos);
  EXPECT_EQ(Get(exporter.port(), "/status.css").Header("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(Get(exporter.port(), "/status.js").Header("Content-Type"),
            "text/javascript; charset=utf-8");
  EXPECT_EQ(Head(exporter.port(), "/metrics").code, 200);
  const HttpResponse unknown = Get(exporter.port(), "/metric");
  EXPECT_EQ(unknown.code, 404);
  EXPECT_NE(unknown.body.find("/metrics"), std::string::npos);
}

// Scrapes continuously during its lifetime, and records the slowest scrape.
class Scraper {
 public:
  explicit Scraper(int port)
      : done_(std::async(std::launch::async, [this, port] {
          while (!stop_) {
            const HttpResponse scrape = Get(port, "/metrics");
            if (scrape.code != 200) ++failed_;
            slowest_ = std::max(slowest_, scrape.took);
            ++scrapes_;
          }
        })) {}
  ~Scraper() { Stop(); }
  void Stop() {
    stop_ = true;
    if (done_.valid()) done_.get();
  }
  int failed() const { return failed_; }
  int scrapes() const { return scrapes_; }
  double slowest_ms() const { return std::chrono::duration<double, std::milli>(slowest_).count(); }

 private:
  std::atomic<bool> stop_{false};
  int failed_ = 0;
  int scrapes_ = 0;
  std::chrono::nanoseconds slowest_{0};
  std::future<void> done_;
};

TEST_F(ExporterTest, TheRouteChangesAndNoScrapeFails) {
  ExporterProcess exporter(
      SCIDEX_EXPORTER, {{"SCIDEX_PG_DSN", primary_->Dsn()}, {"SCIDEX_PG_RO_DSN", replica_->Dsn()}});
  ASSERT_TRUE(exporter.AwaitValue(kRoutesTo, "1"));
  Scraper scraper(exporter.port());
  replica_->Stop();
  EXPECT_TRUE(exporter.AwaitValue(kRoutesTo, "2"));
  EXPECT_TRUE(exporter.AwaitValue(ReasonSeries("connect_refused"), "1"));
  replica_->Start();
  EXPECT_TRUE(exporter.AwaitValue(kRoutesTo, "1"));
  scraper.Stop();
  EXPECT_EQ(scraper.failed(), 0);
  std::cout << "slowest of " << scraper.scrapes() << " scrapes: " << scraper.slowest_ms()
            << " ms\n";
}

// The median of several scrapes, which load on the machine hardly affects.
double MedianScrapeMs(ExporterProcess& exporter) {
  std::vector<double> took;
  for (int i = 0; i < 51; ++i) {
    took.push_back(std::chrono::duration<double, std::milli>(exporter.Scrape().took).count());
  }
  std::nth_element(took.begin(), took.begin() + 25, took.end());
  return took[25];
}

TEST_F(ExporterTest, AScrapeDoesNotWaitForAPrimaryThatHangs) {
  ExporterProcess exporter(SCIDEX_EXPORTER, {{"SCIDEX_PG_DSN", primary_->Dsn()}});
  ASSERT_TRUE(exporter.AwaitValue("scidex_pg_pool_backend_up{pool=\"primary\"}", "1"));
  const double well = MedianScrapeMs(exporter);
  primary_->Suspend();
  ASSERT_TRUE(exporter.AwaitValue("scidex_pg_pool_backend_up{pool=\"primary\"}", "0"));
  const double hanging = MedianScrapeMs(exporter);
  primary_->Resume();
  std::cout << "median scrape: " << well << " ms; with the primary stopped: " << hanging << " ms\n";
  // A scrape that queried the server even once would take as long as the probe's timeout.
  EXPECT_LT(hanging, 1000);
  EXPECT_TRUE(exporter.AwaitValue("scidex_pg_pool_backend_up{pool=\"primary\"}", "1"));
}

TEST_F(ExporterTest, ExitsWithZeroOnSigtermEvenIfItsServersHang) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ExporterProcess exporter(SCIDEX_EXPORTER, {{"SCIDEX_PG_DSN", primary_->Dsn()},
                                               {"SCIDEX_PG_RO_DSN", replica_->Dsn()}});
    ASSERT_TRUE(exporter.AwaitValue(kRoutesTo, "1"));
    primary_->Suspend();
    replica_->Suspend();
    ASSERT_TRUE(exporter.AwaitValue("scidex_pg_pool_backend_up{pool=\"primary\"}", "0"));
    exporter.process().Signal(signal);
    const std::optional<int> status = exporter.process().Wait(kPatience);
    primary_->Resume();
    replica_->Resume();
    EXPECT_EQ(status, 0);
  }
}

TEST_F(ExporterTest, StopsWithinItsTimeoutEvenIfItsLogIsBlocked) {
  const TempDir dir;
  const std::string log = (dir.path() / "log").string();
  ASSERT_EQ(mkfifo(log.c_str(), 0600), 0);
  const base::UniqueFd pipe(open(log.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  const std::string file = dir.Write("exporter.yaml", "shutdown_timeout: 1s\n");
  Process process(
      {{"sh", "-c", "exec \"$0\" --web.listen-address=127.0.0.1:0 --config.file=\"$1\" 2>\"$2\"",
        SCIDEX_EXPORTER, file, log}});
  std::string seen;
  ASSERT_TRUE(Eventually(kPatience, [&] {
    std::array<char, 4096> part{};
    const ssize_t got = read(pipe.get(), part.data(), part.size());
    if (got > 0) seen.append(part.data(), static_cast<std::size_t>(got));
    return seen.find("msg=\"listening\"") != std::string::npos;
  }));
  const std::string filler(4096, 'x');
  while (write(pipe.get(), filler.data(), filler.size()) > 0) {
  }
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(kPatience), 0);
}

TEST_F(ExporterTest, LeavesNoSessionBehind) {
  const auto sessions = [] {
    return primary_->QueryOne(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'scidex_pg_exporter'");
  };
  {
    ExporterProcess exporter(SCIDEX_EXPORTER, {{"SCIDEX_PG_DSN", primary_->Dsn()}});
    ASSERT_TRUE(exporter.AwaitValue("scidex_pg_pool_available", "2"));
    EXPECT_NE(sessions(), "0");
    EXPECT_EQ(exporter.process().Terminate(kPatience), 0);
  }
  EXPECT_TRUE(Eventually(kPatience, [&] { return sessions() == "0"; }));
}

// Each fault of a server has a reason in /metrics and one line in the log, and the process
// continues.
struct BadServer {
  std::string dsn;
  std::string reason;
};

TEST_F(ExporterTest, EachReplicaFaultIsAReasonAndTheProcessKeepsServing) {
  const std::string address =
      "host=127.0.0.1 port=" + std::to_string(replica_->port()) + " dbname=app user=app ";
  const std::vector<BadServer> cases{
      {address + "password=wrong-canary-4711", "auth_failed"},
      // A password that equals its mask, in a message that repeats it.
      {"host=127.0.0.1 port=" + std::to_string(replica_->port()) +
           " dbname=app user=*** password=***",
       "auth_failed"},
      {"host=127.0.0.1 port=1 dbname=app user=app password=canary-4711", "connect_refused"},
      {"host=replica.invalid dbname=app user=app password=canary-4711", "name_not_resolved"},
      {address + "sslmode=require password=canary-4711", "tls_failed"},
      {"host=127.0.0.1 port=" + std::to_string(replica_->port()) +
           " dbname=nothere user=app password=" + PostgresServer::kPassword,
       "connect_failed"},
      {"postgresql://app:" + std::string(PostgresServer::kPassword) +
           "@127.0.0.1:" + std::to_string(primary_->port()) + "/app",
       "is_primary"},
  };
  for (const BadServer& bad : cases) {
    ExporterProcess exporter(SCIDEX_EXPORTER,
                             {{"SCIDEX_PG_DSN", primary_->Dsn()}, {"SCIDEX_PG_RO_DSN", bad.dsn}},
                             {"--log.level=debug"});
    EXPECT_TRUE(exporter.AwaitValue(ReasonSeries(bad.reason), "1")) << bad.reason << "\n"
                                                                    << exporter.process().Errors();
    EXPECT_EQ(exporter.Value(kRoutesTo), "2");
    // The log is written asynchronously.
    EXPECT_TRUE(Eventually(kPatience, [&] {
      return exporter.process().Errors().find("reason=" + bad.reason) != std::string::npos;
    })) << bad.reason;
    const std::string seen = exporter.process().Errors() + exporter.process().Output() +
                             exporter.Scrape().body + Get(exporter.port(), "/").body +
                             Get(exporter.port(), "/api/v1/pools").body;
    EXPECT_EQ(seen.find("canary-4711"), std::string::npos) << bad.reason;
    EXPECT_EQ(seen.find(PostgresServer::kPassword), std::string::npos) << bad.reason;
  }
}

TEST_F(ExporterTest, AReplicaThatAcceptsAndNeverAnswersIsAReasonToo) {
  replica_->Suspend();
  const TempDir dir;
  // Its earlier output is visible even on a busy machine.
  const std::string file = dir.Write("exporter.yaml", "probe: {timeout: 5s}\n");
  ExporterProcess exporter(
      SCIDEX_EXPORTER, {{"SCIDEX_PG_DSN", primary_->Dsn()}, {"SCIDEX_PG_RO_DSN", replica_->Dsn()}},
      {"--config.file=" + file});
  EXPECT_EQ(exporter.Value(ReasonSeries("starting_up")), "1");
  EXPECT_EQ(Get(exporter.port(), "/-/ready").code, 503);
  const bool seen = exporter.AwaitValue(ReasonSeries("connect_timeout"), "1");
  const int ready = Get(exporter.port(), "/-/ready").code;
  replica_->Resume();
  EXPECT_TRUE(seen);
  EXPECT_EQ(ready, 200);
  EXPECT_TRUE(exporter.AwaitValue(kRoutesTo, "1"));
}

TEST_F(ExporterTest, WithoutAnyDatabaseItServesAndFindsItWhenItComes) {
  const TempDir dir;
  PostgresServer late;
  late.Stop();
  ExporterProcess exporter(SCIDEX_EXPORTER, {{"SCIDEX_PG_DSN", late.Dsn()}});
  EXPECT_EQ(exporter.Value("scidex_pg_pool_backend_up{pool=\"primary\"}"), "0");
  EXPECT_TRUE(exporter.AwaitValue(
      "scidex_pg_pool_probe_failures_total{pool=\"primary\",reason=\"tls_failed\"}", "0"));
  late.Start();
  EXPECT_TRUE(exporter.AwaitValue("scidex_pg_pool_backend_up{pool=\"primary\"}", "1"));
  EXPECT_TRUE(AwaitAtLeast(exporter, "scidex_pg_pool_size", 2));
}

TEST_F(ExporterTest, WithoutADsnAndWithoutALocalServerItServesWithTheReason) {
  ExporterProcess exporter(SCIDEX_EXPORTER, {});
  EXPECT_EQ(exporter.Value(kRoutesTo), "2");
  EXPECT_TRUE(Eventually(kPatience, [&] {
    const std::string failures = exporter.Value(
        "scidex_pg_pool_probe_failures_total{pool=\"primary\",reason=\"connect_refused\"}");
    return !failures.empty() && failures != "0";
  }));
}

}  // namespace
}  // namespace scidex::test
