// Queries that a reload changes, removes and adds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/log_tap.h"
#include "unit/queries/query_runner_fixture.h"

namespace scidex::queries {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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

}  // namespace
}  // namespace scidex::queries
