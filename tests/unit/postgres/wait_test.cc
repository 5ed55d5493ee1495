#include "postgres/wait.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <ctime>

#include "base/clock.h"
#include "base/local_failure.h"
#include "base/unique_fd.h"
#include "support/local_limits.h"

namespace scidex::postgres {
namespace {

using namespace std::chrono_literals;

class SocketWaitTest : public ::testing::Test {
 protected:
  SocketWaitTest() {
    std::array<int, 2> ends{};
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data());
    ours_ = base::UniqueFd(ends[0]);
    servers_ = base::UniqueFd(ends[1]);
  }

  SocketWait In(base::Duration time) const { return {base::RealClock().Now() + time, stop_}; }
  void ServerSends() const { ASSERT_EQ(write(servers_.get(), "x", 1), 1); }
  Wait For(SocketWait& wait) const { return wait.For(ours_.get(), POLLIN); }

  base::StopFd stop_{std::stop_token()};
  base::UniqueFd ours_;
  base::UniqueFd servers_;
};

// Another process, which stops this one for longer than `deadline`, resumes it, and then sends for
// the server.
class PauseThisProcess {
 public:
  PauseThisProcess(base::Duration deadline, int servers_end) : pauser_(fork()) {
    if (pauser_ != 0) return;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(deadline + 1ms).count();
    const timespec pause{seconds, 500'000'000};
    kill(getppid(), SIGSTOP);
    nanosleep(&pause, nullptr);
    kill(getppid(), SIGCONT);
    _exit(write(servers_end, "x", 1) == 1 ? 0 : 1);
  }
  ~PauseThisProcess() { waitpid(pauser_, nullptr, 0); }
  PauseThisProcess(const PauseThisProcess&) = delete;
  PauseThisProcess& operator=(const PauseThisProcess&) = delete;

 private:
  const pid_t pauser_;
};

TEST_F(SocketWaitTest, WhatHasArrivedByTheDeadlineIsReadAfterIt) {
  SocketWait wait = In(-1s);
  ServerSends();
  EXPECT_EQ(For(wait), Wait::kReady);
}

TEST_F(SocketWaitTest, ServerThatSendsWithoutEndDoesNotMoveTheDeadline) {
  SocketWait wait = In(-1s);
  // Nothing reads, so that there is always something to be read.
  ServerSends();
  int ready = 0;
  while (ready < 10'000 && For(wait) == Wait::kReady) ++ready;
  EXPECT_LT(ready, 10'000);
}

TEST_F(SocketWaitTest, TimeForWhichTheProcessIsStoppedIsNotTheServers) {
  constexpr auto kDeadline = 2s;
  SocketWait wait = In(kDeadline);
  const PauseThisProcess pause(kDeadline, servers_.get());
  EXPECT_EQ(For(wait), Wait::kReady);
}

TEST_F(SocketWaitTest, ServerThatIsSilentIsGivenUpAtTheDeadline) {
  SocketWait wait = In(20ms);
  EXPECT_EQ(For(wait), Wait::kDeadline);
}

TEST_F(SocketWaitTest, LimitThatKeepsTheSystemFromPollingIsALocalFailure) {
  SocketWait wait = In(1h);
  const test::NoDescriptorsLeft none;
  EXPECT_THROW(For(wait), base::LocalFailure);
}

}  // namespace
}  // namespace scidex::postgres
