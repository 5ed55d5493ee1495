#include "queries/query_result.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace scidex::queries {
namespace {

using Texts = std::vector<std::optional<std::string_view>>;

QueryOptions OrdersQuery() {
  QueryOptions options;
  options.name = "orders";
  options.labels = {"state"};
  options.values = {{"waiting", "orders_waiting", ValueType::kGauge, "Waiting."},
                    {"taken", "orders_taken_total", ValueType::kCounter, "Taken."}};
  return options;
}

class QueryResultTest : public testing::Test {
 protected:
  bool Columns(std::vector<RowSink::Column> columns = {{"state"}, {"waiting"}, {"taken"}}) {
    return builder_.OnColumns(columns);
  }
  bool Row(const Texts& texts) { return builder_.OnRow(texts); }
  // The error of a result with one row in which `waiting` is `text`, if any.
  static std::optional<QueryError> ErrorOf(std::optional<std::string_view> waiting,
                                           std::optional<std::string_view> taken = "1") {
    const QueryOptions options = OrdersQuery();
    QueryResultBuilder builder(options);
    builder.OnColumns(std::vector<RowSink::Column>{{"state"}, {"waiting"}, {"taken"}});
    builder.OnRow(Texts{"new", waiting, taken});
    if (!builder.failure()) return std::nullopt;
    return builder.failure()->error;
  }
  static double NumberOf(std::string_view text) {
    const QueryOptions options = OrdersQuery();
    QueryResultBuilder builder(options);
    builder.OnColumns(std::vector<RowSink::Column>{{"state"}, {"waiting"}, {"taken"}});
    builder.OnRow(Texts{"new", text, "1"});
    return *builder.Take().rows.at(0).values.at(0);
  }

  QueryOptions options_ = OrdersQuery();
  QueryResultBuilder builder_{options_};
};

TEST_F(QueryResultTest, ColumnsAreFoundByNameAndFurtherOnesIgnored) {
  ASSERT_TRUE(Columns({{"other"}, {"taken"}, {"state"}, {"waiting"}}));
  ASSERT_TRUE(Row({"x", "7", "new", "3"}));
  const QueryResult result = builder_.Take();
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].labels, std::vector<std::string>{"new"});
  EXPECT_EQ(result.rows[0].values, (std::vector<std::optional<double>>{3, 7}));
}

TEST_F(QueryResultTest, AColumnThatIsNotThereOrTwiceFails) {
  EXPECT_FALSE(Columns({{"state"}, {"waiting"}}));
  EXPECT_EQ(builder_.failure()->error, QueryError::kBadColumn);
  EXPECT_EQ(builder_.failure()->message, "the result has no column \"taken\"");
  QueryResultBuilder other(options_);
  EXPECT_FALSE(other.OnColumns(
      std::vector<RowSink::Column>{{"state"}, {"waiting"}, {"waiting"}, {"taken"}}));
  EXPECT_EQ(other.failure()->message, "the result has two columns \"waiting\"; rename one");
}

TEST_F(QueryResultTest, ANullValueHasNoSeriesAndANullLabelIsEmpty) {
  ASSERT_TRUE(Columns());
  ASSERT_TRUE(Row({std::nullopt, std::nullopt, "1"}));
  ASSERT_TRUE(Row({"all null", std::nullopt, std::nullopt}));
  const QueryResult result = builder_.Take();
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].labels, std::vector<std::string>{""});
  EXPECT_EQ(result.rows[0].values[0], std::nullopt);
}

