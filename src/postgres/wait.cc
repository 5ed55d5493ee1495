#include "postgres/wait.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <climits>

#include "base/clock.h"

namespace scidex::postgres {

using std::chrono::milliseconds;

namespace {

// Where the stop has no descriptor that could be waited for.
constexpr milliseconds kBetweenLooks{50};

// Rounded up, so that a deadline less than a millisecond away is not a busy loop.
int TimeoutOf(base::Duration left, bool looks) {
  const milliseconds rounded = std::chrono::ceil<milliseconds>(left);
  const milliseconds timeout = looks ? std::min(rounded, kBetweenLooks) : rounded;
  return static_cast<int>(std::clamp<milliseconds::rep>(timeout.count(), 0, INT_MAX));
}

}  // namespace

Wait WaitForSocket(int socket, short events, base::TimePoint deadline, const base::StopFd& stop) {
  for (;;) {
    const base::Duration left = deadline - base::RealClock().Now();
    std::array<pollfd, 2> polled{{{socket, events, 0}, {stop.fd(), POLLIN, 0}}};
    const int ready =
        poll(polled.data(), polled.size(), TimeoutOf(left, /*looks=*/stop.MustBeAsked()));
    if (stop.Stopped()) return Wait::kStopped;
    if (polled[0].revents != 0) return Wait::kReady;
    if (ready <= 0 && base::RealClock().Now() >= deadline) return Wait::kDeadline;
  }
}

}  // namespace scidex::postgres
