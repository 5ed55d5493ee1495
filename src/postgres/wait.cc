#include "postgres/wait.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "base/clock.h"
#include "base/local_failure.h"

namespace scidex::postgres {

using std::chrono::milliseconds;

namespace {

// Where the stop has no descriptor that could be waited for.
constexpr milliseconds kBetweenLooks{50};
// Reads of what has arrived by the deadline: a megabyte, by libpq's buffer.
constexpr int kLateReads = 64;
// A wait that ends so much later than it was to end was not the server's doing.
constexpr milliseconds kOverslept{100};

// Rounded up, so that a deadline less than a millisecond away is not a busy loop.
milliseconds TimeoutOf(base::Duration left, bool looks) {
  const milliseconds rounded = std::chrono::ceil<milliseconds>(left);
  const milliseconds timeout = looks ? std::min(rounded, kBetweenLooks) : rounded;
  return std::clamp(timeout, milliseconds(0), milliseconds(INT_MAX));
}

}  // namespace

Wait SocketWait::For(int socket, short events) {
  for (;;) {
    const base::TimePoint start = base::RealClock().Now();
    const milliseconds timeout = TimeoutOf(deadline_ - start, /*looks=*/stop_.MustBeAsked());
    std::array<pollfd, 2> polled{{{socket, events, 0}, {stop_.fd(), POLLIN, 0}}};
    const int ready = poll(polled.data(), polled.size(), static_cast<int>(timeout.count()));
    if (ready < 0 && errno != EINTR)
      throw base::LocalFailure(base::LocalResource::kDescriptors, "the system cannot poll");
    const base::TimePoint now = base::RealClock().Now();
    if (stop_.Stopped()) return Wait::kStopped;
    const base::Duration overslept = now - start - timeout;
    if (overslept > kOverslept) deadline_ = base::Add(deadline_, overslept);
    if (polled[0].revents != 0 && (now < deadline_ || ++late_ <= kLateReads)) return Wait::kReady;
    if (now >= deadline_) return Wait::kDeadline;
  }
}

}  // namespace scidex::postgres
