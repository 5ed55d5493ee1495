#include "base/service_manager.h"

#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "base/local_failure.h"

namespace scidex::base {
namespace {

constexpr timeval kTakenWithin{.tv_sec = 0, .tv_usec = 500'000};

// Returns nothing unless `text` is a positive whole number.
std::optional<std::int64_t> Number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

}  // namespace

ServiceManager::ServiceManager(const std::string& socket) {
  if (socket.empty()) return;
  const bool is_abstract = socket[0] == '@';
  if ((!is_abstract && socket[0] != '/') || socket.size() < 2 ||
      socket.size() >= sizeof address_.sun_path) {
    throw std::runtime_error(
        "NOTIFY_SOCKET: is neither an absolute path nor an abstract name of at most 107 bytes");
  }
  address_.sun_family = AF_UNIX;
  std::memcpy(static_cast<void*>(address_.sun_path), socket.data(), socket.size());
  // An abstract name begins with a null byte and ends by its length; a path ends with a null byte.
  if (is_abstract) address_.sun_path[0] = '\0';
  size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size() +
                                 (is_abstract ? 0 : 1));
  fd_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd_.valid()) {
    const int error = errno;
    const std::string what = "NOTIFY_SOCKET: " + std::generic_category().message(error);
    if (const auto resource = LocalResourceOf(error)) throw LocalFailure(*resource, what);
    throw std::runtime_error(what);
  }
  setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &kTakenWithin, sizeof kTakenWithin);
}

bool ServiceManager::Notify(std::string_view assignments) const noexcept {
  if (!present()) return false;
  ssize_t sent = -1;
  do {
    sent = sendto(fd_.get(), assignments.data(), assignments.size(), MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address_), size_);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

std::optional<Duration> WatchdogInterval(const std::string& microseconds, const std::string& of_pid,
                                         long pid) {
  if (!of_pid.empty() && Number(of_pid) != pid) return std::nullopt;
  if (microseconds.empty()) return std::nullopt;
  const std::optional<std::int64_t> interval = Number(microseconds);
  if (!interval) throw std::runtime_error("WATCHDOG_USEC: is not a positive whole number");
  // Limited to a year, so that times do not overflow.
  constexpr std::int64_t kYear = std::int64_t{365} * 86'400 * 1'000'000;
  return std::chrono::microseconds(std::min(*interval, kYear));
}

std::string StatusAssignment(std::string status) {
  std::replace(status.begin(), status.end(), '\n', ' ');
  while (status.ends_with(' ')) status.pop_back();
  return "STATUS=" + status;
}

}  // namespace scidex::base
