#include <gmock/gmock.h>

#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

using ::testing::HasSubstr;

class PoolHealth : public PoolTest {
 protected:
  // Starts clients that need `count` connections, all of which fail: the pool is in backoff
  // afterwards.
  void FailConnects(std::size_t count) {
    connector_->Block();
    for (std::size_t i = 0; i < count; ++i) clients_.push_back(std::make_unique<Client>(*pool_));
    ASSERT_TRUE(connector_->AwaitBlocked(count));
    connector_->FinishAll(ConnectOutcome::kConnectRefused);
    ASSERT_TRUE(AwaitFailures(count));
  }
  bool AwaitFailures(std::size_t count) {
    return Eventually(kLong, [&] {
      const PoolStats stats = pool_->Stats();
      return stats.connects[ConnectOutcome::kConnectRefused] == count && stats.connecting == 0;
    });
  }

  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_F(PoolHealth, AConnectionIsRecycledOnReleaseAndReused) {
  options_.reset_timeout = 3s;
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  const auto session = connector_->sessions()[0];
  EXPECT_EQ(session->recycles(), 1U);
  EXPECT_EQ(session->recycle_within(), 3s);
  const Lease lease = pool.Acquire();
  EXPECT_EQ(&SessionOf(lease), session.get());
}

TEST_F(PoolHealth, AConnectionThatCannotBeRecycledIsClosed) {
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  SessionOf(lease).FailRecycle();
  lease.Release();
  EXPECT_EQ(connector_->open(), 0U);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kResetFailed], 1U);
  EXPECT_TRUE(pool.Acquire());
}

TEST_F(PoolHealth, EveryAcquirePreparesTheSessionWithinItsDeadline) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  const auto session = connector_->sessions()[0];
  EXPECT_EQ(session->prepares(), 1U);
  EXPECT_EQ(session->prepare_deadline(), clock_.Now() + options_.acquire_timeout);
  EXPECT_THAT(session->borrower(), HasSubstr("EveryAcquirePreparesTheSession"));
  static_cast<void>(pool.Acquire({.deadline = clock_.Now() + 2s}));
  EXPECT_EQ(session->prepares(), 2U);
  EXPECT_EQ(session->prepare_deadline(), clock_.Now() + 2s);
}

TEST_F(PoolHealth, AnIdleConnectionThatDiedIsNeverHandedOut) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  connector_->sessions()[0]->Kill();
  const Lease lease = pool.Acquire();
  EXPECT_EQ(&SessionOf(lease), connector_->sessions()[1].get());
  EXPECT_EQ(connector_->sessions()[0]->prepares(), 1U);
  EXPECT_FALSE(connector_->sessions()[0]->open());
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDead], 1U);
  EXPECT_EQ(troubles_, 1);
}

TEST_F(PoolHealth, EightStaleIdleConnectionsCostTheNextClientOneRetry) {
  options_.max_size = 8;
  Pool& pool = Open();
  AcquireMany(8).clear();
  const auto stale = connector_->sessions();
  for (const auto& session : stale) session->Kill();
  const Lease lease = pool.Acquire();
  // The acquire found the first one dead, and the following sweep the others, so the acquire got a
  // new connection.
  EXPECT_EQ(&SessionOf(lease), connector_->sessions()[8].get());
  EXPECT_EQ(connector_->connects(), 9U);
  for (const auto& session : stale) EXPECT_EQ(session->alive_checks(), 2U);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDead], 8U);
  EXPECT_EQ(connector_->open(), 1U);
}

TEST_F(PoolHealth, SweepKeepsLiveConnections) {
  options_.max_size = 4;
  Open();
  AcquireMany(4).clear();
  const auto sessions = connector_->sessions();
  sessions[3]->Kill();
  sessions[1]->Kill();
  // Whichever it gets first, it ends with a live one, without a connect.
  AcquireMany(2).clear();
  EXPECT_EQ(connector_->connects(), 4U);
  EXPECT_EQ(connector_->open(), 2U);
  EXPECT_TRUE(sessions[0]->open());
  EXPECT_TRUE(sessions[2]->open());
}

