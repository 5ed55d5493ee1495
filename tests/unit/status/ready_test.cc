#include "status/ready.h"

#include <gtest/gtest.h>

#include "unit/status/sample.h"

namespace scidex::status {
namespace {

TEST(Ready, IsNotUntilTheFirstVerdict) {
  const Readiness readiness = Ready(Undecided().pools.route);
  EXPECT_FALSE(readiness.ready);
  EXPECT_EQ(readiness.text,
            "not ready: no verdict on the replica yet route=primary_fallthrough "
            "reason=starting_up\n");
}

TEST(Ready, NamesTheRouteInForceAndItsReason) {
  EXPECT_TRUE(Ready(OnReplica().pools.route).ready);
  EXPECT_EQ(Ready(OnReplica().pools.route).text, "ready route=replica reason=ok\n");
  EXPECT_EQ(Ready(OnPrimary().pools.route).text,
            "ready route=primary_fallthrough reason=connect_refused\n");
}

TEST(Ready, HoldsAlsoWhereReadsAreRefused) {
  const Readiness readiness = Ready(Disabled().pools.route);
  EXPECT_TRUE(readiness.ready);
  EXPECT_EQ(readiness.text, "ready route=primary_disabled reason=replica_not_configured\n");
}

}  // namespace
}  // namespace scidex::status
