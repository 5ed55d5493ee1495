#include "queries/query_trial.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/scheduler.h"
#include "pool/errors.h"
#include "pool/pool.h"
#include "support/eager.h"
#include "support/fake_connector.h"
#include "support/manual_clock.h"

namespace scidex::queries {
namespace {

using std::chrono::seconds;

// Answers the query with rows of two columns, and the query for the names of their types.
class TwoColumnReader final : public RowReader {
 public:
  Reading Read(pool::Connection&, const std::string& sql, base::TimePoint deadline,
               const std::stop_token&, RowSink& sink) override {
    deadlines.push_back(deadline);
    if (sql != "SELECT") {
      asked_for = sql;
      const RowSink::Column column{"format_type"};
      sink.OnColumns({&column, 1});
      for (const char* name : {"text", "bigint"}) {
        const std::optional<std::string_view> value = name;
        if (types_are_told) sink.OnRow({&value, 1});
      }
      return {Reading::Result::kWhole, {}, true};
    }
    const std::vector<RowSink::Column> columns{{"l", false, 25}, {"n", false, 20}};
    if (!sink.OnColumns(columns)) return {Reading::Result::kCut, {}, true};
    for (const auto& [label, number] : rows) {
      std::vector<std::optional<std::string_view>> values{label, std::nullopt};
      if (number != nullptr) values[1] = number;
      if (!sink.OnRow(values)) return {Reading::Result::kCut, {}, true};
    }
    return reading;
  }

  std::vector<std::pair<const char*, const char*>> rows{{"a", "1"}, {"b", "2"}, {"c", "3"}};
  Reading reading{Reading::Result::kWhole, {}, true};
  bool types_are_told = true;
  std::string asked_for;
  std::vector<base::TimePoint> deadlines;
};

class QueryTrialTest : public testing::Test {
 protected:
  QueryTrialTest() {
    query_.name = "q";
    query_.sql = "SELECT";
    query_.timeout = seconds(7);
    query_.labels = {"l"};
    query_.values = {{"n", "q_n", ValueType::kGauge, "A number."}};
  }
  QueryTrial RunTrial() {
    return TryQuery(
        query_,
        [this](const QueryOptions&, base::TimePoint deadline, const std::stop_token& stop) {
          acquired_by_ = deadline;
          if (refuses_) throw pool::AcquireTimeout("no connection", {});
          return pool_.Acquire({deadline, stop});
        },
        reader_, clock_, seconds(3));
  }

  test::ManualClock clock_;
  base::Scheduler scheduler_{clock_, test::kEager};
  const std::shared_ptr<test::FakeConnector> connector_ = std::make_shared<test::FakeConnector>();
  pool::Pool pool_{"p", pool::PoolOptions{}, {connector_, scheduler_, clock_}};
  TwoColumnReader reader_;
  QueryOptions query_;
  bool refuses_ = false;
  base::TimePoint acquired_by_{};
};

TEST_F(QueryTrialTest, TellsColumnsTypesRowsAndSeries) {
  query_.max_series = 2;
  const QueryTrial trial = RunTrial();
  EXPECT_FALSE(trial.error);
  ASSERT_EQ(trial.columns.size(), 2u);
  EXPECT_EQ(trial.columns[0].name, "l");
  EXPECT_EQ(trial.columns[0].type, "text");
  EXPECT_EQ(trial.columns[1].type, "bigint");
  EXPECT_EQ(trial.rows, 3u);
  EXPECT_EQ(trial.series, 2u);
  EXPECT_EQ(trial.dropped, 1u);
  EXPECT_NE(reader_.asked_for.find("'{25,20}'"), std::string::npos) << reader_.asked_for;
}

TEST_F(QueryTrialTest, NullsAreNoSeries) {
  reader_.rows = {{"a", nullptr}, {"b", "2"}};
  const QueryTrial trial = RunTrial();
  EXPECT_EQ(trial.rows, 2u);
  EXPECT_EQ(trial.series, 1u);
}

TEST_F(QueryTrialTest, TheStatementHasItsTimeoutWhateverTheWait) {
  RunTrial();
  EXPECT_EQ(acquired_by_, clock_.Now() + seconds(3));
  ASSERT_FALSE(reader_.deadlines.empty());
  EXPECT_EQ(reader_.deadlines[0], clock_.Now() + seconds(7));
}

TEST_F(QueryTrialTest, AFailureKeepsTheColumnsAndIsExplained) {
  query_.labels = {};
  const QueryTrial trial = RunTrial();
  EXPECT_EQ(trial.error, QueryError::kDuplicate);
  EXPECT_EQ(trial.columns.size(), 2u);
  EXPECT_EQ(trial.series, 0u);
}

TEST_F(QueryTrialTest, WhatTheServerSaidIsNotAmongTheWords) {
  reader_.rows = {};
  reader_.reading = {Reading::Result::kRefused, {"SQLSTATE 42P01", "relation x"}, true};
  const QueryTrial trial = RunTrial();
  EXPECT_EQ(trial.error, QueryError::kRefused);
  EXPECT_EQ(trial.message.words, "SQLSTATE 42P01");
  EXPECT_EQ(trial.message.heard, "relation x");
}

TEST_F(QueryTrialTest, WithoutAConnectionNothingIsRun) {
  refuses_ = true;
  const QueryTrial trial = RunTrial();
  EXPECT_EQ(trial.error, QueryError::kAcquireTimeout);
  EXPECT_EQ(trial.message.words, "no connection");
  EXPECT_TRUE(reader_.deadlines.empty());
  EXPECT_TRUE(trial.columns.empty());
}

TEST_F(QueryTrialTest, TypesThatAreNotToldAreEmpty) {
  reader_.types_are_told = false;
  const QueryTrial trial = RunTrial();
  ASSERT_EQ(trial.columns.size(), 2u);
  EXPECT_EQ(trial.columns[1].type, "");
  EXPECT_EQ(trial.series, 3u);
}

}  // namespace
}  // namespace scidex::queries
