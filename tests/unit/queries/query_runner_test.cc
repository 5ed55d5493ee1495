#include "queries/query_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/scheduler.h"
#include "pool/errors.h"
#include "pool/pool.h"
#include "support/eager.h"
#include "support/eventually.h"
#include "support/fake_connector.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"

namespace scidex::queries {
namespace {

using base::MutexLock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Answers each statement with one row that contains 1, or with the reading that the test sets.
class FakeReader final : public RowReader {
 public:
  Reading Read(pool::Connection&, const std::string& sql, base::TimePoint deadline,
               const std::stop_token& stop, RowSink& sink) override {
    MutexLock lock(mutex_);
    deadlines_.push_back(deadline);
    ++reading_;
    changed_.NotifyAll();
    while (blocked_ == sql && !stop.stop_requested()) {
      base::RealClock().WaitUntil(changed_, mutex_,
                                  base::Add(base::RealClock().Now(), milliseconds(5)));
    }
    --reading_;
    if (stop.stop_requested()) return {Reading::Result::kTimeout, {"stopped", ""}, false};
    const Reading reading = reading_result_;
    if (reading.result != Reading::Result::kWhole) return reading;
    const RowSink::Column column{"n"};
    const std::optional<std::string_view> value = "1";
    if (sink.OnColumns({&column, 1})) sink.OnRow({&value, 1});
    return reading;
  }
  void Answer(Reading reading) {
    MutexLock lock(mutex_);
    reading_result_ = std::move(reading);
  }
  void Block(const std::string& sql) {
    MutexLock lock(mutex_);
    blocked_ = sql;
    changed_.NotifyAll();
  }
  bool AwaitReading(std::size_t count) {
    return test::Eventually(test::kPatience, [&] {
      MutexLock lock(mutex_);
      return reading_ == count;
    });
  }
  std::vector<base::TimePoint> deadlines() {
    MutexLock lock(mutex_);
    return deadlines_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  Reading reading_result_ SCIDEX_GUARDED_BY(mutex_){Reading::Result::kWhole, {}, true};
  std::string blocked_ SCIDEX_GUARDED_BY(mutex_) = "nothing";
  std::size_t reading_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::vector<base::TimePoint> deadlines_ SCIDEX_GUARDED_BY(mutex_);
};

QueryOptions NamedQuery(const std::string& name) {
  QueryOptions query;
  query.name = query.sql = name;
  query.interval = seconds(10);
  query.timeout = seconds(2);
  query.values = {{"n", name + "_n", ValueType::kGauge, "A number."}};
  return query;
}

class QueryRunnerTest : public testing::Test {
 protected:
  void Start(const std::vector<QueryOptions>& queries) {
    runner_.emplace(
        queries,
        [this](const QueryOptions& options, base::TimePoint deadline, const std::stop_token& stop) {
          if (options.from == QueryFrom::kPrimary || without_pool_)
            throw pool::AcquireError("there is no pool", {});
          return pool_.Acquire({deadline, stop});
        },
        reader_, scheduler_, 7);
  }
  // The number of ended runs of one query.
  std::uint64_t Runs(std::size_t query = 0) { return runner_->Stats().at(query).runs; }
  bool AwaitRuns(std::uint64_t runs, std::size_t query = 0) {
    return test::Eventually(test::kPatience, [&] { return Runs(query) == runs; });
  }
  // Waits until each query has run once.
  void AwaitFirstRuns() {
    clock_.Advance(seconds(5));
    for (std::size_t i = 0; i < runner_->Stats().size(); ++i) ASSERT_TRUE(AwaitRuns(1, i));
  }
  void RunOnceMore() {
    const std::uint64_t before = Runs();
    clock_.Advance(seconds(10));
    ASSERT_TRUE(AwaitRuns(before + 1));
  }
  // Expects that the only query runs again after exactly this delay.
  void ExpectNextRunAfter(seconds delay) {
    const std::uint64_t before = Runs();
    clock_.Advance(delay - seconds(1));
    ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1))) << delay.count();
    EXPECT_EQ(Runs(), before) << delay.count();
    clock_.Advance(seconds(1));
    ASSERT_TRUE(AwaitRuns(before + 1)) << delay.count();
  }
  QueryStats Stats(std::size_t query = 0) { return runner_->Stats().at(query); }

  static pool::PoolOptions PoolOfSize(std::size_t size) {
    pool::PoolOptions options;
    options.min_idle = 0;
    options.max_size = size;
    options.max_lifetime = options.idle_timeout = options.leak_after = base::Duration::zero();
    return options;
  }

  test::ManualClock clock_;
  base::Scheduler scheduler_{clock_, test::kEager};
  // A separate clock, so that a test knows which threads wait on it.
  base::Scheduler pool_scheduler_{clock_, test::kEager};
  std::shared_ptr<test::FakeConnector> connector_ = std::make_shared<test::FakeConnector>();
  pool::Pool pool_{"ro", PoolOfSize(2), {connector_, pool_scheduler_, clock_}};
  FakeReader reader_;
  std::atomic<bool> without_pool_{false};
  std::optional<QueryRunner> runner_;
};

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
          "level=info msg=\"query answers again\" query=a"}));
}

