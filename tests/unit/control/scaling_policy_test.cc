#include "control/scaling_policy.h"

#include <gtest/gtest.h>

#include <functional>

namespace scidex::control {
namespace {

using base::Name;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kPlenty = 1000;

// A pool of 2 to 40 connections, checked every second.
class ScalingPolicyTest : public testing::Test {
 protected:
  ScalingPolicyTest() {
    sample_.at = base::TimePoint(hours(1));
    sample_.min_idle = 2;
    sample_.max_size = 40;
  }

  // All connections are lent, and there are waiters.
  void SetFull(std::size_t target, std::size_t waiters) {
    sample_.target_size = sample_.size = sample_.in_use = target;
    sample_.idle = sample_.connecting = 0;
    sample_.waiters = waiters;
  }
  void SetInUse(std::size_t target, std::size_t in_use) {
    SetFull(target, 0);
    sample_.in_use = in_use;
    sample_.idle = target - in_use;
  }
  // Adds the sample `times` times.
  void AddSamples(std::size_t times = 1, base::Duration every = seconds(1)) {
    for (; times > 0; --times) {
      sample_.at += every;
      history_.Add(sample_);
    }
  }
  // The decision at the latest check.
  ScalingDecision Decide(std::optional<std::size_t> budget = kPlenty) const {
    return Step(history_, options_, budget);
  }
  void ExpectDecision(std::size_t target, ScalingReason reason,
                      std::optional<std::size_t> budget = kPlenty) const {
    const ScalingDecision decision = Decide(budget);
    EXPECT_EQ(decision.target_size, target);
    EXPECT_EQ(Name(decision.reason), Name(reason));
  }

