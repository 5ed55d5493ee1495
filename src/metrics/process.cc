#include "metrics/process.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "base/read_file.h"

namespace scidex::metrics {
namespace {

// The fields of /proc/self/stat by their number in proc(5), from the third: the second may contain
// spaces.
class StatFields {
 public:
  StatFields() : text_(base::ReadFile("/proc/self/stat")) {
    const std::size_t end_of_name = text_.rfind(')');
    if (end_of_name == std::string::npos)
      throw std::runtime_error("/proc/self/stat has an unexpected format");
    for (std::size_t at = end_of_name + 1; at != std::string::npos;) {
      at = text_.find_first_not_of(" \n", at);
      if (at == std::string::npos) break;
      starts_.push_back(at);
      at = text_.find(' ', at);
    }
  }

  std::uint64_t operator[](std::size_t number) const {
    std::uint64_t value = 0;
    const char* const start = text_.data() + starts_.at(number - 3);
    std::from_chars(start, text_.data() + text_.size(), value);
    return value;
  }

 private:
  const std::string text_;
  std::vector<std::size_t> starts_;
};

base::Duration Ticks(std::uint64_t ticks) {
  static const auto kPerSecond = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  return std::chrono::nanoseconds(ticks * (1'000'000'000 / kPerSecond));
}

// Ticks are counted from boot. Computed once, because the result would change with each correction
// of the wall clock.
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
  // Since Linux 6.2, the size of the directory is the number of descriptors. Before, it is 0, and
  // the entries are counted.
  struct stat facts {};
  if (stat("/proc/self/fd", &facts) == 0 && facts.st_size > 0) {
    return static_cast<std::uint64_t>(facts.st_size);
  }
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  // The iterator itself uses one descriptor.
  return static_cast<std::uint64_t>(std::distance(begin(entries), end(entries))) - 1;
}

std::optional<double> MaxFds() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                         : static_cast<double>(limit.rlim_cur);
}

}  // namespace

ProcessStats ReadProcess() {
  ProcessStats stats;
  stats.max_fds = MaxFds();
  std::error_code error;
  if (!std::filesystem::exists("/proc/self/stat", error)) return stats;
  const StatFields fields;
  stats.cpu = Ticks(fields[14]) + Ticks(fields[15]);
  stats.open_fds = OpenFds();
  stats.virtual_memory_bytes = fields[23];
  stats.resident_memory_bytes = fields[24] * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  stats.threads = fields[20];
  stats.start = Start(fields[22]);
  return stats;
}

}  // namespace scidex::metrics
