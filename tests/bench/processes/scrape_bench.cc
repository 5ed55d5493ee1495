// The cost of a scrape over HTTP: the exporter on a real primary and replica, compared with a
// civetweb handler that serves the same bytes from memory, and with Debian's
// prometheus-postgres-exporter on the same primary. Each is a separate process; they are scraped in
// turns.
//
//   scidex_scrape_bench            prints tables in Markdown
//   scidex_scrape_bench --short    the same from few scrapes: shows that it runs
//   scidex_scrape_bench --bare F   is that civetweb handler, and serves the file F

#include <civetweb.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/file_limit.h"
#include "base/read_file.h"
#include "bench/processes/process_cost.h"
#include "support/eventually.h"
#include "support/exporter_process.h"
#include "support/free_port.h"
#include "support/http_client.h"
#include "support/postgres_cluster.h"
#include "support/temp_dir.h"

namespace scidex::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using test::HttpConnection;

struct Extent {
  int turns;
  int scrapes_a_turn;
  nanoseconds parallel;
  int scrapes_alone;
  // In each round, slow clients send a byte, and then scrapes run for this time.
  int rounds;
  nanoseconds round;
  int reloads;
  int scrapes_a_reload;
};

constexpr Extent kLong{20, 50, seconds(2), 500, 5, seconds(1), 100, 1000};
constexpr Extent kShort{1, 5, milliseconds(100), 5, 2, milliseconds(100), 2, 10};

std::string bare_body;

int ServeBareBody(mg_connection* connection, void*) {
  mg_printf(connection,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: "
            "%zu\r\nConnection: %s\r\n\r\n",
            bare_body.size(), mg_get_header(connection, "Connection") ? "close" : "keep-alive");
  mg_write(connection, bare_body.data(), bare_body.size());
  return 200;
}

// Runs until it is killed.
int RunBareServer(const char* file, const char* address) {
  bare_body = base::ReadFile(file);
  mg_init_library(0);
  const char* options[] = {
      "listening_ports", address, "num_threads", "18", "enable_keep_alive", "yes",
      "tcp_nodelay",     "1",     nullptr};
  mg_callbacks callbacks{};
  mg_context* const context = mg_start(&callbacks, nullptr, options);
  if (context == nullptr) return 1;
  mg_set_request_handler(context, "/metrics", &ServeBareBody, nullptr);
  for (;;) pause();
}

