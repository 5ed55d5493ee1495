#include "base/stop_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <optional>

#include "base/thread.h"

namespace scidex::base {
namespace {

bool Readable(int fd, int timeout_ms = 0) {
  pollfd waited{fd, POLLIN, 0};
  return poll(&waited, 1, timeout_ms) == 1;
}

TEST(StopFd, IsReadableOnceItsTokenIsStopped) {
  std::stop_source source;
  const StopFd stop(source.get_token());
  EXPECT_FALSE(Readable(stop.fd()));
  source.request_stop();
  EXPECT_TRUE(Readable(stop.fd()));
}

TEST(StopFd, WakesAThreadThatPollsIt) {
  std::stop_source source;
  const StopFd stop(source.get_token());
  bool woken = false;
  Thread waiter("waiter", [&] { woken = Readable(stop.fd(), 10'000); });
  source.request_stop();
  waiter.Join();
  EXPECT_TRUE(woken);
}

TEST(StopFd, IsReadableFromTheStartWhenItsTokenWasStoppedBefore) {
  std::stop_source source;
  source.request_stop();
  EXPECT_TRUE(Readable(StopFd(source.get_token()).fd()));
}

TEST(StopFd, TokenThatCannotBeStoppedIsNeverReadable) {
  const StopFd stop{std::stop_token()};
  EXPECT_FALSE(Readable(stop.fd()));
}

TEST(StopFd, ClosesItsDescriptorAndMayGoBeforeItsSource) {
  std::stop_source source;
  std::optional<StopFd> stop(source.get_token());
  const int fd = stop->fd();
  EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  stop.reset();
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
  source.request_stop();
}

}  // namespace
}  // namespace scidex::base