TEST_F(PoolHealth, AConnectionFoundLostWhenPreparedIsReplaced) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  connector_->sessions()[0]->FailPrepare(Prepared::Result::kLost);
  const Lease lease = pool.Acquire();
  EXPECT_EQ(&SessionOf(lease), connector_->sessions()[1].get());
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDead], 1U);
  EXPECT_EQ(troubles_, 1);
}

TEST_F(PoolHealth, ASessionThatIsNotShownToBeReadOnlyIsClosedAndNotHandedOut) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  connector_->sessions()[0]->FailPrepare(Prepared::Result::kUnproven);
  const Lease lease = pool.Acquire();
  EXPECT_EQ(&SessionOf(lease), connector_->sessions()[1].get());
  EXPECT_FALSE(connector_->sessions()[0]->open());
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kReadOnlyUnproven], 1U);
}

TEST_F(PoolHealth, SessionOfAServerThatIsNotJudgedIsClosedAndNotHandedOut) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  connector_->sessions()[0]->FailPrepare(Prepared::Result::kOtherServer);
  const Lease lease = pool.Acquire();
  EXPECT_EQ(&SessionOf(lease), connector_->sessions()[1].get());
  EXPECT_FALSE(connector_->sessions()[0]->open());
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kOtherServer], 1U);
}

TEST_F(PoolHealth, ADeadIdleConnectionIsReplacedWithinASecondBeforeAnyoneAsks) {
  options_.min_idle = 1;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 1));
  connector_->sessions()[0]->Kill();
  Tick();
  EXPECT_FALSE(connector_->sessions()[0]->open());
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDead], 1U);
  EXPECT_TRUE(AwaitIdle(pool, 1));
  EXPECT_EQ(troubles_, 1);
}

TEST_F(PoolHealth, ACheckOfEveryIdleConnectionKeepsNoAcquirerWaitingForAConnect) {
  options_.max_size = 4;
  Pool& pool = Open();
  AcquireMany(2).clear();
  const auto session = connector_->sessions()[0];
  ASSERT_TRUE(clock_.AwaitSleepers(1, 1s));
  session->BlockIsAlive();
  clock_.Advance(1s);
  ASSERT_TRUE(session->AwaitBlocked());
  EXPECT_EQ(pool.Stats().idle, 2U);
  Client first(pool);
  Client second(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 2));
  EXPECT_EQ(pool.Stats().connecting, 0U);
  session->Unblock();
  EXPECT_TRUE(first.Get());
  EXPECT_TRUE(second.Get());
  EXPECT_EQ(connector_->connects(), 2U);
}

TEST_F(PoolHealth, AHungServerCostsAnAcquireOneConnectionAndItsOwnDeadline) {
  options_.max_size = 4;
  Pool& pool = Open();
  AcquireMany(4).clear();
  for (const auto& session : connector_->sessions()) {
    session->FailPrepare(Prepared::Result::kLost);
    session->BlockPrepare();
  }
  const auto asked = connector_->sessions()[3];
  Client client(pool);
  ASSERT_TRUE(asked->AwaitBlocked());
  clock_.Advance(5s);
  asked->Unblock();
  EXPECT_THROW(static_cast<void>(client.Get()), AcquireTimeout);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDead], 1U);
  EXPECT_EQ(connector_->open(), 3U);
}

TEST_F(PoolHealth, AHungServerCostsATryAcquireOneConnection) {
  options_.reset_timeout = 1s;
  Pool& pool = Open();
  AcquireMany(2).clear();
  for (const auto& session : connector_->sessions()) {
    session->FailPrepare(Prepared::Result::kLost);
    session->BlockPrepare();
  }
  const auto asked = connector_->sessions()[1];
  auto lease =
      std::async(std::launch::async, [&pool] { return static_cast<bool>(pool.TryAcquire()); });
  ASSERT_TRUE(asked->AwaitBlocked());
  EXPECT_EQ(asked->prepare_deadline(), clock_.Now() + 1s);
  clock_.Advance(1s);
  asked->Unblock();
  EXPECT_FALSE(lease.get());
  EXPECT_EQ(connector_->open(), 1U);
}

