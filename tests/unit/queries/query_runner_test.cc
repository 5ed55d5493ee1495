#include "queries/query_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/log_tap.h"
#include "unit/queries/query_runner_fixture.h"

namespace scidex::queries {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(QueryRunnerTest, RunsWithinSecondsOfItsStartAndThenAtEachInterval) {
  Start({NamedQuery("a")});
  AwaitFirstRuns();
  EXPECT_EQ(Stats().result->rows.size(), 1u);
  EXPECT_EQ(Stats().rows, 1u);
  EXPECT_GT(Stats().last_success, base::WallTime{});
  for (int i = 0; i < 10; ++i) RunOnceMore();
  EXPECT_EQ(Runs(), 11u);
  EXPECT_EQ(Stats().missed, 0u);
}

TEST_F(QueryRunnerTest, AScheduleDoesNotDrift) {
  QueryOptions query = NamedQuery("a");
  query.timeout = query.interval;
  Start({query});
  AwaitFirstRuns();
  // Each is woken a little late.
  for (std::uint64_t run = 2; run <= 10; ++run) {
    clock_.Advance(milliseconds(10'001));
    ASSERT_TRUE(AwaitRuns(run));
  }
  // A run's deadline is when the next one is due.
  const std::vector<base::TimePoint> deadlines = reader_.deadlines();
  for (std::size_t i = 1; i < deadlines.size(); ++i) {
    EXPECT_EQ(deadlines[i] - deadlines[i - 1], seconds(10)) << i;
  }
  EXPECT_EQ(Stats().missed, 0u);
}

TEST_F(QueryRunnerTest, HasItsTimeoutAsTheDeadlineOfEachRun) {
  Start({NamedQuery("a")});
  AwaitFirstRuns();
  RunOnceMore();
  const auto deadlines = reader_.deadlines();
  EXPECT_EQ(deadlines.back(), base::Add(clock_.Now(), seconds(2)));
}

TEST_F(QueryRunnerTest, HungQueryOccupiesOneConnectionAndDelaysNoOther) {
  Start({NamedQuery("hangs"), NamedQuery("b"), NamedQuery("c")});
  reader_.Block("hangs");
  clock_.Advance(seconds(5));
  ASSERT_TRUE(AwaitRuns(1, 1));
  ASSERT_TRUE(AwaitRuns(1, 2));
  ASSERT_TRUE(test::Eventually(test::kPatience,
                               [&] { return Stats(0).activity == QueryActivity::kRunning; }));
  EXPECT_EQ(pool_.Stats().in_use, 1u);
  clock_.Advance(seconds(10));
  ASSERT_TRUE(AwaitRuns(2, 1));
  EXPECT_EQ(Runs(0), 0u);
  EXPECT_EQ(Stats(0).missed, 1u);
  reader_.Block("nothing");
  ASSERT_TRUE(AwaitRuns(1, 0));
  EXPECT_EQ(Stats(0).used, seconds(10));
}

TEST_F(QueryRunnerTest, RunsDueWhileTheProcessWasHaltedAreMissedExceptOne) {
  Start({NamedQuery("a")});
  AwaitFirstRuns();
  clock_.Advance(seconds(35));
  ASSERT_TRUE(AwaitRuns(2));
  EXPECT_EQ(Stats().missed, 2u);
}

TEST_F(QueryRunnerTest, QueriesWaitWhileThePoolIsExhausted) {
  Start({NamedQuery("a"), NamedQuery("b"), NamedQuery("c"), NamedQuery("d")});
  const pool::Lease one = pool_.Acquire();
  const pool::Lease two = pool_.Acquire();
  clock_.Advance(seconds(5));
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return pool_.Stats().waiters == 4; }));
  EXPECT_EQ(Stats().activity, QueryActivity::kWaiting);
  clock_.Advance(seconds(2));
  ASSERT_TRUE(AwaitRuns(1));
  EXPECT_EQ(Stats().errors[QueryError::kAcquireTimeout], 1u);
  EXPECT_GE(Stats().waited, seconds(2));
  EXPECT_EQ(Stats().used, seconds(0));
}

