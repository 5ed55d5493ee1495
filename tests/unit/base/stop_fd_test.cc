#include "base/stop_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <optional>

#include "base/local_failure.h"
#include "base/thread.h"
#include "support/local_limits.h"

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

TEST(StopFd, UsesTheDescriptorOfItsThreadAgain) {
  std::stop_source source;
  int first = -1;
  {
    const StopFd stop(source.get_token());
    first = stop.fd();
    EXPECT_EQ(fcntl(first, F_GETFD), FD_CLOEXEC);
    source.request_stop();
  }
  std::stop_source other;
  const StopFd stop(other.get_token());
  EXPECT_EQ(stop.fd(), first);
  EXPECT_FALSE(Readable(stop.fd()));
}

TEST(StopFd, TwoOfOneThreadAreStoppedEachByItsOwnToken) {
  std::stop_source outer;
  std::stop_source inner;
  const StopFd one(outer.get_token());
  const StopFd two(inner.get_token());
  inner.request_stop();
  EXPECT_TRUE(Readable(two.fd()));
  EXPECT_FALSE(Readable(one.fd()));
}

TEST(StopFd, MayGoBeforeItsSource) {
  std::stop_source source;
  std::optional<StopFd> stop(source.get_token());
  stop.reset();
  source.request_stop();
}

TEST(StopFd, DescriptorOfAThreadIsClosedWithIt) {
  int fd = -1;
  std::stop_source source;
  Thread("short", [&] { fd = StopFd(source.get_token()).fd(); }).Join();
  ASSERT_GE(fd, 0);
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

TEST(StopFd, WithoutADescriptorLeftItHasToBeAskedAndIsCounted) {
  std::stop_source source;
  const auto before = LocalFailureCounts()[LocalResource::kDescriptors];
  Thread("without", [&] {
    const test::NoDescriptorsLeft none;
    const StopFd stop(source.get_token());
    EXPECT_EQ(stop.fd(), -1);
    EXPECT_TRUE(stop.MustBeAsked());
    EXPECT_FALSE(stop.Stopped());
    source.request_stop();
    EXPECT_TRUE(stop.Stopped());
  }).Join();
  EXPECT_EQ(LocalFailureCounts()[LocalResource::kDescriptors], before + 1);
}

}  // namespace
}  // namespace scidex::base