TEST_F(PoolHealth, AConnectMustEndByConnectTimeout) {
  options_.connect_timeout = 7s;
  static_cast<void>(Open().Acquire());
  EXPECT_EQ(connector_->deadline(), clock_.Now() + 7s);
}

TEST_F(PoolHealth, AfterAFailureAtMostOneConnectIsUnderWay) {
  options_.max_size = 4;
  Open();
  FailConnects(2);
  EXPECT_EQ(connector_->connects(), 2U);
  // Ticks and new clients do not add to it.
  for (int i = 0; i < 2; ++i) clients_.push_back(std::make_unique<Client>(*pool_));
  ASSERT_TRUE(AwaitWaiters(*pool_, 4));
  EXPECT_EQ(pool_->Stats().connecting, 0U);
  clock_.Advance(options_.backoff.initial);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  pool_->OnServerAnswered();
  EXPECT_EQ(pool_->Stats().connecting, 1U);
  connector_->Finish(ConnectOutcome::kConnectRefused);
  EXPECT_TRUE(AwaitFailures(3));
}

TEST_F(PoolHealth, HungServerBlocksAtMostTwoConnects) {
  options_.max_size = 40;
  options_.backoff = {.initial = 1h, .cap = 1h};
  connector_->Block();
  Open();
  for (int i = 0; i < 40; ++i) clients_.push_back(std::make_unique<Client>(*pool_));
  ASSERT_TRUE(AwaitWaiters(*pool_, 40));
  ASSERT_TRUE(connector_->AwaitBlocked(2));
  EXPECT_EQ(pool_->Stats().connecting, 2U);
  connector_->FinishAll(ConnectOutcome::kConnectTimeout);
  EXPECT_TRUE(Eventually(kLong, [&] { return pool_->Stats().connecting == 0; }));
  EXPECT_EQ(connector_->connects(), 2U);
}

TEST_F(PoolHealth, ConnectThatIsQueuedWhenAnotherFailsIsNotTried) {
  // One thread for connects: the second is queued behind the first.
  base::Scheduler one(clock_, {.grow_after = 1h});
  options_.backoff = {.initial = 1h, .cap = 1h};
  connector_->Block();
  Pool pool("test", options_, {connector_, one, clock_});
  Client first(pool);
  Client second(pool);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  ASSERT_TRUE(Eventually(kLong, [&] { return pool.Stats().connecting == 2; }));
  connector_->Finish(ConnectOutcome::kConnectTimeout);
  EXPECT_TRUE(Eventually(kLong, [&] { return pool.Stats().connecting == 0; }));
  EXPECT_EQ(connector_->connects(), 1U);
}

TEST_F(PoolHealth, LocalFailureIsRetriedAndIsNoTrouble) {
  options_.backoff = {.initial = 1s, .cap = 1s};
  connector_->Fail(ConnectOutcome::kLocalFailure);
  Pool& pool = Open();
  Client client(pool);
  ASSERT_TRUE(
      Eventually(kLong, [&] { return pool.Stats().connects[ConnectOutcome::kLocalFailure] == 1; }));
  connector_->Succeed();
  ASSERT_TRUE(clock_.AwaitSleepers(1, 1s));
  clock_.Advance(1s);
  EXPECT_TRUE(client.Get());
  EXPECT_EQ(troubles_, 0);
}

TEST_F(PoolHealth, DeadlineThatHasPassedCostsNoSession) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  const auto session = connector_->sessions()[0];
  session->FailPrepare(Prepared::Result::kNotTried);
  for (int i = 0; i < 20; ++i) EXPECT_THROW(static_cast<void>(pool.Acquire()), AcquireTimeout);
  EXPECT_FALSE(pool.TryAcquire());
  EXPECT_TRUE(session->open());
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.idle, 1U);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kTimeout], 20U);
  EXPECT_EQ(Sum(stats.acquires), stats.requests);
  EXPECT_EQ(Sum(stats.evictions), 0U);
  EXPECT_EQ(troubles_, 0);
}

