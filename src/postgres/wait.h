// Waits for a socket under a deadline.
#pragma once

#include "base/stop_fd.h"
#include "base/time.h"

namespace scidex::postgres {

enum class Wait { kReady, kDeadline, kStopped };

// Waits until `socket` has one of the poll() `events` (errors and hang-ups count: the next read
// tells), the deadline passes, or `stop` is stopped.
Wait WaitForSocket(int socket, short events, base::TimePoint deadline, const base::StopFd& stop);

}  // namespace scidex::postgres
