#include <gmock/gmock.h>

#include "unit/pool/pool_invariants.h"
#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

using ::testing::HasSubstr;

using PoolNumbers = PoolTest;

std::uint64_t Lent(const PoolStats& stats) {
  return stats.acquires[AcquireOutcome::kImmediate] + stats.acquires[AcquireOutcome::kWaited];
}

TEST_F(PoolNumbers, AreRightAtRest) {
  options_.max_size = 5;
  options_.min_idle = 2;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.size, 2U);
  EXPECT_EQ(stats.in_use, 0U);
  EXPECT_EQ(stats.connecting, 0U);
  EXPECT_EQ(stats.waiters, 0U);
  EXPECT_EQ(stats.requests, 0U);
  EXPECT_EQ(stats.connects[ConnectOutcome::kOk], 2U);
  EXPECT_EQ(stats.oldest_waiter, 0s);
  EXPECT_EQ(stats.oldest_lease(), 0s);
}

TEST_F(PoolNumbers, AreRightWithThreeInUseAndSevenWaiting) {
  options_.max_size = 3;
  Pool& pool = Open();
  const auto leases = AcquireMany(3);
  clock_.Advance(100ms);
  std::vector<std::unique_ptr<Client>> clients;
  clients.push_back(std::make_unique<Client>(pool));
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  clock_.Advance(100ms);
  for (int i = 0; i < 6; ++i) clients.push_back(std::make_unique<Client>(pool));
  ASSERT_TRUE(AwaitWaiters(pool, 7));
  clock_.Advance(100ms);
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.size, 3U);
  EXPECT_EQ(stats.in_use, 3U);
  EXPECT_EQ(stats.idle, 0U);
  EXPECT_EQ(stats.waiters, 7U);
  EXPECT_EQ(stats.requests, 10U);
  EXPECT_EQ(stats.oldest_waiter, 200ms);
  EXPECT_EQ(stats.oldest_lease(), 300ms);
}

TEST_F(PoolNumbers, TheThreeOldestLeasesAreNamedOldestFirst) {
  options_.max_size = 4;
  Pool& pool = Open();
  std::vector<Lease> leases;
  const unsigned line = __LINE__ + 2;
  for (int i = 0; i < 4; ++i) {
    leases.push_back(pool.Acquire());
    clock_.Advance(1s);
  }
  leases.erase(leases.begin());
  leases.push_back(pool.Acquire());
  const PoolStats stats = pool.Stats();
  ASSERT_EQ(stats.oldest_leases.size(), 3U);
  EXPECT_EQ(stats.oldest_leases[0].age, 3s);
  EXPECT_EQ(stats.oldest_leases[1].age, 2s);
  EXPECT_EQ(stats.oldest_leases[2].age, 1s);
  EXPECT_EQ(stats.oldest_leases[0].borrower.line(), line);
}

TEST_F(PoolNumbers, LeasesAndWaitersOfANamedClientAreReported) {
  options_.max_size = 1;
  options_.leak_after = 7min;
  Pool& pool = Open();
  const auto client = std::make_shared<const std::string>("orders");
  Lease lease = pool.Acquire({.client = client});
  EXPECT_EQ(pool.Stats().leak_after, 7min);
  ASSERT_EQ(pool.Stats().oldest_leases.size(), 1U);
  EXPECT_EQ(pool.Stats().oldest_leases[0].client, "orders");
  EXPECT_EQ(pool.Stats().oldest_leases[0].backend_pid, test::FakeConnection::kBackendPid);
  Client application(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  EXPECT_EQ(pool.Stats().client_waiters, 0U);
  auto waiter = std::async(std::launch::async, [&] { return pool.Acquire({.client = client}); });
  ASSERT_TRUE(AwaitWaiters(pool, 2));
  EXPECT_EQ(pool.Stats().client_waiters, 1U);
  lease.Release();
  application.Get().Release();
  waiter.get().Release();
  EXPECT_EQ(pool.Stats().client_waiters, 0U);
  const Lease next = pool.Acquire();
  EXPECT_EQ(pool.Stats().oldest_leases[0].client, "");
}

TEST_F(PoolNumbers, EachRequestEndsInExactlyOneOutcome) {
  options_.max_size = 1;
  options_.max_waiters = 2;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  lease.Release();
  lease = pool.Acquire();
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_THROW(static_cast<void>(pool.Acquire({.stop = stopped.get_token()})), AcquireCancelled);
  {
    Client hasty(pool, clock_.Now() + 1s);
    ASSERT_TRUE(AwaitWaiters(pool, 1));
    Client cancelled(pool);
    ASSERT_TRUE(AwaitWaiters(pool, 2));
    EXPECT_THROW(static_cast<void>(pool.Acquire()), QueueFull);
    cancelled.Cancel();
    EXPECT_THROW(static_cast<void>(cancelled.Get()), AcquireCancelled);
    clock_.Advance(1s);
    EXPECT_THROW(static_cast<void>(hasty.Get()), AcquireTimeout);
  }
  Client last(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  pool.Close();
  EXPECT_THROW(static_cast<void>(last.Get()), PoolClosed);
  EXPECT_THROW(static_cast<void>(pool.Acquire()), PoolClosed);
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.acquires[AcquireOutcome::kWaited], 1U);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kImmediate], 1U);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kCancelled], 2U);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kTimeout], 1U);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kQueueFull], 1U);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kClosed], 2U);
  EXPECT_EQ(stats.requests, 8U);
  EXPECT_EQ(stats.acquire_wait.total(), 8U);
}

