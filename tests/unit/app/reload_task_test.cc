#include "app/reload_task.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <stdexcept>

#include "base/scheduler.h"
#include "support/eventually.h"
#include "support/manual_clock.h"

namespace scidex::app {
namespace {

// Receives what this process answers to itself.
class ReloadTaskTest : public testing::Test {
 protected:
  ReloadTaskTest() {
    sigemptyset(&answers_);
    sigaddset(&answers_, SIGURG);
    pthread_sigmask(SIG_BLOCK, &answers_, &before_);
  }
  ~ReloadTaskTest() override { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  int AwaitAnswer() {
    siginfo_t info{};
    const timespec patience{
        std::chrono::duration_cast<std::chrono::seconds>(test::kPatience).count(), 0};
    EXPECT_EQ(sigtimedwait(&answers_, &info, &patience), SIGURG);
    return info.si_value.sival_int;
  }

 private:
  sigset_t answers_{};
  sigset_t before_{};
};

TEST_F(ReloadTaskTest, AskerIsAnsweredEvenIfTheReloadThrows) {
  test::ManualClock clock;
  base::Scheduler scheduler(clock, {});
  ReloadTask task(scheduler, []() -> bool { throw std::runtime_error("no memory"); });
  task.Ask({SIGHUP, getpid()});
  const int answer = AwaitAnswer();
  AnswerReload(getpid(), false);
  EXPECT_EQ(answer, AwaitAnswer());
}

}  // namespace
}  // namespace scidex::app
