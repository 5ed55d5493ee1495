#include "http/hang_up.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/unique_fd.h"

namespace scidex::http {
namespace {

bool IsAt(int fd, const std::vector<sockaddr_in>& local) {
  sockaddr_in end{};
  socklen_t size = sizeof end;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&end), &size) != 0) return false;
  return end.sin_family == AF_INET && std::any_of(local.begin(), local.end(), [&](const auto& at) {
           return at.sin_port == end.sin_port && (at.sin_addr.s_addr == htonl(INADDR_ANY) ||
                                                  at.sin_addr.s_addr == end.sin_addr.s_addr);
         });
}

}  // namespace

void HangUp(const std::vector<sockaddr_in>& local) {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    // The number may be another file's by now. A copy stays what it is while it is looked at.
    const base::UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (copy.valid() && IsAt(copy.get(), local)) shutdown(copy.get(), SHUT_RDWR);
  }
}

}  // namespace scidex::http
