#include "pool/connect_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace scidex::pool {
namespace {

using namespace std::chrono_literals;

class ConnectGateTest : public ::testing::Test {
 protected:
  ConnectGateTest() {
    first_.wake = [this] { ++first_woken_; };
    second_.wake = [this] { ++second_woken_; };
    gate_.Join(first_);
    gate_.Join(second_);
  }

  // One connect that fails.
  void Fail() {
    ASSERT_EQ(gate_.Ask(first_, 1, now_).count, 1U);
    gate_.OnFailed(now_);
  }

  base::TimePoint now_{1h};
  ConnectGate gate_{{.backoff = {.initial = 1s, .cap = 4s}, .max_under_way = 16}, 1};
  ConnectGate::Client first_;
  ConnectGate::Client second_;
  int first_woken_ = 0;
  int second_woken_ = 0;
};

TEST_F(ConnectGateTest, AtMostTwoAreUnderWayUntilOneHasSucceeded) {
  EXPECT_EQ(gate_.Ask(first_, 1, now_).count, 1U);
  EXPECT_EQ(gate_.Ask(second_, 200, now_).count, 1U);
  EXPECT_EQ(gate_.Ask(first_, 200, now_).count, 0U);
}

TEST_F(ConnectGateTest, EachSuccessLetsOneMoreBeUnderWayUpToTheMaximum) {
  std::size_t under_way = gate_.Ask(first_, 200, now_).count;
  ASSERT_EQ(under_way, 2U);
  for (std::size_t at_once = 3; at_once <= 20; ++at_once) {
    gate_.OnSucceeded();
    under_way += gate_.Ask(first_, 200, now_).count - 1;
    EXPECT_EQ(under_way, std::min<std::size_t>(at_once, 16));
  }
}

TEST_F(ConnectGateTest, ClientThatWantsManyLeavesOneToAnotherThatWaits) {
  ASSERT_EQ(gate_.Ask(first_, 200, now_).count, 2U);
  ASSERT_EQ(gate_.Ask(second_, 1, now_).count, 0U);
  gate_.OnSucceeded();
  EXPECT_EQ(gate_.Ask(first_, 200, now_).count, 1U);
  EXPECT_EQ(gate_.Ask(second_, 1, now_).count, 1U);
}

TEST_F(ConnectGateTest, NoneOfTwoClientsThatWantManyIsStarved) {
  std::size_t of_first = gate_.Ask(first_, 200, now_).count;
  std::size_t of_second = gate_.Ask(second_, 200, now_).count;
  for (int i = 0; i < 20; ++i) {
    gate_.OnSucceeded();
    of_first += gate_.Ask(first_, 200, now_).count;
    of_second += gate_.Ask(second_, 200, now_).count;
  }
  EXPECT_GE(3 * of_second, of_first);
}

TEST_F(ConnectGateTest, ReservedConnectIsFreeOnceItsClientWantsNoneOrLeaves) {
  ASSERT_EQ(gate_.Ask(first_, 2, now_).count, 2U);
  ASSERT_EQ(gate_.Ask(second_, 1, now_).count, 0U);
  ASSERT_EQ(gate_.Ask(first_, 2, now_).count, 0U);
  first_woken_ = 0;
  EXPECT_EQ(gate_.Ask(second_, 0, now_).count, 0U);
  EXPECT_EQ(first_woken_, 1);
  gate_.Return(1);
  EXPECT_EQ(gate_.Ask(first_, 1, now_).count, 1U);

  ASSERT_EQ(gate_.Ask(second_, 1, now_).count, 0U);
  gate_.Return(1);
  gate_.Leave(second_);
  EXPECT_EQ(gate_.Ask(first_, 1, now_).count, 1U);
}

TEST_F(ConnectGateTest, BeginsWithTwoAgainOnceNoneIsUnderWay) {
  ASSERT_EQ(gate_.Ask(first_, 2, now_).count, 2U);
  gate_.OnSucceeded();
  ASSERT_EQ(gate_.Ask(first_, 2, now_).count, 2U);
  for (int i = 0; i < 3; ++i) gate_.OnSucceeded();
  EXPECT_EQ(gate_.Ask(second_, 200, now_).count, 2U);
}

TEST_F(ConnectGateTest, AfterAFailureTheBackoffHasToPass) {
  Fail();
  const ConnectGate::Grant grant = gate_.Ask(second_, 3, now_);
  EXPECT_EQ(grant.count, 0U);
  EXPECT_LE(grant.retry_at, now_ + 1s);
  EXPECT_EQ(gate_.Ask(second_, 3, grant.retry_at).count, 1U);
}

TEST_F(ConnectGateTest, AfterAFailureOneConnectIsTriedForAllItsClients) {
  Fail();
  now_ += 1s;
  EXPECT_EQ(gate_.Ask(first_, 5, now_).count, 1U);
  EXPECT_EQ(gate_.Ask(first_, 5, now_).count, 0U);
  EXPECT_EQ(gate_.Ask(second_, 5, now_).count, 0U);
}

TEST_F(ConnectGateTest, ClientsThatWantMoreAreWokenByTheNextSuccess) {
  Fail();
  now_ += 1s;
  ASSERT_EQ(gate_.Ask(first_, 1, now_).count, 1U);
  ASSERT_EQ(gate_.Ask(second_, 5, now_).count, 0U);
  first_woken_ = second_woken_ = 0;
  gate_.OnSucceeded();
  EXPECT_EQ(first_woken_, 0);
  EXPECT_EQ(second_woken_, 1);
  EXPECT_EQ(gate_.Ask(second_, 5, now_).count, 2U);
}

TEST_F(ConnectGateTest, AfterAFailureTheFirstSuccessLetsTwoStart) {
  Fail();
  now_ += 1s;
  ASSERT_EQ(gate_.Ask(first_, 200, now_).count, 1U);
  gate_.OnSucceeded();
  EXPECT_EQ(gate_.Ask(first_, 200, now_).count, 2U);
}

TEST_F(ConnectGateTest, AFailureOnTheRampEndsIt) {
  Fail();
  now_ += 1s;
  ASSERT_EQ(gate_.Ask(first_, 1, now_).count, 1U);
  gate_.OnSucceeded();
  ASSERT_EQ(gate_.Ask(first_, 2, now_).count, 2U);
  gate_.OnFailed(now_);
  EXPECT_EQ(gate_.Ask(second_, 2, now_ + 4s).count, 0U);
  gate_.OnFailed(now_);
  EXPECT_EQ(gate_.Ask(second_, 2, now_ + 4s).count, 1U);
}

TEST_F(ConnectGateTest, GrantsBeforeAFailureMayNotBeginAfterIt) {
  ASSERT_EQ(gate_.Ask(first_, 2, now_).count, 2U);
  ASSERT_TRUE(gate_.Confirm(now_));
  gate_.OnFailed(now_);
  EXPECT_FALSE(gate_.Confirm(now_));
  EXPECT_EQ(gate_.Ask(first_, 3, now_ + 1s).count, 1U);
  EXPECT_TRUE(gate_.Confirm(now_ + 1s));
}

TEST_F(ConnectGateTest, ConnectsThatFailTogetherAreOneFailure) {
  std::size_t under_way = gate_.Ask(first_, 8, now_).count;
  for (int i = 0; i < 5; ++i) {
    gate_.OnSucceeded();
    under_way += gate_.Ask(first_, 8, now_).count - 1;
  }
  ASSERT_EQ(under_way, 7U);
  for (int i = 0; i < 7; ++i) gate_.OnFailed(now_);
  EXPECT_EQ(gate_.Ask(first_, 8, now_ + 1s).count, 1U);
}

TEST_F(ConnectGateTest, TheBackoffNeverGoesBeyondItsCap) {
  for (int i = 0; i < 50; ++i) {
    Fail();
    now_ += 4s;
  }
}

TEST_F(ConnectGateTest, AServerThatAnswersEndsTheBackoff) {
  Fail();
  ASSERT_EQ(gate_.Ask(second_, 1, now_).count, 0U);
  gate_.OnServerAnswered();
  EXPECT_EQ(second_woken_, 1);
  EXPECT_EQ(gate_.Ask(second_, 1, now_).count, 1U);
}

TEST_F(ConnectGateTest, AShorterBackoffEndsALongerOneThatIsUnderWay) {
  ConnectGate gate({.backoff = {.initial = 1h, .cap = 24h}, .max_under_way = 16}, 1);
  gate.Join(second_);
  ASSERT_EQ(gate.Ask(first_, 1, now_).count, 1U);
  gate.OnFailed(now_);
  const base::TimePoint retry_at = gate.Ask(second_, 1, now_).retry_at;
  ASSERT_GT(retry_at, now_ + 1s);
  gate.ChangeBackoff({.initial = 1s, .cap = 1s}, now_);
  EXPECT_EQ(second_woken_, 1);
  EXPECT_EQ(gate.Ask(second_, 1, now_ + 1s).count, 1U);
  gate.OnFailed(now_ + 1s);
  EXPECT_EQ(gate.Ask(second_, 1, now_ + 2s).count, 1U);
}

TEST_F(ConnectGateTest, ReturnedGrantMakesRoomForOthers) {
  Fail();
  now_ += 1s;
  ASSERT_EQ(gate_.Ask(first_, 1, now_).count, 1U);
  ASSERT_EQ(gate_.Ask(second_, 1, now_).count, 0U);
  gate_.Return(1);
  EXPECT_EQ(second_woken_, 1);
  EXPECT_EQ(gate_.Ask(second_, 1, now_).count, 1U);
}

TEST_F(ConnectGateTest, AClientThatHasLeftIsNotWoken) {
  Fail();
  ASSERT_EQ(gate_.Ask(second_, 1, now_).count, 0U);
  gate_.Leave(second_);
  gate_.OnServerAnswered();
  EXPECT_EQ(second_woken_, 0);
}

}  // namespace
}  // namespace scidex::pool