TEST_F(PoolHealth, DeadSessionsNotYetReportedByTheWatchCostOneRetry) {
  options_.max_size = 8;
  Pool& pool = Open();
  AcquireMany(8).clear();
  for (const auto& session : connector_->sessions()) session->KillUnnoticed();
  // The watch has not run yet, as on a busy machine: one is lent, and its borrower notices.
  Lease lease = pool.Acquire();
  SessionOf(lease).FailRecycle(Recycled::kLost);
  lease.Release();
  lease = pool.Acquire();
  EXPECT_EQ(&SessionOf(lease), connector_->sessions()[8].get());
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDead], 8U);
}

TEST_F(PoolHealth, SessionThatWasIdleForLongIsCheckedByTheKernel) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  connector_->sessions()[0]->KillUnnoticed();
  clock_.Advance(10ms);
  const Lease lease = pool.Acquire();
  EXPECT_EQ(&SessionOf(lease), connector_->sessions()[1].get());
}

TEST_F(PoolHealth, AfterAnyOutageTheNextAttemptComesWithinTheCap) {
  options_.acquire_timeout = 24h;
  options_.backoff = {.initial = 100ms, .cap = 5s};
  Open();
  FailConnects(1);
  for (std::size_t failures = 1; failures < 20; ++failures) {
    ASSERT_EQ(connector_->connects(), failures);
    clock_.Advance(5s);
    ASSERT_TRUE(connector_->AwaitBlocked(1)) << failures;
    connector_->Finish(ConnectOutcome::kConnectRefused);
    ASSERT_TRUE(AwaitFailures(failures + 1));
  }
  clock_.Advance(5s);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  connector_->Finish();
  EXPECT_TRUE(clients_[0]->Get());
}

TEST_F(PoolHealth, ASuccessStartsTheBackoffAfresh) {
  options_.acquire_timeout = 24h;
  options_.backoff = {.initial = 1ms, .cap = 1h};
  Open();
  FailConnects(1);
  for (std::size_t failures = 1; failures < 30; ++failures) {
    pool_->OnServerAnswered();
    ASSERT_TRUE(connector_->AwaitBlocked(1));
    connector_->Finish(ConnectOutcome::kConnectRefused);
    ASSERT_TRUE(AwaitFailures(failures + 1));
  }
  pool_->OnServerAnswered();
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  connector_->Finish();
  clients_[0]->Get().Evict();
  Client again(*pool_);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  connector_->Finish(ConnectOutcome::kConnectRefused);
  ASSERT_TRUE(AwaitFailures(31));
  clock_.Advance(1ms);
  EXPECT_TRUE(connector_->AwaitBlocked(1));
}

TEST_F(PoolHealth, AServerThatAnswersEndsTheBackoff) {
  options_.backoff = {.initial = 1h, .cap = 1h};
  Open();
  FailConnects(1);
  pool_->OnServerAnswered();
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  connector_->Finish();
  EXPECT_TRUE(clients_[0]->Get());
}

TEST_F(PoolHealth, AServerThatAnswersStartsNothingInAPoolThatHasNotFailed) {
  Pool& pool = Open();
  pool.OnServerAnswered();
  EXPECT_EQ(pool.Stats().connecting, 0U);
  EXPECT_EQ(connector_->connects(), 0U);
}

TEST_F(PoolHealth, SuccessesAfterAFailureOpenMoreAndMoreAtOnce) {
  options_.max_size = 4;
  options_.backoff = {.initial = 1h, .cap = 1h};
  Open();
  FailConnects(2);
  for (int i = 0; i < 2; ++i) clients_.push_back(std::make_unique<Client>(*pool_));
  ASSERT_TRUE(AwaitWaiters(*pool_, 4));
  pool_->OnServerAnswered();
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  EXPECT_EQ(pool_->Stats().connecting, 1U);
  connector_->Finish();
  ASSERT_TRUE(connector_->AwaitBlocked(2));
  EXPECT_EQ(pool_->Stats().connecting, 2U);
  EXPECT_TRUE(Eventually(kLong, [&] {
    connector_->FinishAll();
    return pool_->Stats().in_use == 4;
  }));
}

