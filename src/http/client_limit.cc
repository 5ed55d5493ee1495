#include "http/client_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <string>

#include "http/error.h"

namespace scidex::http {
namespace {

// With fewer, health checks and a scraper would displace each other.
constexpr std::size_t kMinClients = 16;

}  // namespace

std::size_t MaxOpenFiles() {
  rlimit limit{};
  // A system call filter may refuse it; then no limit is assumed.
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::size_t>::max();
  // RLIM_INFINITY is the largest value of its type.
  return static_cast<std::size_t>(
      std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<std::size_t>::max()));
}

std::size_t FilesOfServer(std::size_t backend_connections, std::size_t listeners) {
  return 32 + 2 * backend_connections + (2 + kMaxAccepts) * listeners;
}

std::size_t ClientLimit(std::size_t max_clients, std::size_t reserved_files) {
  const std::size_t files = MaxOpenFiles();
  return std::min(max_clients, files - std::min(files, reserved_files));
}

void RequireFiles(std::size_t reserved_files) {
  const std::size_t needed = reserved_files + kMinClients;
  const std::size_t files = MaxOpenFiles();
  if (files >= needed) return;
  throw ServerError("the limit of open files is " + std::to_string(files) +
                    ", and the configuration needs " + std::to_string(needed) +
                    "; raise it to at least that (LimitNOFILE=" + std::to_string(needed) +
                    " in the systemd unit, or ulimit -n " + std::to_string(needed) +
                    "), or configure smaller pools");
}

}  // namespace scidex::http
