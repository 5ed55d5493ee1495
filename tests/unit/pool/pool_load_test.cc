// Pools with more clients than connections.
#include <deque>

#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

class PoolLoad : public PoolTest {
 protected:
  // Starts a client. Returns when it has its lease or waits.
  std::unique_ptr<Client> StartClient() {
    const auto settled = [this] {
      const PoolStats stats = pool_->Stats();
      return stats.waiters + Sum(stats.acquires);
    };
    const std::uint64_t before = settled();
    clock_.Advance(1ns);
    auto client = std::make_unique<Client>(*pool_);
    EXPECT_TRUE(Eventually(kLong, [&] { return settled() == before + 1; }));
    return client;
  }
};

TEST_F(PoolLoad, SixClientsOnTwoConnectionsAreServedTwoByTwo) {
  options_.handoff_after = 5ms;
  Pool& pool = Open();
  AcquireMany(2).clear();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(StartClient());
  std::vector<base::Duration> waits;
  const base::TimePoint start = clock_.Now();
  for (std::size_t i = 0; i < 6; i += 2) {
    const Lease first = clients[i]->Get();
    const Lease second = clients[i + 1]->Get();
    for (std::size_t later = i + 2; later < 6; ++later) EXPECT_FALSE(clients[later]->Ended());
    clock_.Advance(200ms);
  }
  EXPECT_EQ(clock_.Now() - start, 600ms);
  // Nothing for two, 0.2 s for two, 0.4 s for two, and the nanoseconds in which they arrived.
  EXPECT_EQ(pool.Stats().acquire_wait.sum(), 1200ms + 6ns);
}

TEST_F(PoolLoad, SpikeGrowsThePoolOnlyByConnectsAlreadyBegun) {
  options_ = PoolOptions();
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  // Connects that take longer than two connections need to serve the whole queue.
  connector_->Block();
  std::vector<std::future<void>> clients;
  {
    const auto held = AcquireMany(2);
    for (int i = 0; i < 50; ++i) {
      clients.push_back(
          std::async(std::launch::async, [&pool] { static_cast<void>(pool.Acquire()); }));
    }
    ASSERT_TRUE(AwaitWaiters(pool, 50));
    ASSERT_TRUE(connector_->AwaitBlocked(2));
    EXPECT_EQ(pool.Stats().connecting, 2U);
  }
  for (auto& client : clients) client.get();
  connector_->Succeed();
  connector_->FinishAll();
  ASSERT_TRUE(Eventually(kLong, [&] { return pool.Stats().connecting == 0; }));
  EXPECT_EQ(pool.Stats().size, 4U);
}

TEST_F(PoolLoad, ASaturatedPoolDrainsWhenTheArrivalsSlowDown) {
  options_.max_waiters = 8;
  Pool& pool = Open();
  std::vector<Lease> leases = AcquireMany(2);
  std::deque<std::unique_ptr<Client>> queue;
  for (int i = 0; i < 8; ++i) queue.push_back(StartClient());
  EXPECT_THROW(static_cast<void>(pool.Acquire()), QueueFull);
  // Two are served for each that arrives.
  for (std::size_t left = 7; left > 0; --left) {
    for (Lease& lease : leases) {
      lease.Release();
      lease = queue.front()->Get();
      queue.pop_front();
    }
    queue.push_back(StartClient());
    EXPECT_EQ(pool.Stats().waiters, left);
  }
  leases.clear();
  EXPECT_TRUE(queue.front()->Get());
  EXPECT_TRUE(pool.TryAcquire());
  EXPECT_EQ(pool.Stats().acquires[AcquireOutcome::kQueueFull], 1U);
}

TEST_F(PoolLoad, BrokenReleasesStarveNoWaiter) {
  Pool& pool = Open();
  std::vector<Lease> leases = AcquireMany(2);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(StartClient());
  for (std::size_t i = 0; i < 10; ++i) {
    Lease& oldest = leases[i % 2];
    SessionOf(oldest).FailRecycle();
    oldest.Release();
    oldest = clients[i]->Get();
  }
  EXPECT_EQ(connector_->connects(), 12U);
  EXPECT_EQ(pool.Stats().size, 2U);
}

}  // namespace
}  // namespace scidex::pool
