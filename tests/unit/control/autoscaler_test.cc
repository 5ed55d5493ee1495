#include "control/autoscaler.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "support/eager.h"
#include "support/eventually.h"
#include "support/fake_connector.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "support/untimed_pool.h"

namespace scidex::control {
namespace {

using routing::PoolRole;
using std::chrono::hours;
using std::chrono::seconds;

// A pool "primary" of up to 16 connections on a server that has room for 100.
class AutoscalerTest : public testing::Test {
 protected:
  AutoscalerTest() {
    answer_.facts.connections.emplace();
    answer_.facts.instance = "1";
    answer_.facts.connections->max_connections = 100;
    options_.mode = AutoscalerMode::kOn;
  }
  ~AutoscalerTest() override { stop_.request_stop(); }

  void Start() {
    // Not owned.
    Start({{std::shared_ptr<pool::Pool>(), &pool_}, 0});
  }
  // Replaces the current one, if any.
  void Start(const Autoscaler::ScaledPool& pool) {
    OfPools<std::optional<Autoscaler::ScaledPool>> pools;
    pools[PoolRole::kPrimary] = pool;
    auto next = std::make_unique<Autoscaler>(options_, pools, scheduler_);
    if (autoscaler_) {
      autoscaler_->Stop();
      next->Inherit(*autoscaler_);
    }
    autoscaler_ = std::move(next);
    autoscaler_->SizeNewPools();
    autoscaler_->Start();
  }
  // Starts it with a pool that replaces one of up to 9 connections.
  std::shared_ptr<pool::Pool> StartAsReplacement(bool same_server) {
    const auto before =
        std::make_shared<pool::Pool>("primary", test::UntimedPool(16),
                                     pool::Pool::Dependencies{connector_, pool_scheduler_, clock_});
    before->Resize(9);
    Start({{std::shared_ptr<pool::Pool>(), &pool_}, 0, true, before, same_server});
    return before;
  }
  void Probe() {
    pool::PoolStats stats = pool_.Stats();
    answer_.facts.connections->sessions = others_ + 1 + stats.idle + stats.in_use;
    autoscaler_->OnProbe(PoolRole::kPrimary, answer_);
  }
  std::uint64_t Checks() const {
    std::uint64_t looks = 0;
    for (const std::uint64_t count : Stats().decisions) looks += count;
    return looks;
  }
  ScalingStats Stats() const { return autoscaler_->Stats().pools[PoolRole::kPrimary]; }
  // Returns when the pool has opened as many connections as its borrowers need and it may have.
  void AwaitSettled() {
    ASSERT_TRUE(test::Eventually(test::kPatience, [&] {
      const pool::PoolStats stats = pool_.Stats();
      // A borrower whose connection is being checked counts as a waiter too.
      return stats.in_use + stats.waiters == borrowers_.size() && stats.connecting == 0 &&
             (stats.waiters == 0 || stats.in_use >= stats.target_size);
    }));
  }
  // Lets the autoscaler check the settled pool `times` times, each time after a probe.
  void Check(std::size_t times = 1) {
    for (; times > 0; --times) {
      AwaitSettled();
      Probe();
      CheckWithoutProbe();
    }
  }
  void CheckWithoutProbe(base::Duration after = seconds(1)) {
    AwaitSettled();
    const std::uint64_t before = Checks();
    // Those of housekeeping and of the autoscaler.
    ASSERT_TRUE(clock_.AwaitSleepers(2, seconds(1)));
    clock_.Advance(after);
    ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return Checks() == before + 1; }));
  }
  // Starts `count` borrowers, which keep their leases until the end of the test.
  void StartBorrowers(std::size_t count) {
    for (; count > 0; --count) {
      borrowers_.push_back(std::async(std::launch::async, [this, stop = stop_.get_token()] {
        return pool_.Acquire({base::kNever, stop});
      }));
    }
    ASSERT_TRUE(test::Eventually(test::kPatience, [&] {
      const pool::PoolStats stats = pool_.Stats();
      return stats.in_use + stats.waiters == borrowers_.size();
    }));
  }
  std::size_t Target() const { return pool_.Stats().target_size; }

  test::ManualClock clock_;
  base::Scheduler scheduler_{clock_, test::kEager};
  // A separate clock, so that a test knows which threads wait on it.
  base::Scheduler pool_scheduler_{clock_, test::kEager};
  std::shared_ptr<test::FakeConnector> connector_ = std::make_shared<test::FakeConnector>();
  pool::Pool pool_{"primary", test::UntimedPool(16), {connector_, pool_scheduler_, clock_}};
  std::size_t others_ = 10;
  AutoscalerOptions options_;
  ProbeResult answer_;
  std::unique_ptr<Autoscaler> autoscaler_;
  std::stop_source stop_;
  std::vector<std::future<pool::Lease>> borrowers_;
};

