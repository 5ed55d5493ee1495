#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

using PoolSizing = PoolTest;

TEST_F(PoolSizing, DefaultsAreVisibleInTheSnapshot) {
  options_ = PoolOptions();
  connector_->Block();
  const PoolStats stats = Open().Stats();
  EXPECT_EQ(stats.name, "test");
  EXPECT_EQ(stats.max_size, 10U);
  EXPECT_EQ(stats.target_size, 10U);
  EXPECT_EQ(stats.min_idle, 2U);
  EXPECT_EQ(stats.max_waiters, 1000U);
  EXPECT_EQ(stats.acquire_timeout, 5s);
  EXPECT_EQ(pool_->name(), "test");
  EXPECT_EQ(pool_->acquire_timeout(), 5s);
}

struct Refused {
  const char* named;
  void (*spoil)(PoolOptions&);
};

class PoolSizingRefuses : public PoolTest, public ::testing::WithParamInterface<Refused> {};

TEST_P(PoolSizingRefuses, OptionsThatMakeNoSenseAndNamesThem) {
  GetParam().spoil(options_);
  try {
    Open();
    FAIL() << "not refused";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find(GetParam().named), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, PoolSizingRefuses,
    ::testing::Values(Refused{"max_size", [](PoolOptions& o) { o.max_size = 0; }},
                      Refused{"min_idle", [](PoolOptions& o) { o.min_idle = o.max_size + 1; }},
                      Refused{"max_waiters", [](PoolOptions& o) { o.max_waiters = 0; }},
                      Refused{"acquire_timeout", [](PoolOptions& o) { o.acquire_timeout = 0s; }},
                      Refused{"connect_timeout", [](PoolOptions& o) { o.connect_timeout = -1s; }},
                      Refused{"reset_timeout", [](PoolOptions& o) { o.reset_timeout = 0s; }},
                      Refused{"backoff cap", [](PoolOptions& o) { o.backoff.cap = 0s; }},
                      Refused{"backoff initial", [](PoolOptions& o) { o.backoff.initial = 0s; }},
                      Refused{"handoff_after", [](PoolOptions& o) { o.handoff_after = -1ns; }},
                      Refused{"idle_timeout", [](PoolOptions& o) { o.idle_timeout = -1ns; }},
                      Refused{"max_lifetime", [](PoolOptions& o) { o.max_lifetime = -1ns; }},
                      Refused{"leak_after", [](PoolOptions& o) { o.leak_after = -1ns; }}));

TEST_F(PoolSizing, ATargetOutOfBoundsIsRefusedAndChangesNothing) {
  options_.max_size = 4;
  options_.min_idle = 2;
  Pool& pool = Open();
  EXPECT_THROW(pool.Resize(5), std::invalid_argument);
  EXPECT_THROW(pool.Resize(1), std::invalid_argument);
  EXPECT_THROW(pool.Resize(0), std::invalid_argument);
  EXPECT_EQ(pool.Stats().target_size, 4U);
  EXPECT_NO_THROW(pool.Resize(2));
  EXPECT_EQ(pool.Stats().target_size, 2U);
}

TEST_F(PoolSizing, ATargetOfZeroIsRefusedAlsoWhenNothingIsKeptIdle) {
  EXPECT_THROW(Open().Resize(0), std::invalid_argument);
}

TEST_F(PoolSizing, StartsAtATargetWithinItsBoundsWithoutCountingAResize) {
  options_.max_size = 8;
  options_.min_idle = 2;
  Pool& pool = Open();
  pool.StartAt(5);
  EXPECT_EQ(pool.Stats().target_size, 5U);
  EXPECT_EQ(pool.target_size(), 5U);
  pool.StartAt(1);
  EXPECT_EQ(pool.target_size(), 2U);
  pool.StartAt(9);
  EXPECT_EQ(pool.target_size(), 8U);
  for (const ResizeDirection direction : {ResizeDirection::kUp, ResizeDirection::kDown})
    EXPECT_EQ(Sum(pool.Stats().resizes[direction]), 0U);
}

TEST_F(PoolSizing, APoolAndTheOneItReplacesHaveNoMoreThanTheTargetTogether) {
  options_.max_size = 4;
  Pool& before = Open();
  std::vector<Lease> leases = AcquireMany(3);
  Pool after("test", options_, {connector_, scheduler_, clock_});
  after.MakeRoomFor(before, clock_.Now() + 10s);
  before.Retire();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(std::make_unique<Client>(after, base::kNever));
  ASSERT_TRUE(AwaitWaiters(after, 3));
  for (std::size_t open = 2; !leases.empty(); ++open) {
    leases.pop_back();
    EXPECT_TRUE(Eventually(kLong, [&] { return after.Stats().in_use == open; }));
    EXPECT_LE(connector_->open(), 4U);
  }
}

TEST_F(PoolSizing, AConnectionBeingCheckedInTheReplacedPoolCountsToo) {
  options_.max_size = 2;
  Pool& before = Open();
  AcquireMany(2);
  ASSERT_TRUE(clock_.AwaitSleepers(1, 1s));
  FakeSession& session = *connector_->sessions()[0];
  session.BlockIsAlive();
  clock_.Advance(1s);
  ASSERT_TRUE(session.AwaitBlocked());
  Pool after("test", options_, {connector_, scheduler_, clock_});
  after.MakeRoomFor(before, base::kNever);
  std::future<void> retired = std::async(std::launch::async, [&] { before.Retire(); });
  EXPECT_TRUE(Eventually(kLong, [&] { return IsClosed(before); }));
  const Lease first = after.Acquire({base::kNever});
  Client second(after, base::kNever);
  ASSERT_TRUE(AwaitWaiters(after, 1));
  // As many as may always be opened.
  EXPECT_EQ(after.Stats().size, 1U);
  session.Unblock();
  EXPECT_TRUE(second.Get());
}

TEST_F(PoolSizing, ConnectionsOfTheReplacedPoolCountOnlyForAWhile) {
  options_.max_size = 2;
  Pool& before = Open();
  const std::vector<Lease> leases = AcquireMany(2);
  Pool after("test", options_, {connector_, scheduler_, clock_});
  after.MakeRoomFor(before, clock_.Now() + 10s);
  before.Retire();
  const Lease first = after.Acquire({base::kNever});
  Client second(after, base::kNever);
  ASSERT_TRUE(AwaitWaiters(after, 1));
  ASSERT_TRUE(clock_.AwaitSleepers(1, 1s));
  clock_.Advance(10s);
  EXPECT_TRUE(second.Get());
}

TEST_F(PoolSizing, FillsToMinIdleInParallelAsFarAsTheGateAllows) {
  options_.max_size = 10;
  options_.min_idle = 9;
  connector_->Block();
  Pool& pool = Open();
  // Two until one has succeeded, then one more for each, and four at most.
  for (const std::size_t at_once : {2U, 3U, 4U, 4U}) {
    ASSERT_TRUE(connector_->AwaitBlocked(at_once));
    EXPECT_EQ(pool.Stats().connecting, at_once);
    connector_->Finish();
  }
  connector_->Succeed();
  connector_->FinishAll();
  EXPECT_TRUE(AwaitIdle(pool, 9));
  EXPECT_EQ(connector_->connects(), 9U);
}

TEST_F(PoolSizing, GrowsAtOnceUnderLoadFromZero) {
  options_.max_size = 4;
  connector_->Block();
  Pool& pool = Open();
  EXPECT_EQ(pool.Stats().size, 0U);
  Client first(pool);
  Client second(pool);
  Client third(pool);
  ASSERT_TRUE(connector_->AwaitBlocked(2));
  EXPECT_EQ(pool.Stats().connecting, 2U);
  connector_->Succeed();
  connector_->FinishAll();
  EXPECT_TRUE(first.Get());
  EXPECT_TRUE(second.Get());
  EXPECT_TRUE(third.Get());
}

TEST_F(PoolSizing, GrowsAtOnceUnderLoadFromMinIdle) {
  options_.max_size = 4;
  options_.min_idle = 2;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  connector_->Block();
  const auto held = AcquireMany(2);
  Client client(pool);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  connector_->FinishAll();
  EXPECT_TRUE(client.Get());
}

TEST_F(PoolSizing, NothingIsOpenedAfterDemandHasEnded) {
  options_.max_size = 4;
  connector_->Block();
  Pool& pool = Open();
  {
    Client first(pool);
    Client second(pool);
    Client third(pool);
    ASSERT_TRUE(AwaitWaiters(pool, 3));
    ASSERT_TRUE(connector_->AwaitBlocked(2));
  }
  connector_->FinishAll();
  ASSERT_TRUE(Eventually(kLong, [&] { return pool.Stats().connecting == 0; }));
  EXPECT_EQ(connector_->connects(), 2U);
  EXPECT_EQ(pool.Stats().idle, 2U);
}

TEST_F(PoolSizing, TwentyThreadsOnAPoolOfFourNeverOpenAFifth) {
  options_.max_size = 4;
  options_.handoff_after = 1ms;
  Pool& pool = OpenOn(base::RealClock());
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&pool] {
      for (int k = 0; k < 50; ++k) static_cast<void>(pool.Acquire());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(connector_->connects(), 4U);
  EXPECT_EQ(pool.Stats().idle, connector_->connects());
}

TEST_F(PoolSizing, ShrinksByOneIdleConnectionPerIdleTimeoutAndNotUnderMinIdle) {
  options_.max_size = 5;
  options_.min_idle = 2;
  options_.idle_timeout = 60s;
  options_.max_lifetime = 0s;
  Pool& pool = Open();
  AcquireMany(5).clear();
  ASSERT_TRUE(AwaitIdle(pool, 5));
  Tick(59s);
  EXPECT_EQ(pool.Stats().idle, 5U);
  Tick(1s);
  EXPECT_EQ(pool.Stats().idle, 4U);
  Tick(59s);
  EXPECT_EQ(pool.Stats().idle, 4U);
  Tick(1s);
  EXPECT_EQ(pool.Stats().idle, 3U);
  Tick(60s);
  EXPECT_EQ(pool.Stats().idle, 2U);
  for (int i = 0; i < 5; ++i) Tick(60s);
  EXPECT_EQ(pool.Stats().idle, 2U);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kIdleTimeout], 3U);
}

