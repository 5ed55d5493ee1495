#include "bench/processes/process_cost.h"

#include <time.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>
#include <string>

#include "base/read_file.h"

namespace scidex::bench {

std::chrono::nanoseconds CpuOf(pid_t pid) {
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    throw std::runtime_error("no CPU time of a process");
  }
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

double ResidentMiB(pid_t pid) {
  std::istringstream statm(base::ReadFile("/proc/" + std::to_string(pid) + "/statm"));
  double size = 0;
  double resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

}  // namespace scidex::bench
