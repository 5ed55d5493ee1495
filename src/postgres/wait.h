// Waits for a socket under a deadline.
#pragma once

#include <cstdint>
#include <optional>

#include "base/stop_fd.h"
#include "base/time.h"

namespace scidex::postgres {

enum class Wait { kReady, kDeadline, kStopped };

// All waits of one exchange with a server, under a common deadline. Must be used by one thread.
class SocketWait {
 public:
  // `stop` must outlive this object.
  SocketWait(base::TimePoint deadline, const base::StopFd& stop);

  // Waits until `socket` has one of the poll() `events` (errors and hang-ups count: the next read
  // reports them), the deadline passes, or `stop` is stopped. Data that arrived by the deadline
  // still yields kReady afterwards, but not forever: a server that sends endlessly does not move
  // the deadline. While this process is suspended, in a wait or between two, the time does not
  // count against the server. Throws base::LocalFailure if the system cannot wait.
  Wait For(int socket, short events);

  // Returns whether more than kMostBytes have arrived since the first waits; then no more memory is
  // spent. Only for TCP sockets: other servers run on this machine. libpq reads a single message,
  // such as a row, completely.
  bool TooMuch(int socket) const;

  static constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;

 private:
  void MakeUpFor(base::Duration pause);

  base::TimePoint deadline_;
  const base::StopFd& stop_;
  // End of the latest wait.
  base::TimePoint ran_at_;
  int late_ = 0;
  int pauses_ = 0;
  int waits_ = 0;
  std::optional<std::uint64_t> received_before_;
};

}  // namespace scidex::postgres
