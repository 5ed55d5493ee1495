#include "postgres/wait.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "base/clock.h"
#include "base/local_failure.h"

namespace scidex::postgres {

using std::chrono::milliseconds;

namespace {

// Poll interval if the stop token has no descriptor.
constexpr milliseconds kPollInterval{50};
// Reads of data that arrived by the deadline: a megabyte, with libpq's buffer.
constexpr int kLateReads = 64;
// A wait that ends this much too late, or this much time between two waits, is a pause of this
// process, not a delay of the server.
constexpr milliseconds kPause{100};
// Most responses need fewer waits; they are not worth another system call.
constexpr int kWaitsOfSmallAnswers = 16;
// Maximum number of pauses that extend the deadline: deadlines must hold even on a machine where
// every wait is late.
constexpr int kPauses = 8;

// Rounded up, so that a deadline less than a millisecond away does not cause a busy loop.
milliseconds TimeoutOf(base::Duration left, bool looks) {
  const milliseconds rounded = std::chrono::ceil<milliseconds>(left);
  const milliseconds timeout = looks ? std::min(rounded, kPollInterval) : rounded;
  return std::clamp(timeout, milliseconds(0), milliseconds(INT_MAX));
}

std::uint64_t BytesReceived(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received
                                                                      : 0;
}

}  // namespace

SocketWait::SocketWait(base::TimePoint deadline, const base::StopFd& stop)
    : deadline_(deadline), stop_(stop), ran_at_(base::RealClock().Now()) {}

bool SocketWait::TooMuch(int socket) const {
  return received_before_ && BytesReceived(socket) > *received_before_ + kMostBytes;
}

Wait SocketWait::For(int socket, short events) {
  if (++waits_ == kWaitsOfSmallAnswers) received_before_ = BytesReceived(socket);
  for (;;) {
    const base::TimePoint start = base::RealClock().Now();
    if (start - ran_at_ > kPause) MakeUpFor(start - ran_at_);
    const milliseconds timeout = TimeoutOf(deadline_ - start, /*looks=*/stop_.MustBeAsked());
    std::array<pollfd, 2> polled{{{socket, events, 0}, {stop_.fd(), POLLIN, 0}}};
    const int ready = poll(polled.data(), polled.size(), static_cast<int>(timeout.count()));
    // EINVAL: the limit of open files is below the number that is polled.
    if (ready < 0 && errno != EINTR)
      throw base::LocalFailure(
          base::LocalResourceOf(errno).value_or(base::LocalResource::kDescriptors),
          "poll() failed");
    ran_at_ = base::RealClock().Now();
    if (stop_.Stopped()) return Wait::kStopped;
    // It is unknown how much of the wait preceded the pause.
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
