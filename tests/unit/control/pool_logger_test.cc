#include "control/pool_logger.h"

#include <gtest/gtest.h>

#include "support/eager.h"
#include "support/eventually.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"

namespace scidex::control {
namespace {

using routing::PoolRole;

routing::PoolsStats TwoPools() {
  routing::PoolsStats stats;
  stats.pools[PoolRole::kPrimary].emplace();
  stats.pools[PoolRole::kPrimary]->name = "primary";
  stats.pools[PoolRole::kPrimary]->size = 3;
  stats.pools[PoolRole::kPrimary]->in_use = 2;
  stats.pools[PoolRole::kPrimary]->idle = 1;
  stats.pools[PoolRole::kPrimary]->max_size = 10;
  stats.pools[PoolRole::kPrimary]->max_waiters = 100;
  stats.pools[PoolRole::kRoFallthrough] = stats.pools[PoolRole::kPrimary];
  stats.pools[PoolRole::kRoFallthrough]->name = "ro_fallthrough";
  stats.pools[PoolRole::kRoFallthrough]->waiters = 7;
  stats.route.route = routing::Route::kPrimaryFallthrough;
  stats.route.reason = routing::Reason::kReplicaNotConfigured;
  return stats;
}

TEST(PoolLogger, WritesOneLineForEachPoolThatExistsItsNameFirst) {
  const test::LogTap log;
  LogPools(TwoPools());
  EXPECT_EQ(log.Lines(), (std::vector<std::string>{
                             "level=info msg=\"pool\" pool=primary size=3/10 in_use=2/10 idle=1/3 "
                             "waiters=0/100 timeouts=0 "
                             "reads_go_to=primary_fallthrough reason=replica_not_configured",
                             "level=info msg=\"pool\" pool=ro_fallthrough size=3/10 in_use=2/10 "
                             "idle=1/3 waiters=7/100 timeouts=0 "
                             "reads_go_to=primary_fallthrough reason=replica_not_configured",
                         }));
}

TEST(PoolLogger, StartIsIdempotent) {
  const test::LogTap log;
  test::ManualClock clock;
  base::Scheduler scheduler(clock, test::kEager);
  PoolLogger logger({std::chrono::seconds(60)}, scheduler, &TwoPools);
  EXPECT_TRUE(logger.Start());
  EXPECT_FALSE(logger.Start());
  ASSERT_TRUE(clock.AwaitSleepers(1, std::chrono::seconds(60)));
  EXPECT_TRUE(log.Lines().empty());
  clock.Advance(std::chrono::seconds(60));
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return log.Lines().size() >= 2; }));
  ASSERT_TRUE(clock.AwaitSleepers(1, std::chrono::seconds(60)));
  EXPECT_EQ(log.Lines().size(), 2u);
}

}  // namespace
}  // namespace scidex::control
