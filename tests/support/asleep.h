// Whether a thread waits for another one.
#pragma once

#include <sys/types.h>

#include <fstream>
#include <iterator>
#include <string>

namespace scidex::test {

// Whether a thread of this process is blocked.
inline bool IsAsleep(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  const std::string stat{std::istreambuf_iterator<char>(file), {}};
  return stat.find(") S ") != std::string::npos;
}

}  // namespace scidex::test