TEST_F(PoolNumbers, AcquireCancelledDuringItsConnectLeavesTheConnectionIdle) {
  connector_->Block();
  Pool& pool = Open();
  Client client(pool);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  client.Cancel();
  EXPECT_THROW(static_cast<void>(client.Get()), AcquireCancelled);
  connector_->Finish();
  EXPECT_TRUE(AwaitIdle(pool, 1));
  EXPECT_EQ(pool.Stats().requests, 1U);
  EXPECT_EQ(pool.Stats().acquires[AcquireOutcome::kCancelled], 1U);
}

TEST_F(PoolNumbers, WaitsThatFailAreMeasuredToo) {
  options_.max_size = 1;
  Pool& pool = Open();
  const Lease lease = pool.Acquire();
  Client client(pool, clock_.Now() + 3s);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  clock_.Advance(3s);
  EXPECT_THROW(static_cast<void>(client.Get()), AcquireTimeout);
  EXPECT_EQ(pool.Stats().acquire_wait.total(), 2U);
  EXPECT_EQ(pool.Stats().acquire_wait.sum(), 3s);
}

TEST_F(PoolNumbers, AWaitIsMeasuredFromAcquireToLease) {
  options_.max_size = 1;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  clock_.Advance(2s);
  lease.Release();
  lease = client.Get();
  EXPECT_EQ(pool.Stats().acquire_wait.sum(), 2s);
  EXPECT_EQ(pool.Stats().oldest_lease(), 0s);
}

TEST_F(PoolNumbers, AWaitThatADeadConnectionMadeLongerIsMeasuredInFull) {
  Pool& pool = Open();
  AcquireMany(2).clear();
  const auto dead = connector_->sessions()[1];
  dead->BlockPrepare();
  dead->FailPrepare(Prepared::Result::kLost);
  Client client(pool);
  ASSERT_TRUE(dead->AwaitBlocked());
  clock_.Advance(2s);
  dead->Unblock();
  const Lease lease = client.Get();
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.acquire_wait.sum(), 2s);
  EXPECT_EQ(stats.acquire_wait.total(), 3U);
  EXPECT_EQ(stats.oldest_lease(), 0s);
  EXPECT_EQ(stats.requests, 3U);
  // Housekeeping may be checking the other one at that moment.
  EXPECT_EQ(stats.acquires[AcquireOutcome::kImmediate] + stats.acquires[AcquireOutcome::kWaited],
            3U);
}

TEST_F(PoolNumbers, AcquireIsCountedOnlyOnceItsConnectionIsVerified) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  const auto session = connector_->sessions()[0];
  session->BlockPrepare();
  Client client(pool);
  ASSERT_TRUE(session->AwaitBlocked());
  PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.in_use, 1U);
  EXPECT_EQ(stats.requests, 1U);
  EXPECT_EQ(stats.waiters, 0U);
  EXPECT_EQ(Lent(stats), 1U);
  EXPECT_EQ(stats.acquire_wait.total(), 1U);
  session->Unblock();
  const Lease lease = client.Get();
  stats = pool.Stats();
  EXPECT_EQ(stats.requests, 2U);
  EXPECT_EQ(Lent(stats), 2U);
  EXPECT_EQ(stats.acquire_wait.total(), 2U);
}