TEST_F(AutoscalerTest, KeepsAPoolAtItsFloorUntilTheFirstProbe) {
  Start();
  EXPECT_EQ(Target(), 1u);
  StartBorrowers(3);
  CheckWithoutProbe();
  CheckWithoutProbe();
  EXPECT_EQ(Target(), 1u);
  EXPECT_EQ(Stats().latest->reason, ScalingReason::kBudgetUnknown);
  EXPECT_EQ(Stats().budget, std::nullopt);
}

TEST_F(AutoscalerTest, MovesTheTargetLogsWhyAndCounts) {
  const test::LogTap log;
  Start();
  StartBorrowers(3);
  Check(2);
  EXPECT_EQ(Target(), 2u);
  Check(2);
  EXPECT_EQ(Target(), 3u);
  Check(3);
  EXPECT_EQ(log.Lines(),
            (std::vector<std::string>{
                "level=info msg=\"target size changed\" pool=primary from=1 to=2 reason=waiting "
                "in_use=1 waiters=2 budget=86",
                "level=info msg=\"target size changed\" pool=primary from=2 to=3 reason=waiting "
                "in_use=2 waiters=1 budget=86"}));
  EXPECT_EQ(Stats().decisions[ScalingReason::kWaiting], 2u);
  EXPECT_EQ(Stats().decisions[ScalingReason::kSteady], 5u);
  EXPECT_EQ(pool_.Stats().resizes[pool::ResizeDirection::kUp][pool::ResizeCause::kAutoscaler], 2u);
}

TEST_F(AutoscalerTest, RestartKeepsTheCountersAndForgetsTheRest) {
  Start();
  StartBorrowers(3);
  Check(2);
  ASSERT_TRUE(Stats().latest);
  Start();
  EXPECT_EQ(Stats().decisions[ScalingReason::kWaiting], 1u);
  EXPECT_EQ(Stats().latest, std::nullopt);
  EXPECT_EQ(Stats().budget, std::nullopt);
}

TEST_F(AutoscalerTest, LeavesAPoolThatAnotherHasMovedWhereItIs) {
  pool_.Resize(9);
  Start({{std::shared_ptr<pool::Pool>(), &pool_}, 0, false});
  EXPECT_EQ(Target(), 9u);
}

TEST_F(AutoscalerTest, APoolThatReplacesAnotherStartsAtItsTargetAtOnce) {
  StartAsReplacement(true);
  EXPECT_EQ(Target(), 9u);
  EXPECT_EQ(pool_.Stats().resizes[pool::ResizeDirection::kDown][pool::ResizeCause::kAutoscaler],
            0u);
}

