#include "postgres/wait.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <climits>

#include "base/clock.h"

namespace scidex::postgres {

Wait WaitForSocket(int socket, short events, base::TimePoint deadline, int stop_fd) {
  using std::chrono::milliseconds;
  for (;;) {
    const base::Duration left = deadline - base::RealClock().Now();
    // Rounded up, so that a deadline less than a millisecond away is not a busy loop.
    const auto timeout =
        std::clamp<milliseconds::rep>(std::chrono::ceil<milliseconds>(left).count(), 0, INT_MAX);
    std::array<pollfd, 2> polled{{{socket, events, 0}, {stop_fd, POLLIN, 0}}};
    const int ready = poll(polled.data(), polled.size(), static_cast<int>(timeout));
    if (polled[1].revents != 0) return Wait::kStopped;
    if (polled[0].revents != 0) return Wait::kReady;
    if (ready <= 0 && base::RealClock().Now() >= deadline) return Wait::kDeadline;
  }
}

}  // namespace scidex::postgres