TEST_F(PoolSizing, AnIdleTimeoutOfZeroClosesNothing) {
  options_.idle_timeout = 0s;
  options_.max_lifetime = 0s;
  Pool& pool = Open();
  AcquireMany(2).clear();
  Tick(24h);
  EXPECT_EQ(pool.Stats().idle, 2U);
}

TEST_F(PoolSizing, ResizeDownClosesIdleConnectionsOneASecond) {
  options_.max_size = 5;
  Pool& pool = Open();
  AcquireMany(5).clear();
  pool.Resize(2);
  EXPECT_EQ(pool.Stats().size, 5U);
  Tick();
  EXPECT_EQ(pool.Stats().size, 4U);
  Tick();
  EXPECT_EQ(pool.Stats().size, 3U);
  Tick();
  Tick();
  EXPECT_EQ(pool.Stats().size, 2U);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kShrunk], 3U);
  EXPECT_EQ(connector_->open(), 2U);
}

TEST_F(PoolSizing, ResizeDownClosesLeasedConnectionsOnReleaseDownToTheTarget) {
  options_.max_size = 4;
  Pool& pool = Open();
  std::vector<Lease> leases = AcquireMany(4);
  pool.Resize(2);
  EXPECT_EQ(pool.Stats().size, 4U);
  leases.pop_back();
  EXPECT_EQ(pool.Stats().size, 3U);
  leases.pop_back();
  EXPECT_EQ(pool.Stats().size, 2U);
  leases.clear();
  EXPECT_EQ(pool.Stats().idle, 2U);
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kShrunk], 2U);
}

