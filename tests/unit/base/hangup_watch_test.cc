#include "base/hangup_watch.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>

#include "base/unique_fd.h"
#include "support/eventually.h"
#include "unit/base/event.h"

namespace scidex::base {
namespace {

// The two ends of a stream.
struct SocketPair {
  SocketPair() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw std::system_error(errno, std::generic_category());
    ours = UniqueFd(ends[0]);
    peers = UniqueFd(ends[1]);
  }
  void HangUp() { UniqueFd closed(std::move(peers)); }

  UniqueFd ours;
  UniqueFd peers;
};

class HangupWatchTest : public ::testing::Test {
 protected:
  // Returns once the watch has delivered all earlier notifications.
  void AwaitEarlierNotifications() {
    SocketPair other;
    Event notified;
    const HangupWatch::Guard guard(watch_, other.ours.get(), [&] { notified.Notify(); });
    other.HangUp();
    ASSERT_TRUE(notified.Await());
  }

  HangupWatch watch_;
  Event notified_;
};

TEST_F(HangupWatchTest, TellsOnceWhenThePeerCloses) {
  SocketPair stream;
  const HangupWatch::Guard guard(watch_, stream.ours.get(), [&] { notified_.Notify(); });
  EXPECT_EQ(notified_.times(), 0);
  stream.HangUp();
  ASSERT_TRUE(notified_.Await());
  AwaitEarlierNotifications();
  EXPECT_EQ(notified_.times(), 1);
}

TEST_F(HangupWatchTest, TellsOfAPeerThatHadGoneBefore) {
  SocketPair stream;
  stream.HangUp();
  const HangupWatch::Guard guard(watch_, stream.ours.get(), [&] { notified_.Notify(); });
  EXPECT_TRUE(notified_.Await());
}

TEST_F(HangupWatchTest, SaysNothingOfWhatArrivesOtherwise) {
  SocketPair stream;
  const HangupWatch::Guard guard(watch_, stream.ours.get(), [&] { notified_.Notify(); });
  ASSERT_EQ(send(stream.peers.get(), "notice", 6, 0), 6);
  AwaitEarlierNotifications();
  EXPECT_EQ(notified_.times(), 0);
}

TEST_F(HangupWatchTest, AGuardThatIsGoneIsNotCalled) {
  SocketPair stream;
  {
    const HangupWatch::Guard guard(watch_, stream.ours.get(), [&] { notified_.Notify(); });
  }
  stream.HangUp();
  AwaitEarlierNotifications();
  EXPECT_EQ(notified_.times(), 0);
}

TEST_F(HangupWatchTest, TheEndOfAGuardWaitsForItsFunction) {
  SocketPair stream;
  Event running;
  Event may_end;
  bool ended = false;
  std::optional<HangupWatch::Guard> guard;
  guard.emplace(watch_, stream.ours.get(), [&] {
    running.Notify();
    may_end.Await();
    ended = true;
  });
  stream.HangUp();
  ASSERT_TRUE(running.Await());
  const Thread ender("ender", [&] { may_end.Notify(); });
  guard.reset();
  EXPECT_TRUE(ended);
}

TEST_F(HangupWatchTest, WhatIsNoSocketIsRefused) {
  EXPECT_THROW(HangupWatch::Guard(watch_, -1, [] {}), std::system_error);
}

// The allocators of the sanitizers do not support a child of fork().
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(HangupWatchTest, AChildThatDestroysItLeavesThatOfItsParentRunning) {
  auto watch = std::make_unique<HangupWatch>();
  const pid_t child = fork();
  if (child == 0) {
    alarm(std::chrono::ceil<std::chrono::seconds>(test::kPatience).count());
    watch.reset();
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  SocketPair stream;
  const HangupWatch::Guard guard(*watch, stream.ours.get(), [&] { notified_.Notify(); });
  stream.HangUp();
  EXPECT_TRUE(notified_.Await());
}
#endif

}  // namespace
}  // namespace scidex::base
