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

// A pool from 2 to 40 connections, looked at each second.
class ScalingPolicyTest : public testing::Test {
 protected:
  ScalingPolicyTest() {
    sample_.at = base::TimePoint(hours(1));
    sample_.min_idle = 2;
    sample_.max_size = 40;
  }

  // All that it may have is lent out, and more is asked for.
  void Full(std::size_t target, std::size_t waiters) {
    sample_.target_size = sample_.size = sample_.in_use = target;
    sample_.idle = sample_.connecting = 0;
    sample_.waiters = waiters;
  }
  void Busy(std::size_t target, std::size_t in_use) {
    Full(target, 0);
    sample_.in_use = in_use;
    sample_.idle = target - in_use;
  }
  // Looks, `times` times.
  void Look(std::size_t times = 1, base::Duration every = seconds(1)) {
    for (; times > 0; --times) {
      sample_.at += every;
      history_.Add(sample_);
    }
  }
  // What is decided at the latest look.
  ScalingDecision Decide(std::optional<std::size_t> budget = kPlenty) const {
    return Step(history_, options_, budget);
  }
  void Expect(std::size_t target, ScalingReason reason,
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
  Full(10, 3);
  Look();
  sample_.waiters = 5;
  Look();
  Expect(13, ScalingReason::kWaiting);
}

TEST_F(ScalingPolicyTest, GrowsByLessForWaitersThatShortLeasesServeSoon) {
  Full(10, 8);
  Look();
  sample_.leases += 40;
  sample_.held += 40 * milliseconds(250);
  Look();
  Expect(12, ScalingReason::kWaiting);
}

TEST_F(ScalingPolicyTest, DoesNotGrowForAQueueThatIsBeingWorkedOff) {
  Full(10, 500);
  for (; sample_.waiters > 0; sample_.waiters -= 50) {
    Look();
    Expect(10, ScalingReason::kSteady);
  }
}

TEST_F(ScalingPolicyTest, DoesNotGrowForWaitersThatAreGoneAtTheNextCheck) {
  Full(10, 5);
  Look();
  Expect(10, ScalingReason::kSteady);
  Full(10, 0);
  Look();
  Expect(10, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, DoesNotGrowForWaitersThatIdleConnectionsAreOnTheirWayTo) {
  Busy(10, 7);
  sample_.waiters = 3;
  Look(5);
  Expect(10, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, AtMostDoublesInOneStep) {
  Full(4, 500);
  Look(2);
  Expect(8, ScalingReason::kWaiting);
}

TEST_F(ScalingPolicyTest, JudgesANewTargetByItsObservedEffect) {
  Full(4, 2);
  Look(2);
  Full(6, 2);
  Look();
  Expect(6, ScalingReason::kSteady);
  Look();
  Expect(8, ScalingReason::kWaiting);
}

TEST_F(ScalingPolicyTest, DoesNotGrowUntilTheCurrentTargetIsReached) {
  Full(10, 50);
  sample_.size = sample_.in_use = 6;
  Look(10);
  Expect(10, ScalingReason::kConnecting);
  sample_.connecting = 4;
  sample_.size = 10;
  Look(10);
  Expect(10, ScalingReason::kConnecting);
}

TEST_F(ScalingPolicyTest, NeverExceedsMaxSize) {
  Full(30, 500);
  Look(2);
  Expect(40, ScalingReason::kWaiting);
  Full(40, 500);
  Look(2);
  Expect(40, ScalingReason::kAtMax);
}

TEST_F(ScalingPolicyTest, GrowsWhenAcquiresWaitLongEvenIfNoWaiterIsSeen) {
  Busy(10, 10);
  Look();
  for (int i = 0; i < 2; ++i) {
    sample_.acquires += 20;
    sample_.waited += 20 * milliseconds(60);
    Expect(10, ScalingReason::kSteady);
    Look();
  }
  Expect(12, ScalingReason::kWaitsLong);
}

TEST_F(ScalingPolicyTest, ShortWaitsAreNoReasonToGrow) {
  Busy(10, 10);
  Look();
  for (int i = 0; i < 10; ++i) {
    sample_.acquires += 1000;
    sample_.waited += 1000 * milliseconds(40);
    Look();
    EXPECT_EQ(Decide().target_size, 10u);
  }
}

TEST_F(ScalingPolicyTest, WaitsBeforeTheLastStepDoNotCauseAnother) {
  Full(4, 4);
  Look(2);
  Full(8, 0);
  sample_.acquires += 4;
  sample_.waited += 4 * seconds(4);
  Look();
  Expect(8, ScalingReason::kSteady);
  Look(2);
  Expect(8, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, ShrinksByATenthAtATimeAfterLongLowDemand) {
  Busy(20, 5);
  Look(300);
  Expect(20, ScalingReason::kCoolingDown);
  Look();
  Expect(18, ScalingReason::kIdle);
  Busy(18, 5);
  Look(30);
  Expect(18, ScalingReason::kCoolingDown);
  Look();
  Expect(17, ScalingReason::kIdle);
}

TEST_F(ScalingPolicyTest, KeepsItsPeakDemandAndAQuarterMore) {
  Busy(20, 2);
  Look(100);
  Busy(20, 14);
  Look();
  Busy(20, 2);
  Look(250);
  Expect(18, ScalingReason::kIdle);
  Busy(18, 2);
  Look(40);
  Expect(18, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, ShortWaitBetweenTwoChecksCountsAsDemand) {
  Busy(20, 14);
  Look();
  sample_.acquires += 100;
  sample_.waited += 2 * seconds(1);
  Look(301);
  Expect(20, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, ForgetsItsPeakDemandAfterTheWindow) {
  Busy(20, 15);
  Look();
  Busy(20, 2);
  Look(320);
  Expect(18, ScalingReason::kIdle);
}

TEST_F(ScalingPolicyTest, NeverGoesBelowMinIdleNorBelowOne) {
  Busy(3, 0);
  Look(301);
  Expect(2, ScalingReason::kIdle);
  Busy(2, 0);
  Look(1000);
  Expect(2, ScalingReason::kSteady);
  sample_.min_idle = 0;
  Look();
  Expect(1, ScalingReason::kIdle);
  Busy(1, 0);
  Look(1000);
  Expect(1, ScalingReason::kSteady);
}

TEST_F(ScalingPolicyTest, DoesNotShrinkForLongAfterItGrew) {
  Busy(10, 0);
  Look(301);
  Busy(11, 0);
  Look(300);
  Expect(11, ScalingReason::kCoolingDown);
  Look();
  Expect(10, ScalingReason::kIdle);
}

TEST_F(ScalingPolicyTest, GrowsNoFurtherThanTheServerCanGive) {
  Full(10, 8);
  Look(2);
  Expect(13, ScalingReason::kWaiting, 13);
  Expect(10, ScalingReason::kAtBudget, 10);
}

TEST_F(ScalingPolicyTest, DoesNotGrowWhileItIsNotKnownWhatTheServerCanGive) {
  Full(10, 8);
  Look(2);
  Expect(10, ScalingReason::kBudgetUnknown, std::nullopt);
}

TEST_F(ScalingPolicyTest, ShrinksImmediatelyToWhatTheServerCanGive) {
  Full(10, 8);
  Look();
  Expect(4, ScalingReason::kOverBudget, 4);
  Expect(2, ScalingReason::kOverBudget, 0);
}

TEST_F(ScalingPolicyTest, TrustsARefusalForLackOfRoomMoreThanTheBudget) {
  Full(10, 8);
  Look();
  ++sample_.no_room;
  Look(10);
  Expect(10, ScalingReason::kAtBudget);
  Look();
  Expect(18, ScalingReason::kWaiting);
}

}  // namespace
}  // namespace scidex::control