TEST_F(QueryRunnerTest, AfterAFailureShowsNothingOrWhatItFoundLast) {
  QueryOptions keeps = NamedQuery("keeps");
  keeps.on_error = QueryOnError::kKeepLast;
  Start({NamedQuery("drops"), keeps});
  AwaitFirstRuns();
  reader_.Answer({Reading::Result::kRefused,
                  {"an error (SQLSTATE 42P01)", "relation \"x\" does not exist"},
                  true});
  clock_.Advance(seconds(10));
  ASSERT_TRUE(AwaitRuns(2, 0));
  ASSERT_TRUE(AwaitRuns(2, 1));
  EXPECT_EQ(Stats(0).result, nullptr);
  EXPECT_EQ(Stats(0).rows, 0u);
  EXPECT_NE(Stats(1).result, nullptr);
  EXPECT_EQ(Stats(1).rows, 1u);
  EXPECT_EQ(Stats(1).errors[QueryError::kRefused], 1u);
  EXPECT_EQ(Stats(1).latest_message, "an error (SQLSTATE 42P01)")
      << "what the server said is for the log alone";
  EXPECT_LT(Stats(1).last_success, Stats(1).last_run);
}

TEST_F(QueryRunnerTest, LogsOnceWhyItFailsAndOnceThatItRecovered) {
  const test::LogTap log;
  Start({NamedQuery("a")});
  reader_.Answer({Reading::Result::kWriteRefused, {"(SQLSTATE 25006)", "no"}, true});
  AwaitFirstRuns();
  RunOnceMore();
  reader_.Answer({Reading::Result::kWhole, {}, true});
  RunOnceMore();
  EXPECT_EQ(Stats().latest_message, "");
  RunOnceMore();
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return log.Lines().size() == 2; }));
  EXPECT_EQ(
      log.Lines(),
      (std::vector<std::string>{
          "level=warn msg=\"query failed\" query=a reason=write waited_seconds=0 ran_seconds=0 "
          "error=\"(SQLSTATE 25006): no\" advice=\"correct the query; --config.check.connect runs "
          "it once\"",
          "level=info msg=\"query answers again\" query=a after_seconds=20"}));
}

TEST_F(QueryRunnerTest, ASessionThatIsBeyondUseIsClosed) {
  Start({NamedQuery("a")});
  reader_.Answer({Reading::Result::kLost, {"gone", ""}, false});
  AwaitFirstRuns();
  EXPECT_EQ(pool_.Stats().evictions[pool::EvictReason::kDead], 1u);
  EXPECT_EQ(pool_.Stats().in_use, 0u);
}

TEST_F(QueryRunnerTest, WithoutAPoolTheReasonIsNoRoute) {
  QueryOptions query = NamedQuery("a");
  query.from = QueryFrom::kPrimary;
  Start({query});
  AwaitFirstRuns();
  EXPECT_EQ(Stats().errors[QueryError::kNoRoute], 1u);
}

TEST_F(QueryRunnerTest, MissedConnectionDoesNotCostAWholeInterval) {
  QueryOptions query = NamedQuery("daily");
  query.interval = std::chrono::hours(24);
  Start({query});
  {
    const pool::Lease one = pool_.Acquire();
    const pool::Lease two = pool_.Acquire();
    clock_.Advance(seconds(5));
    ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return pool_.Stats().waiters == 1; }));
    clock_.Advance(seconds(2));
    ASSERT_TRUE(AwaitRuns(1));
    EXPECT_EQ(Stats().errors[QueryError::kAcquireTimeout], 1u);
  }
  ExpectNextRunAfter(seconds(15));
  EXPECT_NE(Stats().result, nullptr);
  // Relative to the first run, which was due at most 5 s before it began.
  clock_.Advance(std::chrono::hours(24) - seconds(30));
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(30)));
  EXPECT_EQ(Runs(), 2u);
  clock_.Advance(seconds(30));
  ASSERT_TRUE(AwaitRuns(3));
  EXPECT_EQ(Stats().missed, 0u);
}

TEST_F(QueryRunnerTest, LackOfAConnectionIsRetriedEverLessOften) {
  QueryOptions query = NamedQuery("daily");
  query.interval = std::chrono::hours(24);
  without_pool_ = true;
  Start({query});
  AwaitFirstRuns();
  for (const int delay : {15, 30, 60, 120, 240, 300, 300}) ExpectNextRunAfter(seconds(delay));
  EXPECT_EQ(Stats().errors[QueryError::kNoRoute], 8u);
  EXPECT_EQ(Stats().missed, 0u);
}

