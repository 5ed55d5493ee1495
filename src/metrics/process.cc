#include "metrics/process.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>

namespace scidex::metrics {
namespace {

// Fields of /proc/self/stat by their number in proc(5), from the third on: those before may hold
// spaces.
class StatFields {
 public:
  StatFields() {
    std::ifstream file("/proc/self/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t end_of_name = text.rfind(')');
    if (end_of_name == std::string::npos)
      throw std::runtime_error("/proc/self/stat is not readable");
    std::istringstream rest(text.substr(end_of_name + 1));
    fields_.assign(std::istream_iterator<std::string>(rest), {});
  }

  std::uint64_t operator[](std::size_t number) const { return std::stoull(fields_.at(number - 3)); }

 private:
  std::vector<std::string> fields_;
};

base::Duration Ticks(std::uint64_t ticks) {
  static const auto kPerSecond = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  return std::chrono::nanoseconds(ticks * (1'000'000'000 / kPerSecond));
}

// The kernel counts from boot. Asked once: the answer would follow each correction of the wall
// clock.
base::WallTime Start(std::uint64_t ticks_after_boot) {
  static const base::WallTime kStart = [ticks_after_boot] {
    timespec uptime{};
    clock_gettime(CLOCK_BOOTTIME, &uptime);
    const base::Duration since_boot =
        std::chrono::seconds(uptime.tv_sec) + std::chrono::nanoseconds(uptime.tv_nsec);
    return base::WallTime(std::chrono::system_clock::now()) - since_boot + Ticks(ticks_after_boot);
  }();
  return kStart;
}

std::uint64_t OpenFds() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  // One of them is the directory's own.
  return static_cast<std::uint64_t>(std::distance(begin(entries), end(entries))) - 1;
}

double MaxFds() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                         : static_cast<double>(limit.rlim_cur);
}

}  // namespace

ProcessStats ReadProcess() {
  const StatFields fields;
  ProcessStats stats;
  stats.cpu = Ticks(fields[14]) + Ticks(fields[15]);
  stats.open_fds = OpenFds();
  stats.max_fds = MaxFds();
  stats.virtual_memory_bytes = fields[23];
  stats.resident_memory_bytes = fields[24] * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  stats.threads = fields[20];
  stats.start = Start(fields[22]);
  return stats;
}

}  // namespace scidex::metrics