TEST_F(PoolHealth, TheIdleFloorIsRestoredAfterAnOutageWithoutAnyClient) {
  options_.min_idle = 2;
  options_.backoff = {.initial = 100ms, .cap = 5s};
  connector_->Fail();
  Pool& pool = Open();
  ASSERT_TRUE(Eventually(
      kLong, [&] { return pool.Stats().connects[ConnectOutcome::kConnectRefused] > 0; }));
  ASSERT_TRUE(Eventually(kLong, [&] { return pool.Stats().connecting == 0; }));
  connector_->Succeed();
  ASSERT_TRUE(clock_.AwaitSleepers(1, 1s));
  clock_.Advance(5s);
  EXPECT_TRUE(AwaitIdle(pool, 2));
}

TEST_F(PoolHealth, FailedConnectIsReportedAsTrouble) {
  connector_->Fail();
  Pool& pool = Open();
  Client client(pool);
  EXPECT_TRUE(Eventually(kLong, [&] { return troubles_ == 1; }));
}

TEST_F(PoolHealth, PeerHangUpIsTroubleImmediatelyAndClosesTheIdleConnection) {
  Pool& pool = Open();
  pool.Acquire().Release();
  const std::shared_ptr<test::FakeSession> session = connector_->sessions().front();
  session->Kill();
  session->observer()->OnPeerGone();
  EXPECT_GE(troubles_, 1);
  EXPECT_TRUE(Eventually(kLong, [&] { return !session->open(); }));
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDead], 1u);
}

TEST_F(PoolHealth, PeerHangUpOnABorrowerIsTroubleToo) {
  Pool& pool = Open();
  const Lease lease = pool.Acquire();
  SessionOf(lease).observer()->OnPeerGone();
  EXPECT_GE(troubles_, 1);
}

TEST_F(PoolHealth, SessionOnTheWrongServerReplacesAllSessions) {
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  SessionOf(lease).observer()->OnWrongServer();
  EXPECT_GE(troubles_, 1);
  lease.Release();
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDrained], 1u);
}

TEST_F(PoolHealth, SessionsOnTheWrongServerReplaceAllAtMostOnceASecond) {
  Pool& pool = Open();
  for (int i = 0; i < 3; ++i) {
    const Lease lease = pool.Acquire();
    SessionOf(lease).observer()->OnWrongServer();
  }
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDrained], 1u);
  clock_.Advance(std::chrono::seconds(1));
  {
    const Lease lease = pool.Acquire();
    SessionOf(lease).observer()->OnWrongServer();
  }
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kDrained], 2u);
}

TEST_F(PoolHealth, SessionUnprovenAtItsConnectIsCounted) {
  connector_->Fail(ConnectOutcome::kReadOnlyUnproven);
  options_.min_idle = 1;
  const Pool& pool = Open();
  EXPECT_TRUE(Eventually(kLong, [&] { return pool.Stats().read_only_unproven > 0; }));
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.read_only_unproven, stats.connects[ConnectOutcome::kReadOnlyUnproven]);
}

TEST_F(PoolHealth, ReportsOfASessionAreCounted) {
  Pool& pool = Open();
  const Lease lease = pool.Acquire();
  SessionObserver& observer = *SessionOf(lease).observer();
  observer.OnReadOnlyViolation();
  observer.OnReadOnlyViolation();
  observer.OnReadOnlyViolation();
  observer.OnReadOnlyTampered();
  observer.OnReadOnlyTampered();
  observer.OnReadOnlyUnproven();
  for (int i = 0; i < 4; ++i) observer.OnReadOnlyWrite();
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.read_only_violations, 3U);
  EXPECT_EQ(stats.read_only_tampered, 2U);
  EXPECT_EQ(stats.read_only_unproven, 1U);
  EXPECT_EQ(stats.read_only_writes, 4U);
}

}  // namespace
}  // namespace scidex::pool