TEST_F(QueryRunnerTest, AnotherOutcomeOrAnotherQueryEndsTheRetries) {
  QueryOptions query = NamedQuery("hourly");
  query.interval = std::chrono::hours(1);
  without_pool_ = true;
  Start({query});
  AwaitFirstRuns();
  // A statement that was sent is not sent again: it may have broken the connection.
  for (const Reading::Result result : {Reading::Result::kRefused, Reading::Result::kLost}) {
    const std::uint64_t before = Runs();
    without_pool_ = false;
    reader_.Answer({result, {"an error", ""}, result == Reading::Result::kRefused});
    ExpectNextRunAfter(seconds(15));
    clock_.Advance(std::chrono::minutes(58));
    ASSERT_TRUE(clock_.AwaitSleepers(1, std::chrono::minutes(2)));
    EXPECT_EQ(Runs(), before + 1);
    without_pool_ = true;
    clock_.Advance(std::chrono::minutes(2));
    ASSERT_TRUE(AwaitRuns(before + 2));
  }
  ExpectNextRunAfter(seconds(15));
  const std::uint64_t before = Runs();
  query.max_series = 5;
  runner_->Apply(*runner_->Prepare({query}));
  clock_.Advance(seconds(5));
  ASSERT_TRUE(AwaitRuns(before + 1));
  ExpectNextRunAfter(seconds(15));
}

TEST_F(QueryRunnerTest, RetriesNeitherMoveTheScheduleNorMissARun) {
  QueryOptions query = NamedQuery("a");
  query.interval = seconds(60);
  without_pool_ = true;
  Start({query});
  AwaitFirstRuns();
  ExpectNextRunAfter(seconds(15));
  ExpectNextRunAfter(seconds(30));
  // Another retry would be later than the next run.
  for (std::uint64_t run = 4; run <= 6; ++run) {
    clock_.Advance(run == 4 ? seconds(15) : seconds(60));
    ASSERT_TRUE(AwaitRuns(run));
  }
  EXPECT_EQ(Stats().missed, 0u);
}

TEST_F(QueryRunnerTest, RetryLeavesTheNextRunOfTheScheduleItsTime) {
  QueryOptions query = NamedQuery("slow");
  query.interval = query.timeout = std::chrono::minutes(10);
  without_pool_ = true;
  Start({query});
  AwaitFirstRuns();
  for (const int delay : {15, 30, 60, 120}) ExpectNextRunAfter(seconds(delay));
  clock_.Advance(seconds(240));
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(600 - 465)));
  EXPECT_EQ(Runs(), 5u);
  clock_.Advance(seconds(600 - 465));
  ASSERT_TRUE(AwaitRuns(6));
}

TEST_F(QueryRunnerTest, ShortIntervalIsKeptWithoutAConnection) {
  without_pool_ = true;
  Start({NamedQuery("a")});
  AwaitFirstRuns();
  for (int i = 0; i < 10; ++i) RunOnceMore();
  EXPECT_EQ(Runs(), 11u);
  EXPECT_EQ(Stats().missed, 0u);
}

TEST_F(QueryRunnerTest, TimeSinceASuccessIgnoresStepsOfTheWallClock) {
  Start({NamedQuery("a")});
  EXPECT_EQ(Stats().since_last_success, base::Duration::zero());
  AwaitFirstRuns();
  const base::Duration at_first = Stats().since_last_success;
  clock_.StepWall(std::chrono::hours(50 * 365 * 24));
  clock_.Advance(seconds(1));
  EXPECT_EQ(Stats().since_last_success, at_first + seconds(1));
}

TEST_F(QueryRunnerTest, StopEndsRunsWithoutLoggingFailures) {
  const test::LogTap log;
  Start({NamedQuery("a"), NamedQuery("b"), NamedQuery("c")});
  reader_.Block("a");
  const pool::Lease other = pool_.Acquire();
  clock_.Advance(seconds(5));
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] {
    std::size_t idle = 0;
    for (const QueryStats& query : runner_->Stats()) idle += query.activity == QueryActivity::kIdle;
    return idle + pool_.Stats().waiters == 2;
  }));
  ASSERT_TRUE(reader_.AwaitReading(1));
  runner_.reset();
  EXPECT_EQ(pool_.Stats().in_use, 1u);
  EXPECT_EQ(pool_.Stats().waiters, 0u);
  EXPECT_THAT(log.Lines(), testing::IsEmpty());
}

}  // namespace
}  // namespace scidex::queries
