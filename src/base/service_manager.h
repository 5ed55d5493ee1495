// Reports the state of this process to the service manager that started it: one datagram to the
// socket in NOTIFY_SOCKET. https://www.freedesktop.org/software/systemd/man/sd_notify.html
//
// Does not use libsystemd: the protocol is a stable interface of its own, and the library would
// bring five others into a process that must also run without systemd.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/unique_fd.h"

namespace scidex::base {

// Thread-safe.
class ServiceManager {
 public:
  // Without a service manager: Notify() does nothing.
  ServiceManager() = default;
  // `socket` is an absolute path, or "@" and an abstract name; an empty string means no service
  // manager. Throws std::runtime_error for anything else, and LocalFailure.
  explicit ServiceManager(const std::string& socket);

  bool present() const { return fd_.valid(); }
  // Sends assignments such as "READY=1", one per line. Returns false if there is no service manager
  // or it does not accept them within half a second.
  bool Notify(std::string_view assignments) const noexcept;

 private:
  UniqueFd fd_;
  sockaddr_un address_{};
  socklen_t size_ = 0;
};

// The interval at which the service manager expects WATCHDOG=1, from the values of WATCHDOG_USEC
// and WATCHDOG_PID; nothing if it does not expect that from the process `pid`. Throws
// std::runtime_error if `microseconds` is neither empty nor a positive whole number.
std::optional<Duration> WatchdogInterval(const std::string& microseconds, const std::string& of_pid,
                                         long pid);

// Replaces line feeds, after which another assignment would begin.
std::string StatusAssignment(std::string status);

}  // namespace scidex::base
