#include "queries/query_log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/log_tap.h"
#include "support/manual_clock.h"

namespace scidex::queries {
namespace {

using std::chrono::seconds;
using Lines = std::vector<std::string>;

class QueryLogTest : public testing::Test {
 protected:
  void Run(const std::string& name, std::optional<QueryError> error = std::nullopt) {
    QueryStats& stats = stats_[name];
    if (!stats.options) {
      QueryOptions options;
      options.name = name;
      stats.options = std::make_shared<const QueryOptions>(options);
    }
    const QueryStats before = stats;
    stats.latest_error = error;
    log_.OnRun(before, stats, {seconds(3), seconds(1), clock_.Now()}, error ? "why" : "");
  }

  test::ManualClock clock_;
  QueryLog log_;
  std::map<std::string, QueryStats> stats_;
};

TEST_F(QueryLogTest, QueriesWithoutAConnectionAreOneLineAndSoAreTheirReturns) {
  const test::LogTap tap;
  Run("b", QueryError::kAcquireTimeout);
  Run("a", QueryError::kLost);
  Run("b", QueryError::kQueueFull);
  clock_.Advance(seconds(20));
  Run("a");
  Run("b");
  EXPECT_EQ(tap.Lines(),
            (Lines{"level=warn msg=\"query failed\" query=b reason=acquire_timeout "
                   "waited_seconds=3 ran_seconds=1 error=why advice=\"check what holds the pool's "
                   "connections, and whether its connects fail\"",
                   "level=info msg=\"queries answer again\" queries=a,b after_seconds=20"}));
}

TEST_F(QueryLogTest, EachQuerysOwnErrorIsLogged) {
  const test::LogTap tap;
  Run("a", QueryError::kLost);
  Run("b", QueryError::kRefused);
  clock_.Advance(seconds(20));
  Run("b", QueryError::kRefused);
  clock_.Advance(seconds(10));
  Run("b");
  EXPECT_EQ(tap.Count({"query failed"}), 2u);
  EXPECT_EQ(tap.Count({"query answers again", "query=b", "after_seconds=30"}), 1u);
  EXPECT_EQ(tap.Lines().size(), 3u);
}

TEST_F(QueryLogTest, LastingFailureIsLoggedAgainEveryHour) {
  Run("own", QueryError::kRefused);
  Run("a", QueryError::kLost);
  Run("b", QueryError::kLost);
  const test::LogTap tap;
  for (int minute = 1; minute <= 120; ++minute) {
    clock_.Advance(std::chrono::minutes(1));
    Run("own", QueryError::kRefused);
    Run("a", QueryError::kLost);
    Run("b", QueryError::kLost);
  }
  EXPECT_EQ(tap.Count({"query still fails", "query=own reason=refused"}), 2u);
  EXPECT_EQ(tap.Count({"query still fails", "reason=lost"}), 2u) << "one cause";
  EXPECT_EQ(tap.Lines().size(), 4u);
}

TEST_F(QueryLogTest, AQueryThatIsTakenAwayDoesNotAnswerAgain) {
  Run("a", QueryError::kLost);
  const test::LogTap tap;
  log_.Forget("a");
  Run("b");
  EXPECT_EQ(tap.Lines(), Lines{});
  Run("b", QueryError::kLost);
  EXPECT_EQ(tap.Count({"query failed", "query=b"}), 1u) << "the outage of the first is over";
}

}  // namespace
}  // namespace scidex::queries
