// The resources that another process has used so far.
#pragma once

#include <sys/types.h>

#include <chrono>

namespace scidex::bench {

// CPU time of all its threads. Throws std::runtime_error if there is no such process.
std::chrono::nanoseconds CpuOf(pid_t pid);

double ResidentMiB(pid_t pid);

}  // namespace scidex::bench
