#include "base/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <vector>

#include "base/local_failure.h"
#include "support/eventually.h"
#include "support/log_tap.h"
#include "unit/base/event.h"

namespace scidex::base {
namespace {

using std::chrono::milliseconds;
using test::Eventually;
using test::kPatience;

constexpr ExecutorOptions kQuickly{.grow_after = milliseconds(1), .idle_timeout = milliseconds(1)};

class ExecutorTest : public ::testing::Test {
 protected:
  // Keeps this number of threads busy until go_on_ is notified.
  void Block(Executor& executor, int threads, TaskKind kind = TaskKind::kQuery) {
    for (int i = 0; i < threads; ++i) {
      executor.Submit(kind, [this] {
        blocked_.Notify();
        EXPECT_TRUE(go_on_.Await());
      });
    }
    ASSERT_TRUE(blocked_.Await(threads));
  }

  Timer timer_{RealClock()};
  Event blocked_;
  Event go_on_;
};

TEST_F(ExecutorTest, RunsInOrderOfArrivalWhereOneThreadSuffices) {
  std::vector<int> ran;
  {
    Executor executor(timer_, {.grow_after = std::chrono::hours(1)});
    for (int i = 0; i < 50; ++i) {
      executor.Submit(TaskKind::kQuery, [&ran, i] { ran.push_back(i); });
    }
    // During shutdown, all threads of the executor do all kinds of work.
    Event done;
    executor.Submit(TaskKind::kQuery, [&] { done.Notify(); });
    ASSERT_TRUE(done.Await());
  }
  ASSERT_EQ(ran.size(), 50U);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
}

TEST_F(ExecutorTest, WorkThatBlocksKeepsNoOtherWorkWaiting) {
  Executor executor(timer_);
  Block(executor, 20);
  Event ran;
  executor.Submit(TaskKind::kProbe, [&] { ran.Notify(); });
  executor.Submit(TaskKind::kConnect, [&] { ran.Notify(); });
  EXPECT_TRUE(ran.Await(2));
  go_on_.Notify();
}

TEST_F(ExecutorTest, ShortWorkIsDoneByTheThreadsThatAreAlwaysThere) {
  Executor executor(timer_, {.grow_after = std::chrono::minutes(1)});
  Event ran;
  for (int i = 0; i < 1000; ++i) {
    executor.Submit(i % 2 == 0 ? TaskKind::kProbe : TaskKind::kConnect, [&] { ran.Notify(); });
  }
  EXPECT_TRUE(ran.Await(1000));
  EXPECT_EQ(executor.threads(), 2U);
}

TEST_F(ExecutorTest, EssentialWorkGoesFirst) {
  std::mutex mutex;
  std::vector<TaskKind> ran;
  {
    Executor executor(timer_, {.grow_after = std::chrono::hours(1)});
    // First the thread for all work; the other one is left for the second job.
    Block(executor, 1);
    Event begun;
    Event end;
    executor.Submit(TaskKind::kProbe, [&] {
      begun.Notify();
      EXPECT_TRUE(end.Await());
    });
    ASSERT_TRUE(begun.Await());
    for (const TaskKind kind : {TaskKind::kQuery, TaskKind::kConnect, TaskKind::kProbe}) {
      executor.Submit(kind, [&, kind] {
        const std::lock_guard lock(mutex);
        ran.push_back(kind);
        if (ran.size() == 3) end.Notify();
      });
    }
    go_on_.Notify();
    EXPECT_TRUE(end.Await());
  }
  ASSERT_EQ(ran.size(), 3U);
  EXPECT_EQ(ran.front(), TaskKind::kProbe);
}

TEST_F(ExecutorTest, EssentialWorkHasAThreadThatOtherWorkCannotTake) {
  Executor executor(timer_, {.grow_after = std::chrono::hours(1)});
  Block(executor, 1);
  Event ran;
  executor.Submit(TaskKind::kQuery, [] {});
  for (int i = 0; i < 10; ++i) executor.Submit(TaskKind::kProbe, [&] { ran.Notify(); });
  EXPECT_TRUE(ran.Await(10));
  go_on_.Notify();
}

// A thread that was woken but has not run yet is not available for other work.
TEST_F(ExecutorTest, WorkBehindWorkThatBlocksIsTakenByAnotherThread) {
  Executor executor(timer_, {.grow_after = std::chrono::hours(1)});
  for (int i = 0; i < 50; ++i) {
    Event ran;
    Event go_on;
    Event over;
    executor.Submit(TaskKind::kProbe, [&] {
      EXPECT_TRUE(go_on.Await());
      over.Notify();
    });
    executor.Submit(TaskKind::kProbe, [&] { ran.Notify(); });
    EXPECT_TRUE(ran.Await());
    go_on.Notify();
    EXPECT_TRUE(over.Await());
  }
}

TEST_F(ExecutorTest, WorkThatNoIdleThreadMayTakeHasAThreadAdded) {
  Executor executor(timer_);
  for (int i = 0; i < 50; ++i) {
    Event ran;
    Event go_on;
    Event over;
    executor.Submit(TaskKind::kConnect, [&] { ran.Notify(); });
    executor.Submit(TaskKind::kProbe, [&] {
      EXPECT_TRUE(go_on.Await());
      over.Notify();
    });
    EXPECT_TRUE(ran.Await());
    go_on.Notify();
    EXPECT_TRUE(over.Await());
  }
}

TEST_F(ExecutorTest, ThreadsThatHaveNoWorkEnd) {
  Executor executor(timer_, kQuickly);
  Block(executor, 10);
  EXPECT_GE(executor.threads(), 10U);
  go_on_.Notify();
  EXPECT_TRUE(Eventually(kPatience, [&] { return executor.threads() == 2; }));
}

TEST_F(ExecutorTest, EndRunsWhatWasSubmittedBefore) {
  Event ran;
  {
    Executor executor(timer_);
    executor.Submit(TaskKind::kQuery, [&] { EXPECT_TRUE(go_on_.Await()); });
    for (int i = 0; i < 50; ++i) executor.Submit(TaskKind::kConnect, [&] { ran.Notify(); });
    go_on_.Notify();
  }
  EXPECT_EQ(ran.times(), 50);
}

TEST_F(ExecutorTest, EndRunsWhatWorkSubmitsMeanwhile) {
  Event ran;
  {
    Executor executor(timer_);
    executor.Submit(TaskKind::kProbe, [&] {
      executor.Submit(TaskKind::kQuery,
                      [&] { executor.Submit(TaskKind::kProbe, [&] { ran.Notify(); }); });
    });
  }
  EXPECT_EQ(ran.times(), 1);
}

TEST_F(ExecutorTest, WorkIsGoneOnceItHasRunAndMaySubmitOnItsWay) {
  Event ran;
  Event gone;
  Executor executor(timer_);
  std::shared_ptr<Event> owned(
      &ran, [&](Event*) { executor.Submit(TaskKind::kQuery, [&] { gone.Notify(); }); });
  executor.Submit(TaskKind::kQuery, [owned = std::move(owned)] { owned->Notify(); });
  EXPECT_TRUE(ran.Await());
  EXPECT_TRUE(gone.Await());
}

TEST_F(ExecutorTest, WorkThatThrowsIsCountedAndEndsNothing) {
  const test::LogTap log;
  const TaskCounts before = TaskCountsNow()[TaskKind::kQuery];
  Event ran;
  {
    Executor executor(timer_);
    for (int i = 0; i < 3; ++i) {
      executor.Submit(TaskKind::kQuery, [] { throw std::runtime_error("out of luck"); });
    }
    executor.Submit(TaskKind::kQuery, [&] { ran.Notify(); });
  }
  EXPECT_EQ(ran.times(), 1);
  EXPECT_EQ(log.Count({"level=error", "task=query", "out of luck"}), 3U);
  const TaskCounts after = TaskCountsNow()[TaskKind::kQuery];
  EXPECT_EQ(after.runs - before.runs, 4U);
  EXPECT_EQ(after.failures - before.failures, 3U);
}

TEST_F(ExecutorTest, JobThatIsWithdrawnDoesNotRun) {
  Event ran;
  Executor::Job job(TaskKind::kQuery, [&] { ran.Notify(); });
  {
    Executor executor(timer_, {.grow_after = std::chrono::hours(1)});
    Block(executor, 1);
    executor.Submit(job);
    EXPECT_TRUE(executor.Withdraw(job));
    EXPECT_FALSE(executor.Withdraw(job));
    go_on_.Notify();
  }
  EXPECT_EQ(ran.times(), 0);
}

TEST_F(ExecutorTest, JobCanBeSubmittedAgainOnceItHasBegun) {
  Event ran;
  std::optional<Executor::Job> job;
  Executor executor(timer_);
  job.emplace(TaskKind::kQuery, [&] {
    ran.Notify();
    if (ran.times() < 100) executor.Submit(*job);
  });
  executor.Submit(*job);
  EXPECT_TRUE(ran.Await(100));
}

}  // namespace
}  // namespace scidex::base
