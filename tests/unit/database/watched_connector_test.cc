#include "database/watched_connector.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/clock.h"
#include "support/eventually.h"
#include "support/fake_connector.h"
#include "support/log_tap.h"

namespace scidex::database {
namespace {

TEST(WatchedConnector, LogsALocalFailureOnce) {
  const auto fake = std::make_shared<test::FakeConnector>();
  WatchedConnector connector("ro", fake, [] {});
  const test::LogTap log;
  const auto connect = [&] {
    connector.Connect(base::RealClock().Now() + test::kPatience, {});
    return log.Count({"level=warn msg=\"cannot connect because of a local failure\" pool=ro"});
  };
  fake->Fail(pool::ConnectOutcome::kLocalFailure);
  EXPECT_EQ(connect(), 1u);
  EXPECT_EQ(connect(), 1u);
  fake->Succeed();
  EXPECT_EQ(connect(), 1u);
  fake->Fail(pool::ConnectOutcome::kLocalFailure);
  EXPECT_EQ(connect(), 2u) << "it is over in between";
}

TEST(WatchedConnector, LogsEachConnectAtLevelDebugOnly) {
  const auto fake = std::make_shared<test::FakeConnector>();
  WatchedConnector connector("ro", fake, [] {});
  const test::LogTap log;
  const auto connect = [&] { connector.Connect(base::RealClock().Now() + test::kPatience, {}); };
  connect();
  EXPECT_EQ(log.Lines().size(), 0u);
  base::ConfigureLog({.level = base::LogLevel::kDebug});
  connect();
  fake->Fail(pool::ConnectOutcome::kConnectRefused);
  connect();
  base::ConfigureLog({});
  EXPECT_EQ(log.Count({"level=debug msg=\"connect ended\" pool=ro outcome=ok"}), 1u);
  EXPECT_EQ(log.Count({"level=debug msg=\"connect ended\" pool=ro outcome=connect_refused"}), 1u);
  EXPECT_EQ(log.Lines().size(), 2u);
}

}  // namespace
}  // namespace scidex::database