TEST_F(QueryRunnerTest, QueryRemovedWhileItRunsIsNotLogged) {
  const test::LogTap log;
  Start({NamedQuery("a"), NamedQuery("b")});
  reader_.Answer({Reading::Result::kWriteRefused, {"", ""}, true});
  AwaitFirstRuns();
  // A run is counted before its failure is logged.
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return log.Count({"query=a"}) == 1; }));
  reader_.Answer({Reading::Result::kWhole, {}, true});
  reader_.Block("a");
  clock_.Advance(seconds(10));
  ASSERT_TRUE(reader_.AwaitReading(1));
  ASSERT_TRUE(AwaitRuns(2, 1));
  runner_->Apply(*runner_->Prepare({NamedQuery("b")}));
  reader_.Block("nothing");
  runner_->Stop();
  EXPECT_EQ(log.Count({"query=a"}), 1u);
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

TEST_F(QueryRunnerTest, AReloadKeepsWhatDidNotChangeAndCountsOnWhatDid) {
  Start({NamedQuery("same"), NamedQuery("changes"), NamedQuery("goes")});
  AwaitFirstRuns();
  QueryOptions changed = NamedQuery("changes");
  changed.max_series = 5;
  runner_->Apply(*runner_->Prepare({changed, NamedQuery("same"), NamedQuery("comes")}));
  const QueriesStats stats = runner_->Stats();
  ASSERT_EQ(stats.size(), 3u);
  EXPECT_EQ(stats[0].options->max_series, 5u);
  EXPECT_EQ(stats[0].runs, 1u);
  EXPECT_EQ(stats[0].result, nullptr);
  EXPECT_EQ(stats[1].runs, 1u);
  EXPECT_NE(stats[1].result, nullptr);
  EXPECT_EQ(stats[2].runs, 0u);
  clock_.Advance(seconds(5));
  ASSERT_TRUE(AwaitRuns(2, 0));
  ASSERT_TRUE(AwaitRuns(1, 2));
}

TEST_F(QueryRunnerTest, QueryThatIsRemovedAndAddedAgainCountsOn) {
  Start({NamedQuery("a"), NamedQuery("b")});
  AwaitFirstRuns();
  reader_.Answer({Reading::Result::kRefused, {"no such table", ""}, true});
  clock_.Advance(seconds(10));
  ASSERT_TRUE(AwaitRuns(2, 0));
  ASSERT_TRUE(AwaitRuns(2, 1));
  const QueryStats before = Stats(1);
  runner_->Apply(*runner_->Prepare({NamedQuery("a")}));
  ASSERT_EQ(runner_->Stats().size(), 1u);
  // Nothing changes for a query that is not there.
  clock_.Advance(std::chrono::hours(1));
  runner_->Apply(*runner_->Prepare({NamedQuery("a")}));
  reader_.Answer({Reading::Result::kWhole, {}, true});
  runner_->Apply(*runner_->Prepare({NamedQuery("a"), NamedQuery("b")}));
  const QueryStats again = Stats(1);
  EXPECT_EQ(again.runs, 2u);
  EXPECT_EQ(again.missed, before.missed);
  EXPECT_EQ(again.errors[QueryError::kRefused], 1u);
  EXPECT_EQ(again.used, before.used);
  EXPECT_EQ(again.latest_error, std::nullopt);
  EXPECT_EQ(again.result, nullptr);
  EXPECT_EQ(again.last_success, base::WallTime{});
  clock_.Advance(seconds(5));
  ASSERT_TRUE(AwaitRuns(3, 1));
  EXPECT_NE(Stats(1).result, nullptr);
}

TEST_F(QueryRunnerTest, RunThatOutlivesTheRemovalOfItsQueryIsCounted) {
  Start({NamedQuery("a")});
  reader_.Block("a");
  clock_.Advance(seconds(5));
  ASSERT_TRUE(reader_.AwaitReading(1));
  runner_->Apply(*runner_->Prepare({}));
  runner_->Apply(*runner_->Prepare({NamedQuery("a")}));
  EXPECT_EQ(Stats().activity, QueryActivity::kRunning);
  reader_.Block("nothing");
  ASSERT_TRUE(AwaitRuns(1));
  EXPECT_EQ(Stats().result, nullptr);
}

TEST_F(QueryRunnerTest, CountersOfTheOldestRemovedQueriesAreForgotten) {
  Start({NamedQuery("first"), NamedQuery("second")});
  AwaitFirstRuns();
  runner_->Apply(*runner_->Prepare({NamedQuery("second")}));
  std::vector<QueryOptions> others;
  for (std::size_t i = 1; i < QueryRunner::kMaxRemoved; ++i)
    others.push_back(NamedQuery("other" + std::to_string(i)));
  runner_->Apply(*runner_->Prepare(others));
  runner_->Apply(*runner_->Prepare({}));
  runner_->Apply(*runner_->Prepare({NamedQuery("first"), NamedQuery("second")}));
  EXPECT_EQ(Stats(0).runs, 0u);
  EXPECT_EQ(Stats(1).runs, 1u);
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

TEST_F(QueryRunnerTest, WhatARunOfTheOldQueryFindsAfterAReloadIsCountedAndNotShown) {
  Start({NamedQuery("a")});
  reader_.Block("a");
  clock_.Advance(seconds(5));
  ASSERT_TRUE(reader_.AwaitReading(1));
  QueryOptions changed = NamedQuery("a");
  changed.sql = "another";
  runner_->Apply(*runner_->Prepare({changed}));
  reader_.Block("nothing");
  ASSERT_TRUE(AwaitRuns(1));
  EXPECT_EQ(Stats().result, nullptr);
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
