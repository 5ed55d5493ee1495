// The cost of databases at rest, whose servers refuse every connection: threads, descriptors,
// resident memory and CPU of one database, and of a hundred that share a runtime.
//
//   scidex_rest_bench           prints a table in Markdown
//   scidex_rest_bench --short   the same from one second: shows that it runs

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "bench/processes/process_cost.h"
#include "database/database.h"
#include "support/free_port.h"

namespace scidex::bench {
namespace {

using std::chrono::seconds;

struct Extent {
  // Until the threads that only startup needed have ended.
  seconds warm_up;
  seconds measured;
};

constexpr Extent kLong{seconds(15), seconds(30)};
constexpr Extent kShort{seconds(0), seconds(1)};

std::ptrdiff_t CountEntries(const char* directory) {
  const std::filesystem::directory_iterator entries(directory);
  return std::distance(begin(entries), end(entries));
}

database::DatabaseOptions RefusingServerOptions(int port) {
  database::DatabaseOptions options;
  options.primary->dsn = base::Secret("host=127.0.0.1 user=none port=" + std::to_string(port));
  options.replica = options.primary;
  return options;
}

void MeasureAtRest(int count, const Extent& extent) {
  const database::DatabaseOptions options = RefusingServerOptions(test::FreePort());
  const auto runtime = std::make_shared<database::Runtime>();
  std::vector<std::unique_ptr<database::Database>> databases;
  for (int i = 0; i < count; ++i)
    databases.push_back(std::make_unique<database::Database>(options, runtime));
  std::this_thread::sleep_for(extent.warm_up);
  const std::chrono::nanoseconds before = CpuOf(getpid());
  std::this_thread::sleep_for(extent.measured);
  const std::chrono::duration<double> cpu = CpuOf(getpid()) - before;
  std::printf("| %d | %td | %td | %.1f | %.2f |\n", count, CountEntries("/proc/self/task"),
              CountEntries("/proc/self/fd"), ResidentMiB(getpid()),
              100 * cpu.count() / static_cast<double>(extent.measured.count()));
}

}  // namespace
}  // namespace scidex::bench

int main(int argc, char** argv) {
  const bool in_short = argc > 1 && std::string(argv[1]) == "--short";
  scidex::base::ConfigureLog({.level = scidex::base::LogLevel::kError, .format = {}});
  std::puts("| databases | threads | descriptors | resident MiB | % of a core |");
  std::puts("|--:|--:|--:|--:|--:|");
  for (const int count : {1, 100}) {
    scidex::bench::MeasureAtRest(count, in_short ? scidex::bench::kShort : scidex::bench::kLong);
  }
}
