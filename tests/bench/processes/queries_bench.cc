// The cost of 200 queries every five seconds on two pools of four, compared with the same exporter
// without queries, on the same servers at the same time.
//
//   scidex_queries_bench           prints a table in Markdown
//   scidex_queries_bench --short   the same from one second: shows that it runs

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/processes/process_cost.h"
#include "support/exporter_process.h"
#include "support/postgres_cluster.h"
#include "support/temp_dir.h"

namespace scidex::bench {
namespace {

using std::chrono::seconds;

constexpr int kQueries = 200;
constexpr seconds kInterval{5};

struct Extent {
  // Until every query has run once.
  seconds warm_up;
  seconds measured;
};

constexpr Extent kLong{2 * kInterval, seconds(60)};
constexpr Extent kShort{seconds(0), seconds(1)};

std::string Configuration(const test::PostgresServer& primary, const test::PostgresServer& replica,
                          int queries, const std::string& from_where) {
  std::string text = "primary: {dsn: \"" + primary.Dsn() + "\"}\nreplica: {dsn: \"" +
                     replica.Dsn() +
                     "\"}\npools: {ro: {min_idle: 1, max_size: 4}, "
                     "ro_fallthrough: {min_idle: 1, max_size: 4}}\nqueries:\n";
  if (queries == 0) return text + "  []\n";
  for (int i = 0; i < queries; ++i) {
    const std::string name = "q" + std::to_string(i);
    text += "  - name: " + name + "\n    from: " + (i % 2 == 0 ? "route" : "primary") +
            "\n    interval: " + std::to_string(kInterval.count()) +
            "s\n    timeout: 4s\n    labels: [state]\n    values: [{column: n, metric: " + name +
            "_backends, help: Backends by state.}]\n    sql: |\n      SELECT coalesce(state, "
            "'none') AS state, count(*) AS n FROM " +
            from_where + " GROUP BY 1\n";
  }
  return text;
}

// Over all queries.
double Sum(const std::string& exposition, const std::string& family) {
  std::istringstream lines(exposition);
  std::string line;
  double sum = 0;
  while (std::getline(lines, line)) {
    if (line.starts_with(family + "{") || line.starts_with(family + " ")) {
      sum += std::stod(line.substr(line.rfind(' ') + 1));
    }
  }
  return sum;
}

struct Sample {
  explicit Sample(test::ExporterProcess& exporter)
      : text(exporter.Scrape().body), cpu(CpuOf(exporter.process().pid())) {}

  std::string text;
  std::chrono::nanoseconds cpu;
};

struct Measured {
  Measured(const Sample& before, const Sample& after, seconds measured)
      : cpu_share(std::chrono::duration<double>(after.cpu - before.cpu) /
                  std::chrono::duration<double>(measured)),
        runs(Increase(before, after, "scidex_pg_query_runs_total")),
        missed(Increase(before, after, "scidex_pg_query_missed_runs_total")),
        errors(Increase(before, after, "scidex_pg_query_errors_total")),
        mean_wait_ms(Increase(before, after, "scidex_pg_query_wait_seconds_total") * 1000 /
                     std::max(runs, 1.0)) {}

  static double Increase(const Sample& before, const Sample& after, const std::string& family) {
    return Sum(after.text, family) - Sum(before.text, family);
  }

  double cpu_share;
  double runs;
  double missed;
  double errors;
  double mean_wait_ms;
};

void PrintRow(const std::string& name, const Measured& measured, double most_waiters, pid_t pid) {
  std::printf("| %s | %.2f %% | %.0f | %.0f | %.0f | %.2f | %.0f | %.1f |\n", name.c_str(),
              measured.cpu_share * 100, measured.runs, measured.missed, measured.errors,
              measured.mean_wait_ms, most_waiters, ResidentMiB(pid));
}

int Measure(const Extent& extent) {
  test::PostgresServer primary;
  const auto replica = test::PostgresServer::MakeReplicaOf(primary);
  const test::TempDir dir;
  const auto file = [&](const std::string& name, int queries, const std::string& from_where) {
    return "--config.file=" +
           dir.Write(name, Configuration(primary, *replica, queries, from_where)).string();
  };
  struct Case {
    std::string name;
    test::ExporterProcess exporter;
    double most_waiters = 0;
  };
  Case cases[] = {
      {"without queries", {SCIDEX_EXPORTER, {}, {file("none.yaml", 0, "")}}},
      {"200 queries", {SCIDEX_EXPORTER, {}, {file("some.yaml", kQueries, "pg_stat_activity")}}},
      // In each pool, 20 runs per second of a quarter of a second each need five connections.
      {"200 queries of 0.25 s",
       {SCIDEX_EXPORTER,
        {},
        {file("slow.yaml", kQueries, "pg_stat_activity, (SELECT pg_sleep(0.25)) AS slow")}}}};
  std::vector<Sample> before;
  for (Case& one : cases) {
    if (!one.exporter.AwaitValue("scidex_pg_pool_ro_routes_to", "1")) {
      throw std::runtime_error(one.name + ": no route to the replica");
    }
  }
  std::this_thread::sleep_for(extent.warm_up);
  for (Case& one : cases) before.emplace_back(one.exporter);
  for (int second = 0; second < extent.measured.count(); ++second) {
    std::this_thread::sleep_for(seconds(1));
    for (Case& one : cases) {
      const std::string text = one.exporter.Scrape().body;
      one.most_waiters = std::max(one.most_waiters, Sum(text, "scidex_pg_pool_waiters"));
    }
  }
  std::printf(
      "\n%d queries every %lld s on two pools of 4, for %lld s; %lld runs are due:\n\n"
      "| | CPU of one core | runs | missed | failed | mean wait ms | most waiters at a scrape | "
      "resident MiB |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
      kQueries, static_cast<long long>(kInterval.count()),
      static_cast<long long>(extent.measured.count()),
      static_cast<long long>(kQueries * extent.measured / kInterval));
  for (std::size_t i = 0; i < before.size(); ++i) {
    PrintRow(cases[i].name, Measured(before[i], Sample(cases[i].exporter), extent.measured),
             cases[i].most_waiters, cases[i].exporter.process().pid());
  }
  return 0;
}

}  // namespace
}  // namespace scidex::bench

int main(int argc, char** argv) {
  try {
    const bool is_short = argc == 2 && std::string(argv[1]) == "--short";
    return scidex::bench::Measure(is_short ? scidex::bench::kShort : scidex::bench::kLong);
  } catch (const std::exception& error) {
    std::cerr << "scidex_queries_bench: " << error.what() << '\n';
    return 1;
  }
}