  AutoscalerOptions options_;
  ScalingHistory history_{options_.shrink_after};
  ScalingSample sample_;
};

TEST_F(ScalingPolicyTest, GrowsByTheWaitersLeftAtTwoConsecutiveChecks) {
  SetFull(10, 3);
  AddSamples();
  sample_.waiters = 5;
  AddSamples();
  ExpectDecision(13, ScalingReason::kWaiting);
}

TEST_F(ScalingPolicyTest, GrowsByLessForWaitersThatShortLeasesServeSoon) {
  SetFull(10, 8);
  AddSamples();
  sample_.leases += 40;
  sample_.held += 40 * milliseconds(250);
  AddSamples();
  ExpectDecision(12, ScalingReason::kWaiting);
}

TEST_F(ScalingPolicyTest, DoesNotGrowForAQueueThatIsBeingWorkedOff) {
  SetFull(10, 500);
  for (; sample_.waiters > 0; sample_.waiters -= 50) {
    AddSamples();
    ExpectDecision(10, ScalingReason::kSteady);
  }
}

TEST_F(ScalingPolicyTest, DoesNotGrowForWaitersThatAreGoneAtTheNextCheck) {
  SetFull(10, 5);
  AddSamples();
  ExpectDecision(10, ScalingReason::kSteady);
  SetFull(10, 0);
  AddSamples();
  ExpectDecision(10, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, DoesNotGrowForWaitersThatIdleConnectionsAreOnTheirWayTo) {
  SetInUse(10, 7);
  sample_.waiters = 3;
  AddSamples(5);
  ExpectDecision(10, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, AtMostDoublesInOneStep) {
  SetFull(4, 500);
  AddSamples(2);
  ExpectDecision(8, ScalingReason::kWaiting);
}

TEST_F(ScalingPolicyTest, JudgesANewTargetByItsObservedEffect) {
  SetFull(4, 2);
  AddSamples(2);
  SetFull(6, 2);
  AddSamples();
  ExpectDecision(6, ScalingReason::kSteady);
  AddSamples();
  ExpectDecision(8, ScalingReason::kWaiting);
}

TEST_F(ScalingPolicyTest, DoesNotGrowUntilTheCurrentTargetIsReached) {
  SetFull(10, 50);
  sample_.size = sample_.in_use = 6;
  AddSamples(10);
  ExpectDecision(10, ScalingReason::kConnecting);
  sample_.connecting = 4;
  sample_.size = 10;
  AddSamples(10);
  ExpectDecision(10, ScalingReason::kConnecting);
}

TEST_F(ScalingPolicyTest, NeverExceedsMaxSize) {
  SetFull(30, 500);
  AddSamples(2);
  ExpectDecision(40, ScalingReason::kWaiting);
  SetFull(40, 500);
  AddSamples(2);
  ExpectDecision(40, ScalingReason::kAtMax);
}

TEST_F(ScalingPolicyTest, GrowsWhenAcquiresWaitLongEvenIfNoWaiterIsSeen) {
  SetInUse(10, 10);
  AddSamples();
  for (int i = 0; i < 2; ++i) {
    sample_.acquires += 20;
    sample_.waited += 20 * milliseconds(60);
    ExpectDecision(10, ScalingReason::kSteady);
    AddSamples();
  }
  ExpectDecision(12, ScalingReason::kWaitsLong);
}

TEST_F(ScalingPolicyTest, ShortWaitsAreNoReasonToGrow) {
  SetInUse(10, 10);
  AddSamples();
  for (int i = 0; i < 10; ++i) {
    sample_.acquires += 1000;
    sample_.waited += 1000 * milliseconds(40);
    AddSamples();
    EXPECT_EQ(Decide().target_size, 10u);
  }
}

TEST_F(ScalingPolicyTest, WaitsBeforeTheLastStepDoNotCauseAnother) {
  SetFull(4, 4);
  AddSamples(2);
  SetFull(8, 0);
  sample_.acquires += 4;
  sample_.waited += 4 * seconds(4);
  AddSamples();
  ExpectDecision(8, ScalingReason::kSteady);
  AddSamples(2);
  ExpectDecision(8, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, ShrinksByATenthAtATimeAfterLongLowDemand) {
  SetInUse(20, 5);
  AddSamples(300);
  ExpectDecision(20, ScalingReason::kCoolingDown);
  AddSamples();
  ExpectDecision(18, ScalingReason::kIdle);
  SetInUse(18, 5);
  AddSamples(30);
  ExpectDecision(18, ScalingReason::kCoolingDown);
  AddSamples();
  ExpectDecision(17, ScalingReason::kIdle);
}

TEST_F(ScalingPolicyTest, KeepsItsPeakDemandAndAQuarterMore) {
  SetInUse(20, 2);
  AddSamples(100);
  SetInUse(20, 14);
  AddSamples();
  SetInUse(20, 2);
  AddSamples(250);
  ExpectDecision(18, ScalingReason::kIdle);
  SetInUse(18, 2);
  AddSamples(40);
  ExpectDecision(18, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, ShortWaitBetweenTwoChecksCountsAsDemand) {
  SetInUse(20, 14);
  AddSamples();
  sample_.acquires += 100;
  sample_.waited += 2 * seconds(1);
  AddSamples(301);
  ExpectDecision(20, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, ForgetsItsPeakDemandAfterTheWindow) {
  SetInUse(20, 15);
  AddSamples();
  SetInUse(20, 2);
  AddSamples(320);
  ExpectDecision(18, ScalingReason::kIdle);
}

TEST_F(ScalingPolicyTest, NeverGoesBelowMinIdleNorBelowOne) {
  SetInUse(3, 0);
  AddSamples(301);
  ExpectDecision(2, ScalingReason::kIdle);
  SetInUse(2, 0);
  AddSamples(1000);
  ExpectDecision(2, ScalingReason::kSteady);
  sample_.min_idle = 0;
  AddSamples();
  ExpectDecision(1, ScalingReason::kIdle);
  SetInUse(1, 0);
  AddSamples(1000);
  ExpectDecision(1, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, DoesNotShrinkForLongAfterItGrew) {
  SetInUse(10, 0);
  AddSamples(301);
  SetInUse(11, 0);
  AddSamples(300);
  ExpectDecision(11, ScalingReason::kCoolingDown);
  AddSamples();
  ExpectDecision(10, ScalingReason::kIdle);
}

TEST_F(ScalingPolicyTest, GrowsNoFurtherThanTheServerCanGive) {
  SetFull(10, 8);
  AddSamples(2);
  ExpectDecision(13, ScalingReason::kWaiting, 13);
  ExpectDecision(10, ScalingReason::kAtBudget, 10);
}

TEST_F(ScalingPolicyTest, DoesNotGrowWhileItIsNotKnownWhatTheServerCanGive) {
  SetFull(10, 8);
  AddSamples(2);
  ExpectDecision(10, ScalingReason::kBudgetUnknown, std::nullopt);
}

TEST_F(ScalingPolicyTest, ShrinksImmediatelyToWhatTheServerCanGive) {
  SetFull(10, 8);
  AddSamples();
  ExpectDecision(4, ScalingReason::kOverBudget, 4);
  ExpectDecision(2, ScalingReason::kOverBudget, 0);
}

TEST_F(ScalingPolicyTest, TrustsARefusalForLackOfRoomMoreThanTheBudget) {
  SetFull(10, 8);
  AddSamples();
  ++sample_.no_room;
  AddSamples(10);
  ExpectDecision(10, ScalingReason::kAtBudget);
  AddSamples();
  ExpectDecision(18, ScalingReason::kWaiting);
}

}  // namespace
}  // namespace scidex::control
