// Tells the service manager that has started this process how it is: one datagram to the socket
// that NOTIFY_SOCKET names. https://www.freedesktop.org/software/systemd/man/sd_notify.html
//
// Without libsystemd: the protocol is a stable interface of its own, and the library would bring
// five others into a process that has to run where there is no systemd, too.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string>

#include "base/time.h"
#include "base/unique_fd.h"

namespace scidex::base {

// Thread safe.
class ServiceManager {
 public:
  // None: nothing is told to anybody.
  ServiceManager() = default;
  // `socket` is an absolute path, or "@" and an abstract name; empty is none. Throws
  // std::runtime_error for any other, and LocalFailure.
  explicit ServiceManager(const std::string& socket);

  bool present() const { return fd_.valid(); }
  // Assignments such as "READY=1", a line each. False where it could not be told: there is no
  // manager, or it has not taken it within half a second.
  bool Tell(const std::string& assignments) const noexcept;

 private:
  UniqueFd fd_;
  sockaddr_un address_{};
  socklen_t size_ = 0;
};

// How often the manager wants to hear WATCHDOG=1, by the values of WATCHDOG_USEC and WATCHDOG_PID;
// nothing where it does not want it of the process `pid`. Throws std::runtime_error if the first is
// neither empty nor a positive whole number.
std::optional<Duration> WatchdogInterval(const std::string& microseconds, const std::string& of_pid,
                                         long pid);

// One line: what follows a line feed would be another assignment.
std::string StatusAssignment(std::string status);

}  // namespace scidex::base
