// Acquires that are stopped while the server does not answer the check of their connection.
#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

class PoolStop : public PoolTest {
 protected:
  // Returns a session that is idle and whose next check is never answered.
  std::shared_ptr<FakeSession> OpenWithHungSession() {
    static_cast<void>(Open().Acquire());
    const auto session = connector_->sessions()[0];
    session->BlockPrepare();
    return session;
  }
  // The first acquire, which opened the session, was served.
  void ExpectOneMore(AcquireOutcome outcome) {
    const PoolStats stats = pool_->Stats();
    EXPECT_EQ(stats.acquires[outcome], 1U);
    EXPECT_EQ(stats.requests, 2U);
    EXPECT_EQ(Sum(stats.acquires), 2U);
    EXPECT_EQ(stats.acquire_wait.total(), 2U);
    EXPECT_EQ(stats.in_use, 0U);
  }
};

TEST_F(PoolStop, AnAcquireIsCancelledDuringItsCheck) {
  const auto session = OpenWithHungSession();
  Client client(*pool_);
  ASSERT_TRUE(session->AwaitBlocked());
  client.Cancel();
  EXPECT_THROW(static_cast<void>(client.Get()), AcquireCancelled);
  ExpectOneMore(AcquireOutcome::kCancelled);
  EXPECT_FALSE(session->open());
  EXPECT_EQ(pool_->Stats().evictions[EvictReason::kBorrower], 1U);
  EXPECT_EQ(troubles_, 0);
}

TEST_F(PoolStop, AWaiterIsCancelledDuringItsCheck) {
  options_.max_size = 1;
  Lease lease = Open().Acquire();
  const auto session = connector_->sessions()[0];
  session->BlockPrepare();
  Client client(*pool_);
  ASSERT_TRUE(AwaitWaiters(*pool_, 1));
  lease.Release();
  ASSERT_TRUE(session->AwaitBlocked());
  client.Cancel();
  EXPECT_THROW(static_cast<void>(client.Get()), AcquireCancelled);
  ExpectOneMore(AcquireOutcome::kCancelled);
  EXPECT_FALSE(session->open());
}

TEST_F(PoolStop, AnAcquireStoppedBeforeItsCheckCostsNoSession) {
  const auto session = OpenWithHungSession();
  session->BlockIsAlive();
  Client client(*pool_);
  ASSERT_TRUE(session->AwaitBlocked());
  client.Cancel();
  session->FailPrepare(Prepared::Result::kNotTried);
  session->Unblock();
  EXPECT_THROW(static_cast<void>(client.Get()), AcquireCancelled);
  ExpectOneMore(AcquireOutcome::kCancelled);
  EXPECT_TRUE(session->open());
}

TEST_F(PoolStop, ATryAcquireEndsDuringItsCheckAndIsNotCounted) {
  const auto session = OpenWithHungSession();
  std::stop_source stop;
  auto tried = std::async(std::launch::async, [&] {
    return static_cast<bool>(pool_->TryAcquire({std::nullopt, stop.get_token()}));
  });
  ASSERT_TRUE(session->AwaitBlocked());
  stop.request_stop();
  EXPECT_FALSE(tried.get());
  EXPECT_EQ(pool_->Stats().requests, 1U);
  EXPECT_EQ(Sum(pool_->Stats().acquires), 1U);
}

TEST_F(PoolStop, AnAcquireMovesDuringItsCheckAndIsNotCounted) {
  const auto session = OpenWithHungSession();
  std::stop_source moves;
  auto moved = std::async(std::launch::async, [&] {
    AcquireOptions options;
    options.moves = &moves;
    return pool_->Acquire(options).Forward();
  });
  ASSERT_TRUE(session->AwaitBlocked());
  moves.request_stop();
  EXPECT_THROW(static_cast<void>(moved.get()), AcquireMoved);
  EXPECT_EQ(pool_->Stats().requests, 1U);
  EXPECT_EQ(Sum(pool_->Stats().acquires), 1U);
}

TEST_F(PoolStop, CloseEndsAnAcquireDuringItsCheck) {
  const auto session = OpenWithHungSession();
  Client client(*pool_);
  ASSERT_TRUE(session->AwaitBlocked());
  pool_->Close();
  EXPECT_THROW(static_cast<void>(client.Get()), PoolClosed);
  ExpectOneMore(AcquireOutcome::kClosed);
}

TEST_F(PoolStop, AnAcquireThatMovedTooLateTakesNoIdleConnection) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  AcquireOptions moved{.deadline = clock_.Now() + 1s};
  moved.started = clock_.Now();
  clock_.Advance(1s);
  EXPECT_FALSE(pool.TryAcquire(moved));
  EXPECT_THROW(static_cast<void>(pool.Acquire(moved)), AcquireTimeout);
  ExpectOneMore(AcquireOutcome::kTimeout);
  EXPECT_EQ(pool.Stats().acquire_wait.sum(), 1s);
}

}  // namespace
}  // namespace scidex::pool
