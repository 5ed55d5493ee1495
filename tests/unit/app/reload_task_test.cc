#include "app/reload_task.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <stdexcept>

#include "base/mutex.h"
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

  bool IsAnswered() {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGURG) == 1;
  }

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

// Lets the test decide when a reload ends.
class Reloads {
 public:
  bool operator()() {
    base::MutexLock lock(mutex_);
    ++begun_;
    changed_.NotifyAll();
    while (held_) changed_.Wait(mutex_);
    return true;
  }
  void Hold(bool held) {
    base::MutexLock lock(mutex_);
    held_ = held;
    changed_.NotifyAll();
  }
  int begun() {
    base::MutexLock lock(mutex_);
    return begun_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  bool held_ SCIDEX_GUARDED_BY(mutex_) = false;
  int begun_ SCIDEX_GUARDED_BY(mutex_) = 0;
};

TEST_F(ReloadTaskTest, RepeatedRequestCausesOneReloadUntilItIsForgotten) {
  test::ManualClock clock;
  base::Scheduler scheduler(clock, {});
  Reloads reloads;
  ReloadTask task(scheduler, [&] { return reloads(); });
  const Signal request{SIGHUP, getpid()};
  const auto await_begun = [&](int count) {
    return test::Eventually(test::kPatience, [&] { return reloads.begun() >= count; });
  };
  reloads.Hold(true);
  task.Ask(request);
  ASSERT_TRUE(await_begun(1));
  task.Ask(request);
  reloads.Hold(false);
  AwaitAnswer();
  task.Ask(request);
  // A signal without an asker is never a repetition. Once a third reload begins, the second, which
  // would have answered, has ended.
  task.Ask({SIGHUP, 0});
  ASSERT_TRUE(await_begun(2));
  task.Ask({SIGHUP, 0});
  ASSERT_TRUE(await_begun(3));
  EXPECT_FALSE(IsAnswered());
  clock.Advance(ReloadTask::kRepeatsEnd);
  task.Ask(request);
  AwaitAnswer();
}

}  // namespace
}  // namespace scidex::app
