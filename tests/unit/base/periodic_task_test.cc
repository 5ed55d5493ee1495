#include "base/periodic_task.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "support/eager.h"
#include "support/eventually.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "unit/base/event.h"

namespace scidex::base {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class PeriodicTaskTest : public ::testing::Test {
 protected:
  // Waits until the task waits for its next run, at most `within` from now.
  bool AwaitScheduled(Duration within) { return clock_.AwaitSleepers(1, within); }
  PeriodicTask::Body RunEverySecond() {
    return [this](const std::stop_token&) {
      runs_.Notify();
      return Add(clock_.Now(), seconds(1));
    };
  }

  test::ManualClock clock_;
  Scheduler scheduler_{clock_, test::kEager};
  Event runs_;
};

TEST_F(PeriodicTaskTest, RunsFirstWhenItIsToldTo) {
  const PeriodicTask task(scheduler_, TaskKind::kProbe, clock_.Now() + seconds(5),
                          RunEverySecond());
  ASSERT_TRUE(AwaitScheduled(seconds(5)));
  clock_.Advance(seconds(4));
  ASSERT_TRUE(AwaitScheduled(seconds(1)));
  EXPECT_EQ(runs_.times(), 0);
  clock_.Advance(seconds(1));
  EXPECT_TRUE(runs_.Await(1));
}

TEST_F(PeriodicTaskTest, RunsAgainWhenItsBodyHasAskedForIt) {
  const PeriodicTask task(scheduler_, TaskKind::kProbe, clock_.Now(), RunEverySecond());
  for (int run = 1; run <= 5; ++run) {
    ASSERT_TRUE(runs_.Await(run));
    ASSERT_TRUE(AwaitScheduled(seconds(1)));
    EXPECT_EQ(runs_.times(), run);
    clock_.Advance(seconds(1));
  }
}

TEST_F(PeriodicTaskTest, TriggerRunsItEarly) {
  PeriodicTask task(scheduler_, TaskKind::kProbe, clock_.Now() + minutes(5), RunEverySecond());
  ASSERT_TRUE(AwaitScheduled(minutes(5)));
  task.Trigger();
  EXPECT_TRUE(runs_.Await(1));
}

TEST_F(PeriodicTaskTest, TriggerAtMovesTheNextRunForwardOnly) {
  PeriodicTask task(scheduler_, TaskKind::kProbe, clock_.Now() + minutes(5), RunEverySecond());
  ASSERT_TRUE(AwaitScheduled(minutes(5)));
  task.TriggerAt(clock_.Now() + minutes(2));
  ASSERT_TRUE(AwaitScheduled(minutes(2)));
  task.TriggerAt(clock_.Now() + minutes(4));
  clock_.Advance(minutes(2));
  EXPECT_TRUE(runs_.Await(1));
}

TEST_F(PeriodicTaskTest, TaskThatIsNeverDueRunsWhenTriggeredAlone) {
  PeriodicTask task(scheduler_, TaskKind::kProbe, kNever, [this](const std::stop_token&) {
    runs_.Notify();
    return kNever;
  });
  clock_.Advance(std::chrono::hours(1000));
  EXPECT_EQ(runs_.times(), 0);
  task.Trigger();
  EXPECT_TRUE(runs_.Await(1));
}

TEST_F(PeriodicTaskTest, TriggersDuringARunAskForOneMore) {
  Event inside;
  Event go_on;
  PeriodicTask task(scheduler_, TaskKind::kProbe, clock_.Now(), [&](const std::stop_token&) {
    runs_.Notify();
    inside.Notify();
    go_on.Await();
    return Add(clock_.Now(), minutes(1));
  });
  ASSERT_TRUE(inside.Await(1));
  for (int i = 0; i < 3; ++i) task.Trigger();
  go_on.Notify();
  ASSERT_TRUE(runs_.Await(2));
  ASSERT_TRUE(AwaitScheduled(minutes(1)));
  EXPECT_EQ(runs_.times(), 2);
}

TEST_F(PeriodicTaskTest, RunsNeverOverlap) {
  std::atomic<int> inside = 0;
  std::atomic<bool> overlapped = false;
  PeriodicTask task(scheduler_, TaskKind::kProbe, clock_.Now(), [&](const std::stop_token&) {
    if (inside.fetch_add(1) != 0) overlapped = true;
    runs_.Notify();
    inside.fetch_sub(1);
    return clock_.Now();
  });
  for (int i = 0; i < 100; ++i) task.Trigger();
  EXPECT_TRUE(runs_.Await(100));
  task.Stop();
  EXPECT_FALSE(overlapped);
}

TEST_F(PeriodicTaskTest, StopEndsALongRunThroughItsToken) {
  Event inside;
  std::atomic<bool> ended = false;
  PeriodicTask task(scheduler_, TaskKind::kProbe, clock_.Now(), [&](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any cond;
    std::unique_lock lock(mutex);
    inside.Notify();
    cond.wait(lock, stop, [] { return false; });
    ended = true;
    return kNever;
  });
  ASSERT_TRUE(inside.Await());
  task.Stop();
  EXPECT_TRUE(ended);
  task.Stop();
}

TEST_F(PeriodicTaskTest, DestructionEndsATaskThatRests) {
  {
    const PeriodicTask task(scheduler_, TaskKind::kProbe, clock_.Now() + minutes(5),
                            RunEverySecond());
    ASSERT_TRUE(AwaitScheduled(minutes(5)));
  }
  EXPECT_EQ(runs_.times(), 0);
}

// Like a pool that triggers its housekeeping under its lock, and a body that waits for that lock.
TEST_F(PeriodicTaskTest, StopCallbackMayTakeALockUnderWhichItIsTriggered) {
  Mutex mutex;
  Event inside;
  Event asked;
  Event go_on;
  PeriodicTask task(scheduler_, TaskKind::kProbe, clock_.Now(), [&](const std::stop_token& stop) {
    const std::stop_callback callback(stop, [&] {
      asked.Notify();
      MutexLock lock(mutex);
    });
    inside.Notify();
    go_on.Await();
    return kNever;
  });
  ASSERT_TRUE(inside.Await());
  std::optional<Thread> stopper;
  {
    MutexLock lock(mutex);
    stopper.emplace("stopper", [&] { task.Stop(); });
    EXPECT_TRUE(asked.Await());
    task.Trigger();
  }
  go_on.Notify();
}

TEST_F(PeriodicTaskTest, PausedTaskRunsOnlyOnceItIsStarted) {
  PeriodicTask task(scheduler_, TaskKind::kProbe, RunEverySecond());
  task.Trigger();
  clock_.Advance(minutes(1));
  EXPECT_EQ(runs_.times(), 0);
  task.Start(kNever);
  EXPECT_TRUE(runs_.Await(1));
}

TEST_F(PeriodicTaskTest, PausedTaskCanBeStopped) {
  PeriodicTask task(scheduler_, TaskKind::kProbe, RunEverySecond());
  task.Trigger();
  task.Stop();
  task.Start(clock_.Now());
  EXPECT_EQ(runs_.times(), 0);
}

TEST_F(PeriodicTaskTest, RunsOnAfterARunThatThrows) {
  const test::LogTap log;
  const TaskCounts before = TaskCountsNow()[TaskKind::kProbe];
  const PeriodicTask task(scheduler_, TaskKind::kProbe, clock_.Now(),
                          [this](const std::stop_token&) {
                            runs_.Notify();
                            if (runs_.times() < 4) throw std::runtime_error("no descriptor left");
                            return kNever;
                          });
  for (int run = 1; run <= 4; ++run) {
    ASSERT_TRUE(runs_.Await(run));
    if (run < 4) {
      ASSERT_TRUE(AwaitScheduled(seconds(1)));
      clock_.Advance(seconds(1));
    }
  }
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] {
    return log.Count({"level=info", "succeeds again", "task=probe"}) == 1;
  }));
  // Logged once, counted each time.
  EXPECT_EQ(log.Count({"level=error", "task=probe", "no descriptor left"}), 1U);
  const TaskCounts after = TaskCountsNow()[TaskKind::kProbe];
  EXPECT_EQ(after.runs - before.runs, 4U);
  EXPECT_EQ(after.failures - before.failures, 3U);
}

