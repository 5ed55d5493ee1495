#include "status/ready.h"

#include <gtest/gtest.h>

#include "unit/status/sample.h"

namespace scidex::status {
namespace {

Readiness ReadinessOf(const Sample& sample) { return Ready(sample); }

TEST(Ready, IsNotUntilTheFirstVerdict) {
  const Readiness readiness = ReadinessOf(UndecidedSample());
  EXPECT_FALSE(readiness.ready);
  EXPECT_EQ(readiness.text,
            "not ready: no verdict on the replica yet route=primary_fallthrough "
            "reason=starting_up\n");
}

TEST(Ready, NamesTheRouteInForceAndItsReason) {
  EXPECT_TRUE(ReadinessOf(ReplicaSample()).ready);
  EXPECT_EQ(ReadinessOf(ReplicaSample()).text,
            "ready route=replica reason=ok read_only_enforcement=session\n");
  EXPECT_EQ(ReadinessOf(FallthroughSample()).text,
            "ready route=primary_fallthrough reason=connect_refused "
            "read_only_enforcement=session\n");
}

TEST(Ready, SaysThatAPoolerMakesTheEnforcementWeaker) {
  Sample sample = ReplicaSample();
  sample.control.probes[routing::PoolRole::kRo].behind_pooler = true;
  EXPECT_EQ(ReadinessOf(sample).text,
            "ready route=replica reason=ok read_only_enforcement=transaction\n");
}

TEST(Ready, IsNotWhereAnotherRouteIsAskedForThanIsInForce) {
  const Sample sample = FallthroughSample();
  const Readiness readiness = Ready(sample, routing::Route::kReplica);
  EXPECT_FALSE(readiness.ready);
  EXPECT_EQ(readiness.text,
            "not ready: the route is not replica route=primary_fallthrough reason=connect_refused "
            "read_only_enforcement=session\n");
  EXPECT_TRUE(Ready(sample, routing::Route::kPrimaryFallthrough).ready);
}

TEST(Ready, HoldsAlsoWhereReadsAreRefused) {
  const Readiness readiness = ReadinessOf(DisabledSample());
  EXPECT_TRUE(readiness.ready);
  EXPECT_EQ(readiness.text, "ready route=primary_disabled reason=replica_not_configured\n");
}

}  // namespace
}  // namespace scidex::status
