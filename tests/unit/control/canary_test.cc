#include "control/canary.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "base/scheduler.h"
#include "support/eager.h"
#include "support/eventually.h"
#include "support/fake_connector.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "support/untimed_pool.h"

namespace scidex::control {
namespace {

using std::chrono::seconds;
using test::Eventually;

// Refuses writes by default.
class FakeTester final : public WriteTester {
 public:
  WriteAttempt TryWrite(pool::Connection& connection, base::TimePoint,
                        const std::stop_token&) override {
    base::MutexLock lock(mutex_);
    ++tries_;
    was_prepared_ = dynamic_cast<test::FakeConnection&>(connection).session().prepares() > 0;
    return next_;
  }
  void Answer(WriteAttempt::Result result, bool in_recovery = false) {
    base::MutexLock lock(mutex_);
    next_ = {result, in_recovery, {"as told", ""}};
  }
  int tries() {
    base::MutexLock lock(mutex_);
    return tries_;
  }
  bool was_prepared() {
    base::MutexLock lock(mutex_);
    return was_prepared_;
  }

 private:
  base::Mutex mutex_;
  WriteAttempt next_ SCIDEX_GUARDED_BY(mutex_) = {WriteAttempt::Result::kRefused, false, {}};
  int tries_ SCIDEX_GUARDED_BY(mutex_) = 0;
  bool was_prepared_ SCIDEX_GUARDED_BY(mutex_) = false;
};

class CanaryTest : public testing::Test {
 protected:
  static pool::PoolOptions SingleConnection() {
    pool::PoolOptions options = test::UntimedPool(1);
    options.min_idle = 1;
    return options;
  }
  void Start(ProbeOptions options = {}) {
    ASSERT_TRUE(Eventually(test::kPatience, [&] { return pool_.Stats().idle == 1; }));
    // Waits until the pool's housekeeping, which briefly holds the idle session, has run.
    ASSERT_TRUE(pool_clock_.AwaitSleepers(1, seconds(1)));
    canary_.emplace(options, pool_, tester_, scheduler_);
    canary_->Start();
  }
  // Waits until `count` writes were attempted.
  void AwaitAttempts(int count) {
    ASSERT_TRUE(Eventually(test::kPatience,
                           [&] { return tester_.tries() == count && pool_.Stats().in_use == 0; }));
  }
  std::uint64_t Evicted(pool::EvictReason reason) { return pool_.Stats().evictions[reason]; }

  test::ManualClock clock_;
  base::Scheduler scheduler_{clock_, test::kEager};
  // Does not move: a canary that finds the idle session being checked retries later.
  test::ManualClock pool_clock_;
  base::Scheduler pool_scheduler_{pool_clock_, test::kEager};
  std::shared_ptr<test::FakeConnector> connector_ = std::make_shared<test::FakeConnector>();
  FakeTester tester_;
  pool::Pool pool_{"ro", SingleConnection(), {connector_, pool_scheduler_, pool_clock_}};
  std::optional<Canary> canary_;
};

TEST_F(CanaryTest, NothingIsKnownBeforeTheFirstTry) {
  pool::Lease lease = pool_.Acquire();
  canary_.emplace(ProbeOptions{}, pool_, tester_, scheduler_);
  canary_->Start();
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  EXPECT_EQ(canary_->Stats().success, std::nullopt);
  EXPECT_EQ(canary_->Stats().last_run, base::WallTime{});
}

TEST_F(CanaryTest, RefusedWriteOfAVerifiedSessionIsASuccess) {
  Start();
  AwaitAttempts(1);
  ASSERT_TRUE(Eventually(test::kPatience, [&] { return canary_->Stats().success == true; }));
  EXPECT_EQ(canary_->Stats().proof, CanaryProof::kSetting);
  EXPECT_EQ(canary_->Stats().last_run, clock_.WallNow());
  EXPECT_TRUE(tester_.was_prepared());
  EXPECT_EQ(pool_.Stats().idle, 1u);
}

TEST_F(CanaryTest, TimeSinceTheLatestWriteIgnoresStepsOfTheWallClock) {
  Start();
  ASSERT_TRUE(Eventually(test::kPatience, [&] { return canary_->Stats().success == true; }));
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(60)));
  clock_.StepWall(-std::chrono::hours(24));
  clock_.Advance(seconds(7));
  EXPECT_EQ(canary_->Stats().since_last_run, seconds(7));
  Canary next({}, pool_, tester_, scheduler_);
  next.Inherit(canary_->Stats());
  clock_.Advance(seconds(2));
  EXPECT_EQ(next.Stats().since_last_run, seconds(9));
}

TEST_F(CanaryTest, OnAServerInRecoveryItProvesRecoveryAndNotTheSetting) {
  tester_.Answer(WriteAttempt::Result::kRefused, true);
  Start();
  ASSERT_TRUE(Eventually(test::kPatience, [&] { return canary_->Stats().success == true; }));
  EXPECT_EQ(canary_->Stats().proof, CanaryProof::kRecovery);
}

TEST_F(CanaryTest, AWriteThatIsNotRefusedIsAFailureAndEverySessionIsClosed) {
  const test::LogTap log;
  tester_.Answer(WriteAttempt::Result::kAccepted);
  Start();
  ASSERT_TRUE(Eventually(test::kPatience, [&] { return canary_->Stats().success == false; }));
  EXPECT_EQ(Evicted(pool::EvictReason::kReadOnlyUnproven), 1u);
  ASSERT_TRUE(Eventually(test::kPatience, [&] { return !log.Lines().empty(); }));
  EXPECT_NE(log.Lines().back().find("was not refused as read-only"), std::string::npos);
}

TEST_F(CanaryTest, WithoutAnAnswerItIsUndecidedAndRetriedAfterAProbeInterval) {
  tester_.Answer(WriteAttempt::Result::kUnknown);
  Start();
  AwaitAttempts(1);
  EXPECT_EQ(Evicted(pool::EvictReason::kDead), 1u);
  EXPECT_EQ(canary_->Stats().success, std::nullopt);
  tester_.Answer(WriteAttempt::Result::kRefused);
  ASSERT_TRUE(Eventually(test::kPatience, [&] {
    clock_.Advance(seconds(1));
    return canary_->Stats().success == true;
  }));
}

TEST_F(CanaryTest, RunsAtItsIntervalAndNotEarlier) {
  Start();
  AwaitAttempts(1);
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(60)));
  clock_.Advance(seconds(59));
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  EXPECT_EQ(tester_.tries(), 1);
  clock_.Advance(seconds(1));
  AwaitAttempts(2);
}

TEST_F(CanaryTest, DoesNotWaitIfNoSessionIsIdle) {
  pool::Lease lease = pool_.Acquire();
  canary_.emplace(ProbeOptions{}, pool_, tester_, scheduler_);
  canary_->Start();
  ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
  EXPECT_EQ(pool_.Stats().waiters, 0u);
  EXPECT_EQ(tester_.tries(), 0);
  lease.Release();
  ASSERT_TRUE(Eventually(test::kPatience, [&] {
    clock_.Advance(seconds(1));
    return tester_.tries() == 1;
  }));
}

TEST_F(CanaryTest, AnIntervalOfZeroDisablesIt) {
  ProbeOptions options;
  options.canary_interval = base::Duration::zero();
  Start(options);
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(pool_.Stats().requests, 0u);
}

}  // namespace
}  // namespace scidex::control