TEST_F(AutoscalerTest, LeasesOfTheReplacedPoolPreventShrinkingForALimitedTime) {
  const std::shared_ptr<pool::Pool> before = StartAsReplacement(true);
  std::vector<pool::Lease> leases;
  for (int i = 0; i < 9; ++i) leases.push_back(before->Acquire());
  before->Retire();
  others_ = 82 + 9;  // of 100; 1 more is the probe's, and 3 stay free
  Check(4);
  EXPECT_EQ(Target(), 9u);
  CheckWithoutProbe(kConnectionsKnownFor);
  Check(4);
  EXPECT_EQ(Target(), 5u) << "their borrowers do not release them";
}

TEST_F(AutoscalerTest, LeasesOfThePoolBeforeTheReplacedOnePreventShrinking) {
  const auto make = [this] {
    return std::make_shared<pool::Pool>(
        "primary", test::UntimedPool(16),
        pool::Pool::Dependencies{connector_, pool_scheduler_, clock_});
  };
  const std::shared_ptr<pool::Pool> first = make();
  const std::shared_ptr<pool::Pool> second = make();
  first->Resize(9);
  Start({second, 0, true, first, /*same_server=*/true});
  std::vector<pool::Lease> leases;
  for (int i = 0; i < 9; ++i) leases.push_back(first->Acquire());
  first->Retire();
  Start({{std::shared_ptr<pool::Pool>(), &pool_}, 0, true, second, /*same_server=*/true});
  second->Retire();
  others_ = 82 + 9;  // of 100; 1 more is the probe's, and 3 stay free
  Check(4);
  EXPECT_EQ(Target(), 9u);
}

TEST_F(AutoscalerTest, OnAnotherServerAPoolGetsTheTargetOnceTheServerAnswers) {
  StartAsReplacement(false);
  EXPECT_EQ(Target(), 1u);
  others_ = 91;  // of 100, and 1 is the probe's, and 3 stay free
  Probe();
  EXPECT_EQ(Target(), 5u);
}

TEST_F(AutoscalerTest, InDryRunAPoolThatReplacesAnotherHasAllItMayHave) {
  options_.mode = AutoscalerMode::kDryRun;
  StartAsReplacement(true);
  EXPECT_EQ(Target(), 16u);
}

TEST_F(AutoscalerTest, APoolThatTakesTheReadsOverGetsTheirTargetWithinTheBudget) {
  const test::LogTap log;
  Start();
  StartBorrowers(8);
  Probe();
  autoscaler_->TakeOver(PoolRole::kPrimary, 8);
  EXPECT_EQ(Target(), 8u);
  // Not only granted, but opened for the waiters.
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return pool_.Stats().in_use == 8; }));
  autoscaler_->TakeOver(PoolRole::kPrimary, 3);
  EXPECT_EQ(Target(), 8u) << "what it has is not taken from it";
  autoscaler_->TakeOver(PoolRole::kPrimary, 500);
  EXPECT_EQ(Target(), 16u);
  EXPECT_EQ(log.Count({"target size changed", "from=1 to=8 reason=takes_over", "budget=86"}), 1u);
}

TEST_F(AutoscalerTest, TargetOfAnUnknownServerWaitsForItsProbe) {
  Start();
  autoscaler_->TakeOver(PoolRole::kPrimary, 8);
  EXPECT_EQ(Target(), 1u);
  answer_.reason = routing::Reason::kProbeTimeout;
  Probe();
  EXPECT_EQ(Target(), 1u);
  answer_.reason = routing::Reason::kOk;
  Probe();
  EXPECT_EQ(Target(), 8u);
  pool_.Resize(2);
  Probe();
  EXPECT_EQ(Target(), 2u) << "it was given once more";
}

TEST_F(AutoscalerTest, PendingTargetOfAPoolPassesToItsSuccessor) {
  StartAsReplacement(/*same_server=*/false);
  // Replaced again before its server was probed.
  const auto one =
      std::make_shared<pool::Pool>("primary", test::UntimedPool(16),
                                   pool::Pool::Dependencies{connector_, pool_scheduler_, clock_});
  one->Resize(1);
  Start({{std::shared_ptr<pool::Pool>(), &pool_}, 0, true, one, /*same_server=*/false});
  Probe();
  EXPECT_EQ(Target(), 9u);
}

