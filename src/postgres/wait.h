// Waits for a socket under a deadline.
#pragma once

#include <cstdint>
#include <optional>

#include "base/stop_fd.h"
#include "base/time.h"

namespace scidex::postgres {

enum class Wait { kReady, kDeadline, kStopped };

// The waits of one exchange with a server, which together end by a deadline. Used by one thread.
class SocketWait {
 public:
  // `stop` outlives this.
  SocketWait(base::TimePoint deadline, const base::StopFd& stop);

  // Waits until `socket` has one of the poll() `events` (errors and hang-ups count: the next read
  // tells), the deadline passes, or `stop` is stopped. What has arrived by the deadline is still
  // kReady after it, but not for ever: a server that sends without end does not move the deadline.
  // While this process is kept from running, in a wait or between two, no time passes for the
  // server: it has afterwards what it had before. Throws base::LocalFailure where the system cannot
  // wait.
  Wait For(int socket, short events);

  // More than kMostBytes have come, after the first waits: no memory for any more. On a TCP socket;
  // the server at another one runs on this machine. One message, such as a row, libpq reads whole.
  bool TooMuch(int socket) const;

  static constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;

 private:
  void MakeUpFor(base::Duration pause);

  base::TimePoint deadline_;
  const base::StopFd& stop_;
  // When the latest wait ended.
  base::TimePoint ran_at_;
  int late_ = 0;
  int pauses_ = 0;
  int waits_ = 0;
  std::optional<std::uint64_t> received_before_;
};

}  // namespace scidex::postgres
