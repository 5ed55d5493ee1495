// Waits for a socket under a deadline.
#pragma once

#include "base/time.h"

namespace scidex::postgres {

enum class Wait { kReady, kDeadline, kStopped };

// Waits until `socket` has one of the poll() `events` (errors and hang-ups count: the next read
// tells), the deadline passes, or `stop_fd` (-1: none) is readable.
Wait WaitForSocket(int socket, short events, base::TimePoint deadline, int stop_fd = -1);

}  // namespace scidex::postgres
