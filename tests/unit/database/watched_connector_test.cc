#include "database/watched_connector.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/clock.h"
#include "support/eventually.h"
#include "support/fake_connector.h"
#include "support/log_tap.h"

namespace scidex::database {
namespace {

TEST(WatchedConnector, SaysOnceThatThisMachineLacksSomething) {
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

}  // namespace
}  // namespace scidex::database