TEST_F(QueryResultTest, NumbersAreWhatPostgreSqlWrites) {
  EXPECT_EQ(NumberOf("-12.50"), -12.5);
  EXPECT_EQ(NumberOf("1e+20"), 1e20);
  EXPECT_EQ(NumberOf("9223372036854775807"), 9223372036854775807.0);
  EXPECT_EQ(NumberOf("Infinity"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(NumberOf("-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(NumberOf("NaN")));
}

TEST_F(QueryResultTest, NumbersInColumnsOfTextMayHaveBlanksAndAPlus) {
  EXPECT_EQ(NumberOf("+5"), 5);
  EXPECT_EQ(NumberOf("42    "), 42);
  EXPECT_EQ(NumberOf("   -7"), -7);
  EXPECT_EQ(NumberOf(" +Infinity "), std::numeric_limits<double>::infinity());
  for (const char* text : {"+", "+-5", "++5", "  ", "+ 5", "1 2", "5\n"}) {
    EXPECT_EQ(ErrorOf(text), QueryError::kBadValue) << text;
  }
}

TEST_F(QueryResultTest, ANumberTooSmallForADoubleIsZero) {
  EXPECT_EQ(NumberOf("1e-400"), 0);
  EXPECT_EQ(NumberOf("-0." + std::string(400, '0') + "1"), 0);
}

TEST_F(QueryResultTest, BooleansAreOneAndZeroAndTheSameTextIsNot) {
  ASSERT_TRUE(Columns({{"state"}, {"waiting", true}, {"taken", true}}));
  ASSERT_TRUE(Row({"new", "t", "f"}));
  EXPECT_EQ(builder_.Take().rows[0].values, (std::vector<std::optional<double>>{1, 0}));
  EXPECT_EQ(ErrorOf("t"), QueryError::kBadValue);
}

TEST_F(QueryResultTest, WhatIsNoNumberOrTooLargeFails) {
  for (const char* text : {"", "many", "1 day", "12abc", "0x10", "1,5"}) {
    EXPECT_EQ(ErrorOf(text), QueryError::kBadValue) << text;
  }
  EXPECT_EQ(ErrorOf("1" + std::string(400, '0')), QueryError::kBadValue);
  EXPECT_EQ(ErrorOf("-1e400"), QueryError::kBadValue);
  EXPECT_EQ(ErrorOf("1"), std::nullopt);
}

TEST_F(QueryResultTest, ACounterIsAFiniteNumberFromZeroOn) {
  for (const char* text : {"-1", "NaN", "Infinity"}) {
    EXPECT_EQ(ErrorOf("1", text), QueryError::kBadValue) << text;
  }
  EXPECT_EQ(ErrorOf("1", "0"), std::nullopt);
}

TEST_F(QueryResultTest, RowsWithTheSameLabelsFail) {
  ASSERT_TRUE(Columns());
  ASSERT_TRUE(Row({"new", "1", "1"}));
  EXPECT_FALSE(Row({"new", "1", "1"}));
  EXPECT_EQ(builder_.failure()->error, QueryError::kDuplicate);
}

TEST_F(QueryResultTest, LabelsThatOnlyLookAlikeTogetherAreDifferent) {
  options_.labels = {"a", "b"};
  ASSERT_TRUE(Columns({{"a"}, {"b"}, {"waiting"}, {"taken"}}));
  EXPECT_TRUE(Row({"x", "yz", "1", "1"}));
  EXPECT_TRUE(Row({"xy", "z", "1", "1"}));
  EXPECT_TRUE(Row({"1:x", "", "1", "1"}));
  EXPECT_EQ(builder_.Take().rows.size(), 3u);
}

TEST_F(QueryResultTest, ALabelIsUtf8AndOfBoundedLength) {
  ASSERT_TRUE(Columns());
  ASSERT_TRUE(Row({"caf\xE9", "1", "1"}));
  EXPECT_TRUE(Row({std::string(kMaxLabelLength, 'x'), "1", "1"}));
  EXPECT_FALSE(Row({std::string(kMaxLabelLength + 1, 'x'), "1", "1"}));
  EXPECT_EQ(builder_.failure()->error, QueryError::kBadLabel);
  EXPECT_EQ(builder_.Take().rows[0].labels[0], "caf\xEF\xBF\xBD");
}

TEST_F(QueryResultTest, SeriesAboveTheLimitAreDroppedCountedAndFinallyNotRead) {
  options_.max_series = 3;
  ASSERT_TRUE(Columns());
  std::vector<std::string> states;
  for (std::size_t i = 0; i < 2 + kCountedOverBound; ++i) states.push_back(std::to_string(i));
  std::size_t rows = 0;
  while (rows < states.size() && Row({states[rows], "1", "1"})) ++rows;
  // The first has two series, the second would make four.
  EXPECT_EQ(rows, kCountedOverBound / 2);
  const QueryResult result = builder_.Take();
  EXPECT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.dropped, kCountedOverBound);
}

}  // namespace
}  // namespace scidex::queries
