#include "routing/verdict.h"

#include <gtest/gtest.h>

namespace scidex::routing {
namespace {

using std::chrono::seconds;

ReplicaObservation FitReplica() {
  ReplicaObservation observation;
  observation.in_recovery = true;
  observation.system_identifier = "7";
  observation.lag = seconds(1);
  observation.primary_system_identifier = "7";
  return observation;
}

Reason Judge(const ReplicaObservation& observation) {
  return JudgeReplica(observation, RoutingOptions{});
}

TEST(ReplicaVerdict, AReplicaThatAnswersInRecoveryAndInTimeServes) {
  EXPECT_EQ(Judge(FitReplica()), Reason::kOk);
}

TEST(ReplicaVerdict, ProbeErrorIsTheReason) {
  ReplicaObservation observation = FitReplica();
  observation.answer = Reason::kTooManyConnections;
  EXPECT_EQ(Judge(observation), Reason::kTooManyConnections);
}

TEST(ReplicaVerdict, AServerThatIsNotInRecoveryIsNoReplica) {
  ReplicaObservation observation = FitReplica();
  observation.in_recovery = false;
  EXPECT_EQ(Judge(observation), Reason::kNotInRecovery);
}

TEST(ReplicaVerdict, TheSameRunOfTheSameServerIsThePrimary) {
  ReplicaObservation observation = FitReplica();
  observation.in_recovery = false;
  observation.instance = observation.primary_instance = "started at noon";
  EXPECT_EQ(Judge(observation), Reason::kIsPrimary);
  observation.primary_instance = "started later";
  EXPECT_EQ(Judge(observation), Reason::kNotInRecovery);
  observation.instance = observation.primary_instance = "";
  EXPECT_EQ(Judge(observation), Reason::kNotInRecovery);
}

TEST(ReplicaVerdict, ReplicaThatIsAheadHasDiverged) {
  ReplicaObservation observation = FitReplica();
  observation.ahead = true;
  EXPECT_EQ(Judge(observation), Reason::kDiverged);
}

TEST(ReplicaVerdict, AReplicaOfAnotherClusterDoesNotServe) {
  ReplicaObservation observation = FitReplica();
  observation.system_identifier = "8";
  EXPECT_EQ(Judge(observation), Reason::kWrongCluster);
}

TEST(ReplicaVerdict, AnIdentifierThatCannotBeReadIsNoEvidence) {
  ReplicaObservation observation = FitReplica();
  observation.system_identifier.reset();
  EXPECT_EQ(Judge(observation), Reason::kOk);
  observation = FitReplica();
  observation.primary_system_identifier.reset();
  EXPECT_EQ(Judge(observation), Reason::kOk);
}

TEST(ReplicaVerdict, LagAboveTheLimitTakesTheRouteAndLagAtTheLimitDoesNot) {
  ReplicaObservation observation = FitReplica();
  observation.lag = seconds(30);
  EXPECT_EQ(Judge(observation), Reason::kOk);
  observation.lag = seconds(30) + base::Duration(1);
  EXPECT_EQ(Judge(observation), Reason::kLagExceeded);
}

TEST(ReplicaVerdict, LagOfALaggingReplicaMustFallToHalfOfTheLimit) {
  ReplicaObservation observation = FitReplica();
  observation.lagged_before = true;
  observation.lag = seconds(15) + base::Duration(1);
  EXPECT_EQ(Judge(observation), Reason::kLagExceeded);
  observation.lag = seconds(15);
  EXPECT_EQ(Judge(observation), Reason::kOk);
}

TEST(ReplicaVerdict, LagNeverTakesTheRouteWhileThePrimaryIsLost) {
  ReplicaObservation observation = FitReplica();
  observation.lag = std::chrono::hours(5);
  observation.primary_is_lost = true;
  EXPECT_EQ(Judge(observation), Reason::kOk);
}

TEST(ReplicaVerdict, StaleReplicaServesUpToItsBoundWherePolicySaysSo) {
  RoutingOptions options;
  options.on_lag = OnLag::kServeStale;
  ReplicaObservation observation = FitReplica();
  observation.lag = std::chrono::hours(5);
  EXPECT_EQ(JudgeReplica(observation, options), Reason::kOk);
  EXPECT_TRUE(IsStale(observation, options));
  options.max_stale_lag = std::chrono::minutes(1);
  EXPECT_EQ(JudgeReplica(observation, options), Reason::kLagExceeded);
  observation.lag = seconds(59);
  observation.stale_before = true;
  EXPECT_EQ(JudgeReplica(observation, options), Reason::kOk);
  EXPECT_TRUE(IsStale(observation, options));
  observation.lag = seconds(15);
  EXPECT_FALSE(IsStale(observation, options));
}

TEST(ReplicaVerdict, AMaxLagOfZeroAcceptsAnyLag) {
  ReplicaObservation observation = FitReplica();
  observation.lag = std::chrono::hours(5);
  RoutingOptions options;
  options.max_lag = base::Duration::zero();
  EXPECT_EQ(JudgeReplica(observation, options), Reason::kOk);
}

}  // namespace
}  // namespace scidex::routing