TEST_F(PeriodicTaskTest, RunThatThrowsKeepsThePeriodOfTheTask) {
  const PeriodicTask task(scheduler_, TaskKind::kProbe, clock_.Now(),
                          [this](const std::stop_token&) {
                            runs_.Notify();
                            if (runs_.times() == 2) throw std::runtime_error("once");
                            return Add(clock_.Now(), minutes(1));
                          });
  ASSERT_TRUE(runs_.Await(1));
  ASSERT_TRUE(AwaitScheduled(minutes(1)));
  clock_.Advance(minutes(1));
  ASSERT_TRUE(runs_.Await(2));
  ASSERT_TRUE(AwaitScheduled(minutes(1)));
  clock_.Advance(seconds(59));
  ASSERT_TRUE(AwaitScheduled(seconds(1)));
  EXPECT_EQ(runs_.times(), 2);
  clock_.Advance(seconds(1));
  EXPECT_TRUE(runs_.Await(3));
}

TEST_F(PeriodicTaskTest, TriggersKeepTheMinimumDistance) {
  PeriodicTask task(
      scheduler_, TaskKind::kProbe,
      [this](const std::stop_token&) {
        runs_.Notify();
        return Add(clock_.Now(), minutes(5));
      },
      seconds(1));
  task.Start(Add(clock_.Now(), minutes(5)));
  // The first trigger after a quiet period takes effect immediately ...
  task.Trigger();
  ASSERT_TRUE(runs_.Await(1));
  // ... and all further ones together, a second later.
  for (int i = 0; i < 100; ++i) task.Trigger();
  ASSERT_TRUE(AwaitScheduled(seconds(1)));
  EXPECT_EQ(runs_.times(), 1);
  clock_.Advance(seconds(1));
  ASSERT_TRUE(runs_.Await(2));
  ASSERT_TRUE(AwaitScheduled(minutes(5)));
  EXPECT_EQ(runs_.times(), 2);
}

TEST_F(PeriodicTaskTest, ScheduledRunDoesNotDelayATrigger) {
  PeriodicTask task(
      scheduler_, TaskKind::kProbe,
      [this](const std::stop_token&) {
        runs_.Notify();
        return Add(clock_.Now(), minutes(5));
      },
      seconds(10));
  task.Start(clock_.Now());
  ASSERT_TRUE(runs_.Await(1));
  ASSERT_TRUE(AwaitScheduled(minutes(5)));
  task.Trigger();
  EXPECT_TRUE(runs_.Await(2));
}

}  // namespace
}  // namespace scidex::base