TEST_F(AutoscalerTest, InDryRunNoTargetIsTakenOver) {
  options_.mode = AutoscalerMode::kDryRun;
  Start();
  pool_.Resize(2);
  Probe();
  autoscaler_->TakeOver(PoolRole::kPrimary, 8);
  EXPECT_EQ(Target(), 2u);
}

TEST_F(AutoscalerTest, InDryRunLogsOnceWhatItWouldDoAndMovesNothing) {
  options_.mode = AutoscalerMode::kDryRun;
  const test::LogTap log;
  Start();
  EXPECT_EQ(Target(), 16u);
  pool_.Resize(2);
  StartBorrowers(4);
  Check(6);
  EXPECT_EQ(Target(), 2u);
  EXPECT_EQ(log.Lines(), (std::vector<std::string>{
                             "level=info msg=\"target size would change\" pool=primary from=2 "
                             "to=4 reason=waiting in_use=2 waiters=2 budget=86"}));
  EXPECT_EQ(Stats().decisions[ScalingReason::kWaiting], 5u);
  EXPECT_EQ(Stats().latest->target_size, 4u);
}

TEST_F(AutoscalerTest, InModeOffDoesNothing) {
  options_.mode = AutoscalerMode::kOff;
  Start();
  Probe();
  EXPECT_EQ(Target(), 16u);
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  clock_.Advance(hours(1));
  EXPECT_EQ(Checks(), 0u);
  EXPECT_EQ(Stats().budget, std::nullopt);
}

TEST_F(AutoscalerTest, GrowsNoFurtherThanTheServerCanGive) {
  others_ = 93;  // of 100, and 1 is the probe's, and 3 stay free
  Start();
  StartBorrowers(8);
  Check(10);
  EXPECT_EQ(Target(), 3u);
  EXPECT_EQ(Stats().latest->reason, ScalingReason::kAtBudget);
  EXPECT_EQ(Stats().budget, 3u);
}

TEST_F(AutoscalerTest, ShrinksWhenOthersUseTheServer) {
  Start();
  StartBorrowers(8);
  Check(8);
  ASSERT_EQ(Target(), 8u);
  others_ = 91;
  Check(2);
  EXPECT_EQ(Target(), 8u) << "they may be gone at once";
  Check();
  EXPECT_EQ(Target(), 5u);
  EXPECT_EQ(Stats().latest->reason, ScalingReason::kOverBudget);
}

TEST_F(AutoscalerTest, DoesNotGrowOnceTheServerNoLongerAnswers) {
  Start();
  StartBorrowers(8);
  Check();
  answer_.reason = routing::Reason::kProbeTimeout;
  Check();
  EXPECT_EQ(Stats().latest->reason, ScalingReason::kBudgetUnknown);
  EXPECT_EQ(Target(), 1u);
}

TEST_F(AutoscalerTest, IgnoresAnOldProbe) {
  Start();
  StartBorrowers(8);
  AwaitSettled();
  Probe();
  CheckWithoutProbe(seconds(10));
  CheckWithoutProbe();
  EXPECT_EQ(Stats().latest->reason, ScalingReason::kBudgetUnknown);
}

TEST_F(AutoscalerTest, ShrinksSlowlyWithoutDemand) {
  options_.shrink_after = seconds(20);
  Start();
  StartBorrowers(8);
  Check(8);
  ASSERT_EQ(Target(), 8u);
  for (auto& borrower : borrowers_) static_cast<void>(borrower.get());
  borrowers_.clear();
  Check(15);
  EXPECT_EQ(Target(), 8u);
  Check(30);
  EXPECT_EQ(Target(), 1u);
  EXPECT_EQ(pool_.Stats().size, 1u);
}

}  // namespace
}  // namespace scidex::control
