#include <gmock/gmock.h>

#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

using ::testing::HasSubstr;

class PoolOpen : public PoolTest {
 protected:
  PoolOpen() { options_.min_idle = 2; }
};

TEST_F(PoolOpen, WaitingForReadinessReturnsWhenMinIdleConnectionsAreOpen) {
  connector_->Block();
  Pool& pool = Open();
  ASSERT_TRUE(connector_->AwaitBlocked(2));
  auto ready = std::async(std::launch::async, [&] { pool.AwaitReady(base::kNever); });
  connector_->Finish(ConnectOutcome::kOk);
  ASSERT_TRUE(AwaitIdle(pool, 1));
  EXPECT_EQ(ready.wait_for(0s), std::future_status::timeout);
  connector_->Finish(ConnectOutcome::kOk);
  ASSERT_EQ(ready.wait_for(kLong), std::future_status::ready);
  EXPECT_NO_THROW(ready.get());
}

TEST_F(PoolOpen, ReadinessCanBeAwaitedAgainAndBySeveralThreads) {
  Pool& pool = Open();
  std::vector<std::future<void>> threads;
  for (int i = 0; i < 8; ++i) {
    threads.push_back(std::async(std::launch::async, [&] { pool.AwaitReady(base::kNever); }));
  }
  for (auto& thread : threads) EXPECT_NO_THROW(thread.get());
  EXPECT_NO_THROW(pool.AwaitReady(base::kNever));
}

TEST_F(PoolOpen, ConnectionsThatAreLentAreReadyToo) {
  Pool& pool = Open();
  pool.AwaitReady(base::kNever);
  const auto held = AcquireMany(2);
  EXPECT_NO_THROW(pool.AwaitReady(base::kNever));
}

TEST_F(PoolOpen, PoolThatIsNotReadyInTimeReportsItsConnectError) {
  connector_->Fail(ConnectOutcome::kAuthFailed);
  Pool& pool = Open();
  ASSERT_TRUE(
      Eventually(kLong, [&] { return pool.Stats().connects[ConnectOutcome::kAuthFailed] > 0; }));
  try {
    pool.AwaitReady(clock_.Now());
    FAIL() << "ready";
  } catch (const AcquireTimeout& error) {
    EXPECT_THAT(error.what(), HasSubstr("not ready in time, min_idle is 2"));
    EXPECT_THAT(error.what(), HasSubstr("the last connect failed: auth_failed"));
  }
  EXPECT_EQ(pool.Stats().requests, 0U);
}

TEST_F(PoolOpen, WaitingForReadinessCanBeCancelled) {
  connector_->Block();
  Pool& pool = Open();
  std::stop_source stop;
  auto ready =
      std::async(std::launch::async, [&] { pool.AwaitReady(base::kNever, stop.get_token()); });
  stop.request_stop();
  EXPECT_THROW(ready.get(), AcquireCancelled);
}

TEST_F(PoolOpen, CloseEndsWaitingForReadiness) {
  connector_->Block();
  Pool& pool = Open();
  std::vector<std::future<void>> threads;
  for (int i = 0; i < 4; ++i) {
    threads.push_back(std::async(std::launch::async, [&] { pool.AwaitReady(base::kNever); }));
  }
  pool.Close();
  for (auto& thread : threads) EXPECT_THROW(thread.get(), PoolClosed);
  EXPECT_THROW(pool.AwaitReady(base::kNever), PoolClosed);
}

TEST_F(PoolOpen, AClosedPoolStaysClosed) {
  Pool& pool = Open();
  pool.Close();
  pool.Resume();
  pool.Drain();
  pool.OnServerAnswered();
  EXPECT_THROW(static_cast<void>(pool.Acquire()), PoolClosed);
  EXPECT_EQ(pool.Stats().size, 0U);
}

}  // namespace
}  // namespace scidex::pool