TEST_F(PoolSizing, WaitersDoNotMakeAShrunkPoolGrow) {
  options_.max_size = 4;
  Pool& pool = Open();
  std::vector<Lease> leases = AcquireMany(3);
  pool.Resize(2);
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  leases.pop_back();
  EXPECT_EQ(pool.Stats().size, 2U);
  EXPECT_EQ(connector_->connects(), 3U);
  leases.pop_back();
  EXPECT_TRUE(client.Get());
}

TEST_F(PoolSizing, AConnectThatEndsAboveALoweredTargetIsClosed) {
  Pool& pool = Open();
  const Lease held = pool.Acquire();
  connector_->Block();
  Client client(pool);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  pool.Resize(1);
  connector_->Finish();
  ASSERT_TRUE(Eventually(kLong, [&] { return pool.Stats().size == 1; }));
  EXPECT_FALSE(connector_->sessions()[1]->open());
  EXPECT_EQ(pool.Stats().evictions[EvictReason::kShrunk], 1U);
  EXPECT_EQ(pool.Stats().waiters, 1U);
}

TEST_F(PoolSizing, RaisingTheTargetOfAFullPoolServesAWaiter) {
  Pool& pool = Open();
  pool.Resize(1);
  const Lease held = pool.Acquire();
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  EXPECT_EQ(connector_->connects(), 1U);
  pool.Resize(2);
  EXPECT_TRUE(client.Get());
}

