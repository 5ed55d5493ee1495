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
// A wait that ends so much later than it was to end, and so much time between two waits, is not the
// server's doing.
constexpr milliseconds kPause{100};
// Pauses that are made up for: a machine on which every wait is late still has deadlines.
constexpr int kPauses = 8;

// Rounded up, so that a deadline less than a millisecond away is not a busy loop.
milliseconds TimeoutOf(base::Duration left, bool looks) {
  const milliseconds rounded = std::chrono::ceil<milliseconds>(left);
  const milliseconds timeout = looks ? std::min(rounded, kBetweenLooks) : rounded;
  return std::clamp(timeout, milliseconds(0), milliseconds(INT_MAX));
}

}  // namespace

SocketWait::SocketWait(base::TimePoint deadline, const base::StopFd& stop)
    : deadline_(deadline), stop_(stop), ran_at_(base::RealClock().Now()) {}

Wait SocketWait::For(int socket, short events) {
  for (;;) {
    const base::TimePoint start = base::RealClock().Now();
    if (start - ran_at_ > kPause) MakeUpFor(start - ran_at_);
    const milliseconds timeout = TimeoutOf(deadline_ - start, /*looks=*/stop_.MustBeAsked());
    std::array<pollfd, 2> polled{{{socket, events, 0}, {stop_.fd(), POLLIN, 0}}};
    const int ready = poll(polled.data(), polled.size(), static_cast<int>(timeout.count()));
    if (ready < 0 && errno != EINTR)
      throw base::LocalFailure(base::LocalResource::kDescriptors, "the system cannot poll");
    ran_at_ = base::RealClock().Now();
    if (stop_.Stopped()) return Wait::kStopped;
    // How much of the wait came before the pause cannot be told.
    if (ran_at_ - start > timeout + kPause) MakeUpFor(ran_at_ - start);
    if (polled[0].revents != 0 && (ran_at_ < deadline_ || ++late_ <= kLateReads))
      return Wait::kReady;
    if (ran_at_ >= deadline_) return Wait::kDeadline;
  }
}

void SocketWait::MakeUpFor(base::Duration pause) {
  if (pauses_++ < kPauses) deadline_ = base::Add(deadline_, pause);
}

}  // namespace scidex::postgres