TEST_F(PoolNumbers, WaiterCountsUntilItsConnectionIsVerified) {
  options_.max_size = 1;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  const auto session = connector_->sessions()[0];
  session->BlockPrepare();
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  clock_.Advance(1s);
  lease.Release();
  ASSERT_TRUE(session->AwaitBlocked());
  clock_.Advance(1s);
  PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.in_use, 1U);
  EXPECT_EQ(stats.waiters, 1U);
  EXPECT_EQ(stats.oldest_waiter, 2s);
  EXPECT_EQ(stats.requests, 2U);
  EXPECT_EQ(Lent(stats), 1U);
  session->Unblock();
  lease = client.Get();
  stats = pool.Stats();
  EXPECT_EQ(stats.waiters, 0U);
  EXPECT_EQ(stats.requests, 2U);
  EXPECT_EQ(Lent(stats), 2U);
}

TEST_F(PoolNumbers, UseAndConnectAreMeasured) {
  connector_->Block();
  Pool& pool = Open();
  Client client(pool);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  clock_.Advance(2s);
  connector_->Finish();
  Lease lease = client.Get();
  EXPECT_EQ(pool.Stats().use.total(), 0U);
  clock_.Advance(3s);
  lease.Release();
  EXPECT_EQ(pool.Stats().connect.total(), 1U);
  EXPECT_EQ(pool.Stats().connect.sum(), 2s);
  EXPECT_EQ(pool.Stats().use.total(), 1U);
  EXPECT_EQ(pool.Stats().use.sum(), 3s);
}

TEST_F(PoolNumbers, ProofOfReadOnlyIsCountedWithItsLease) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  connector_->sessions()[0]->ProveBy(ReadOnlyProof::kSet);
  Lease lease = pool.Acquire();
  EXPECT_EQ(pool.Stats().read_only_proofs[ReadOnlyProof::kSet], 1U);
  lease.Release();
  EXPECT_EQ(pool.Stats().read_only_proofs[ReadOnlyProof::kSet], 1U);
  connector_->sessions()[0]->ProveBy(ReadOnlyProof::kReported);
  static_cast<void>(pool.Acquire());
  EXPECT_EQ(pool.Stats().read_only_proofs[ReadOnlyProof::kSet], 1U);
  EXPECT_EQ(pool.Stats().read_only_proofs[ReadOnlyProof::kReported], 1U);
  EXPECT_EQ(pool.Stats().read_only_proofs[ReadOnlyProof::kNone], 1U);
}

TEST_F(PoolNumbers, TheLastFailureToConnectIsShownUntilOneSucceeds) {
  connector_->Fail(ConnectOutcome::kAuthFailed);
  Pool& pool = Open();
  Client client(pool);
  ASSERT_TRUE(
      Eventually(kLong, [&] { return pool.Stats().connects[ConnectOutcome::kAuthFailed] == 1; }));
  EXPECT_EQ(pool.Stats().last_connect_outcome, ConnectOutcome::kAuthFailed);
  EXPECT_EQ(pool.Stats().last_connect_message, "the fake says auth_failed");
  connector_->Succeed();
  pool.OnServerAnswered();
  const Lease lease = client.Get();
  EXPECT_EQ(pool.Stats().last_connect_outcome, ConnectOutcome::kOk);
  EXPECT_EQ(pool.Stats().last_connect_message, "");
}

TEST_F(PoolNumbers, TheSummaryNamesEveryStateAndTheLongestHolder) {
  PoolStats stats;
  stats.in_use = 3;
  stats.connecting = 1;
  stats.max_size = 5;
  stats.waiters = 7;
  stats.idle = 2;
  EXPECT_EQ(Summary(stats), "3 in use + 2 idle + 1 connecting of 5, 7 waiting");
  const std::string line = std::to_string(__LINE__ + 1);
  stats.oldest_leases.push_back({base::CallSite::current(), 1s});
  EXPECT_THAT(Summary(stats),
              AllOf(HasSubstr("3 in use + 2 idle + 1 connecting of 5, 7 waiting; longest held by "),
                    HasSubstr("pool_numbers_test.cc:" + line)));
}

TEST(RetiredPool, ItsAcquiresWaitInItsSuccessorUntilTheyMoveThere) {
  PoolStats before;
  before.requests = before.waiters = before.client_waiters = before.in_use = 1;
  before.oldest_waiter = 2s;
  PoolStats stats;
  AddRetired(stats, before);
  EXPECT_EQ(Contradiction(stats), "");
  EXPECT_EQ(stats.waiters, 1U);
  EXPECT_EQ(stats.client_waiters, 1U);
  EXPECT_EQ(stats.oldest_waiter, 2s);
  EXPECT_EQ(stats.in_use, 0U);
  EXPECT_EQ(stats.retired_leases, 1U);
}

}  // namespace
}  // namespace scidex::pool