TEST_F(PoolSizing, ResizesAreCountedByDirectionAndCause) {
  options_.max_size = 8;
  Pool& pool = Open();
  pool.Resize(4);
  pool.Resize(4);
  pool.Resize(6, ResizeCause::kAutoscaler);
  pool.Resize(3, ResizeCause::kAutoscaler);
  pool.Resize(2, ResizeCause::kAutoscaler);
  const auto resizes = pool.Stats().resizes;
  EXPECT_EQ(resizes[ResizeDirection::kDown][ResizeCause::kOperator], 1U);
  EXPECT_EQ(resizes[ResizeDirection::kUp][ResizeCause::kOperator], 0U);
  EXPECT_EQ(resizes[ResizeDirection::kUp][ResizeCause::kAutoscaler], 1U);
  EXPECT_EQ(resizes[ResizeDirection::kDown][ResizeCause::kAutoscaler], 2U);
}

TEST_F(PoolSizing, RapidResizingUnderLoadNeverExceedsMaxSize) {
  options_.max_size = 6;
  options_.handoff_after = 1ms;
  Pool& pool = OpenOn(base::RealClock());
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      while (!stop) static_cast<void>(pool.Acquire());
    });
  }
  std::size_t most_open = 0;
  std::size_t largest = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    pool.Resize(1 + i * 7 % 6);
    largest = std::max(largest, pool.Stats().size);
    most_open = std::max(most_open, connector_->open());
  }
  EXPECT_LE(largest, 6U);
  EXPECT_LE(most_open, 6U);
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

TEST_F(PoolSizing, AConnectionTakesRoomUntilItIsClosed) {
  options_.max_size = 1;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  FakeSession& session = SessionOf(lease);
  session.BlockClose();
  auto evicted = std::async(std::launch::async, [&] {
    Lease unfit = std::move(lease);
    unfit.Evict();
  });
  ASSERT_TRUE(session.AwaitBlocked());
  EXPECT_EQ(pool.Stats().size, 0U);
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  EXPECT_EQ(connector_->connects(), 1U);
  session.Unblock();
  static_cast<void>(client.Get());
  EXPECT_EQ(connector_->connects(), 2U);
}

TEST_F(PoolSizing, MinIdleIsRestoredAfterADeadConnectionIsReleased) {
  options_.min_idle = 2;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  Lease lease = pool.Acquire();
  SessionOf(lease).FailRecycle();
  lease.Release();
  EXPECT_TRUE(AwaitIdle(pool, 2));
  EXPECT_EQ(connector_->connects(), 3U);
}

TEST_F(PoolSizing, MinIdleIsRestoredWithinASecondOfBeingLent) {
  options_.max_size = 4;
  options_.min_idle = 2;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  const auto held = AcquireMany(2);
  Tick();
  EXPECT_TRUE(AwaitIdle(pool, 2));
  EXPECT_EQ(pool.Stats().size, 4U);
  Tick();
  EXPECT_EQ(connector_->connects(), 4U);
}

TEST_F(PoolSizing, RefillsFromZero) {
  options_.min_idle = 2;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  for (const auto& session : connector_->sessions()) session->Kill();
  Tick();
  EXPECT_TRUE(AwaitIdle(pool, 2));
  EXPECT_EQ(connector_->open(), 2U);
  EXPECT_EQ(connector_->connects(), 4U);
}

}  // namespace
}  // namespace scidex::pool
