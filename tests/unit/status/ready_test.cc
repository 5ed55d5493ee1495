#include "status/ready.h"

#include <gtest/gtest.h>

#include "unit/status/sample.h"

namespace scidex::status {
namespace {

Readiness Of(const Sample& sample) { return Ready(sample); }

TEST(Ready, IsNotUntilTheFirstVerdict) {
  const Readiness readiness = Of(Undecided());
  EXPECT_FALSE(readiness.ready);
  EXPECT_EQ(readiness.text,
            "not ready: no verdict on the replica yet route=primary_fallthrough "
            "reason=starting_up\n");
}

TEST(Ready, NamesTheRouteInForceAndItsReason) {
  EXPECT_TRUE(Of(OnReplica()).ready);
  EXPECT_EQ(Of(OnReplica()).text, "ready route=replica reason=ok read_only_enforcement=session\n");
  EXPECT_EQ(Of(OnPrimary()).text,
            "ready route=primary_fallthrough reason=connect_refused "
            "read_only_enforcement=session\n");
}

TEST(Ready, SaysThatAPoolerMakesTheEnforcementWeaker) {
  Sample sample = OnReplica();
  sample.control.probes[routing::PoolRole::kRo].behind_pooler = true;
  EXPECT_EQ(Of(sample).text, "ready route=replica reason=ok read_only_enforcement=transaction\n");
}

TEST(Ready, IsNotWhereAnotherRouteIsAskedForThanIsInForce) {
  const Sample sample = OnPrimary();
  const Readiness readiness = Ready(sample, routing::Route::kReplica);
  EXPECT_FALSE(readiness.ready);
  EXPECT_EQ(readiness.text,
            "not ready: the route is not replica route=primary_fallthrough reason=connect_refused "
            "read_only_enforcement=session\n");
  EXPECT_TRUE(Ready(sample, routing::Route::kPrimaryFallthrough).ready);
}

TEST(Ready, HoldsAlsoWhereReadsAreRefused) {
  const Readiness readiness = Of(Disabled());
  EXPECT_TRUE(readiness.ready);
  EXPECT_EQ(readiness.text, "ready route=primary_disabled reason=replica_not_configured\n");
}

}  // namespace
}  // namespace scidex::status
