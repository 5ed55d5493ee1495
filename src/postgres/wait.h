// Waits for a socket under a deadline.
#pragma once

#include "base/stop_fd.h"
#include "base/time.h"

namespace scidex::postgres {

enum class Wait { kReady, kDeadline, kStopped };

// The waits of one exchange with a server, which together end by a deadline. Used by one thread.
class SocketWait {
 public:
  // `stop` outlives this.
  SocketWait(base::TimePoint deadline, const base::StopFd& stop)
      : deadline_(deadline), stop_(stop) {}

  // Waits until `socket` has one of the poll() `events` (errors and hang-ups count: the next read
  // tells), the deadline passes, or `stop` is stopped. What has arrived by the deadline is still
  // kReady after it, but not for ever: a server that sends without end does not move the deadline.
  // For as long as this process itself was kept from running, the deadline does move: that is not
  // the server's time. Throws base::LocalFailure where the system cannot wait.
  Wait For(int socket, short events);

 private:
  base::TimePoint deadline_;
  const base::StopFd& stop_;
  int late_ = 0;
};

}  // namespace scidex::postgres