struct Target {
  std::string name;
  int port = 0;
  pid_t pid = 0;
  bool keep_alive = false;
  std::vector<double> micros;
  double cpu_micros = 0;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

double Micros(nanoseconds time) { return static_cast<double>(time.count()) / 1000; }

double ScrapeOnce(int port, const std::string& encoding = "identity") {
  const auto start = std::chrono::steady_clock::now();
  HttpConnection connection(port);
  connection.SendRequest("GET", "/metrics",
                         {{"Connection", "close"}, {"Accept-Encoding", encoding}});
  // Responses of Go programs are chunked, without Content-Length.
  if (!connection.ReadToEnd().starts_with("HTTP/1.1 200 ")) {
    throw std::runtime_error("a scrape failed");
  }
  return Micros(std::chrono::steady_clock::now() - start);
}

void ScrapeRepeatedly(Target& target, int scrapes) {
  const nanoseconds before = CpuOf(target.pid);
  std::unique_ptr<HttpConnection> kept;
  if (target.keep_alive) kept = std::make_unique<HttpConnection>(target.port, seconds(60));
  for (int i = 0; i < scrapes; ++i) {
    if (!kept) {
      target.micros.push_back(ScrapeOnce(target.port));
      continue;
    }
    const auto start = std::chrono::steady_clock::now();
    kept->SendRequest("GET", "/metrics");
    kept->Read();
    target.micros.push_back(Micros(std::chrono::steady_clock::now() - start));
  }
  target.cpu_micros += Micros(CpuOf(target.pid) - before);
}

void CompareScrapes(const std::string& title, const Extent& extent, std::vector<Target> targets) {
  for (Target& target : targets) ScrapeRepeatedly(target, extent.scrapes_a_turn);
  for (Target& target : targets) {
    target.micros.clear();
    target.cpu_micros = 0;
  }
  for (int turn = 0; turn < extent.turns; ++turn) {
    for (Target& target : targets) ScrapeRepeatedly(target, extent.scrapes_a_turn);
  }
  const Target& own = targets.front();
  const double scrapes = extent.turns * extent.scrapes_a_turn;
  std::printf(
      "\n%s\n\n| | median µs | of the exporter's | CPU µs | of the exporter's |\n"
      "|---|--:|--:|--:|--:|\n",
      title.c_str());
  for (const Target& target : targets) {
    std::printf("| %s | %.0f | %.2f | %.0f | %.2f |\n", target.name.c_str(), Median(target.micros),
                Median(target.micros) / Median(own.micros), target.cpu_micros / scrapes,
                target.cpu_micros / own.cpu_micros);
  }
}

double MedianScrape(int port, int scrapes) {
  std::vector<double> micros;
  for (int i = 0; i < scrapes; ++i) micros.push_back(ScrapeOnce(port));
  return Median(micros);
}

// Scrapes alone, and beside 1,000 idle clients and 100 that send a byte per second.
void MeasureAmongClients(int port, const Extent& extent) {
  const double alone = MedianScrape(port, extent.scrapes_alone);
  std::vector<std::unique_ptr<HttpConnection>> clients;
  for (int i = 0; i < 1100; ++i) {
    clients.push_back(std::make_unique<HttpConnection>(port, seconds(60)));
  }
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  std::vector<double> micros;
  for (int round = 0; round < extent.rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    const std::string byte = request.substr(static_cast<std::size_t>(round), 1);
    for (std::size_t i = 0; i < 100; ++i) clients[i]->Send(byte);
    while (std::chrono::steady_clock::now() - start < extent.round)
      micros.push_back(ScrapeOnce(port));
  }
  std::printf(
      "\n1,000 idle clients and 100 that send a byte a second: median %.0f µs, alone %.0f "
      "µs, ratio %.2f; worst %.1f ms\n",
      Median(micros), alone, Median(micros) / alone,
      *std::max_element(micros.begin(), micros.end()) / 1000);
}

// The scrape rate of one client, and of eight concurrent clients.
void MeasureParallelScrapes(int port, nanoseconds time) {
  const auto rate = [port, time](int clients) {
    std::atomic<int> scrapes{0};
    std::vector<std::future<void>> done;
    const auto end = std::chrono::steady_clock::now() + time;
    for (int i = 0; i < clients; ++i) {
      done.push_back(std::async(std::launch::async, [&] {
        while (std::chrono::steady_clock::now() < end) {
          ScrapeOnce(port);
          ++scrapes;
        }
      }));
    }
    for (auto& one : done) one.get();
    return scrapes / std::chrono::duration<double>(time).count();
  };
  const double one = rate(1);
  const double eight = rate(8);
  std::printf("\n8 parallel scrapers: %.0f scrapes/s together, one alone %.0f, ratio %.2f\n", eight,
              one, eight / one);
}

void MeasureMemory(test::ExporterProcess& exporter, const Extent& extent,
                   const std::function<void(int)>& reload) {
  const pid_t pid = exporter.process().pid();
  // As Prometheus scrapes.
  const auto scrape = [&] { ScrapeOnce(exporter.port(), "gzip"); };
  for (int i = 0; i < 100; ++i) scrape();
  const double before = ResidentMiB(pid);
  for (int round = 0; round < extent.reloads; ++round) {
    reload(round);
    for (int i = 0; i < extent.scrapes_a_reload; ++i) scrape();
  }
  const double after = ResidentMiB(pid);
  std::printf(
      "\nresident memory: %.1f MiB after 100 scrapes, %.1f MiB after %d more and %d reloads: "
      "%+.1f MiB\n",
      before, after, extent.reloads * extent.scrapes_a_reload, extent.reloads, after - before);
}

int Measure(const std::string& self, const Extent& extent) {
  base::RaiseFileLimit();
  test::PostgresServer primary;
  const auto replica = test::PostgresServer::MakeReplicaOf(primary);
  const test::TempDir dir;
  const auto write = [&](int max_waiters) {
    return dir.Write("exporter.yaml",
                     "primary: {dsn: \"" + primary.Dsn() + "\"}\nreplica: {dsn: \"" +
                         replica->Dsn() +
                         "\"}\npools: {ro: {max_waiters: " + std::to_string(max_waiters) + "}}\n");
  };
  test::ExporterProcess exporter(
      SCIDEX_EXPORTER, {}, {"--config.file=" + write(1000).string(), "--web.enable-lifecycle"});
  if (!exporter.AwaitValue("scidex_pg_pool_ro_routes_to", "1")) return 1;

  const std::string bytes = dir.Write("bytes", exporter.Scrape().body);
  const int bare_port = test::FreePort();
  test::Process bare({{self, "--bare", bytes, "127.0.0.1:" + std::to_string(bare_port)}, {}, ""});
  const int other_port = test::FreePort();
  test::Process other(
      {{"/usr/bin/prometheus-postgres-exporter",
        "--web.listen-address=127.0.0.1:" + std::to_string(other_port), "--log.level=error"},
       {{"DATA_SOURCE_NAME", primary.Dsn() + " sslmode=disable"}},
       ""});
  for (const int port : {bare_port, other_port}) {
    const auto serves = [port] {
      try {
        return ScrapeOnce(port) > 0;
      } catch (const std::runtime_error&) {
        return false;
      }
    };
    if (!test::Eventually(seconds(20), serves)) throw std::runtime_error("a server does not start");
  }
  const auto own = [&](bool keep_alive) -> Target {
    return {"the exporter", exporter.port(), exporter.process().pid(), keep_alive, {}, 0};
  };
  const auto civetweb = [&](bool keep_alive) -> Target {
    return {"bare civetweb, the same bytes from memory", bare_port, bare.pid(), keep_alive, {}, 0};
  };
  CompareScrapes("Each scrape on a connection of its own:", extent,
                 {own(false),
                  civetweb(false),
                  {"prometheus-postgres-exporter", other_port, other.pid(), false, {}, 0}});
  CompareScrapes("On one connection:", extent, {own(true), civetweb(true)});
  MeasureParallelScrapes(exporter.port(), extent.parallel);
  MeasureAmongClients(exporter.port(), extent);
  MeasureMemory(exporter, extent, [&](int i) {
    write(1001 + i % 2);
    if (test::Request(exporter.port(), "POST", "/-/reload").code != 200) {
      throw std::runtime_error("a reload failed");
    }
  });
  return 0;
}

}  // namespace
}  // namespace scidex::bench

int main(int argc, char** argv) {
  try {
    if (argc == 4 && std::string(argv[1]) == "--bare")
      return scidex::bench::RunBareServer(argv[2], argv[3]);
    const bool is_short = argc == 2 && std::string(argv[1]) == "--short";
    return scidex::bench::Measure(argv[0], is_short ? scidex::bench::kShort : scidex::bench::kLong);
  } catch (const std::exception& error) {
    std::cerr << "scidex_scrape_bench: " << error.what() << '\n';
    return 1;
  }
}
