#include <gmock/gmock.h>

#include <latch>
#include <string>
#include <thread>
#include <utility>

#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using PoolDeadlock = PoolTest;

// Holds one lease, then acquires another; returns the outcome of that.
struct Nested {
  enum class End { kServed, kDeadlock, kCancelled } end = End::kServed;
  std::string message;
};

// On its own thread; acquires the second lease once all threads have reached `all_hold`.
std::future<Nested> AcquireNested(Pool& pool, std::latch& all_hold, std::stop_token stop = {}) {
  return std::async(std::launch::async, [&pool, &all_hold, stop] {
    const Lease outer = pool.Acquire();
    all_hold.arrive_and_wait();
    try {
      const Lease inner = pool.Acquire({.stop = stop});
      return Nested{};
    } catch (const NestedAcquireDeadlock& error) {
      return Nested{Nested::End::kDeadlock, error.what()};
    } catch (const AcquireCancelled& error) {
      return Nested{Nested::End::kCancelled, error.what()};
    }
  });
}

TEST_F(PoolDeadlock, HolderOfTheOnlyLeaseGetsAnErrorWithBothCallSites) {
  options_.max_size = 1;
  Pool& pool = Open();
  const std::string holds = std::to_string(__LINE__ + 1);
  const Lease outer = pool.Acquire();
  try {
    static_cast<void>(pool.Acquire());
    FAIL() << "served";
  } catch (const NestedAcquireDeadlock& error) {
    const std::string waits = std::to_string(__LINE__ - 3);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("pool test: every lease is held by a thread that"),
                      HasSubstr("pool_deadlock_test.cc:" + holds), HasSubstr("waits at "),
                      HasSubstr("pool_deadlock_test.cc:" + waits)));
    EXPECT_EQ(error.stats().acquires[AcquireOutcome::kDeadlock], 1U);
    EXPECT_EQ(error.stats().waiters, 0U);
    EXPECT_EQ(error.stats().requests, 2U);
  }
}

TEST_F(PoolDeadlock, AmongMutuallyWaitingThreadsOneFailsAndTheOthersAreServed) {
  options_.max_size = 4;
  Pool& pool = Open();
  std::latch all_hold(4);
  std::vector<std::future<Nested>> threads;
  for (int i = 0; i < 4; ++i) threads.push_back(AcquireNested(pool, all_hold));
  int served = 0;
  int deadlocks = 0;
  for (auto& thread : threads) {
    ASSERT_EQ(thread.wait_for(kLong), std::future_status::ready);
    (thread.get().end == Nested::End::kServed ? served : deadlocks) += 1;
  }
  EXPECT_GE(deadlocks, 1);
  EXPECT_EQ(served + deadlocks, 4);
  EXPECT_EQ(pool.Stats().acquires[AcquireOutcome::kDeadlock],
            static_cast<std::uint64_t>(deadlocks));
}

TEST_F(PoolDeadlock, IsNotReportedWhileOneHolderDoesNotWait) {
  Pool& pool = Open();
  Lease free = pool.Acquire();
  std::latch all_hold(1);
  auto nested = AcquireNested(pool, all_hold);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  free.Release();
  EXPECT_EQ(nested.get().end, Nested::End::kServed);
  EXPECT_EQ(pool.Stats().acquires[AcquireOutcome::kDeadlock], 0U);
}

TEST_F(PoolDeadlock, IsNotReportedIfTheLeaseWasMovedToAnotherThread) {
  options_.max_size = 1;
  Pool& pool = Open();
  Lease lease = pool.Acquire();
  std::latch release(1);
  std::thread other([&release, moved = std::move(lease)]() mutable {
    release.wait();
    moved.Release();
  });
  auto served = std::async(std::launch::async, [&] {
    // This one waits on a thread that never held one; the next on the thread that acquired.
    ASSERT_TRUE(AwaitWaiters(pool, 1));
    release.count_down();
  });
  EXPECT_TRUE(pool.Acquire());
  other.join();
  EXPECT_EQ(pool.Stats().acquires[AcquireOutcome::kDeadlock], 0U);
}

TEST_F(PoolDeadlock, IsNotReportedWhileAConnectIsUnderWay) {
  Pool& pool = Open();
  const Lease outer = pool.Acquire();
  connector_->Block();
  auto finish = std::async(std::launch::async, [&] {
    ASSERT_TRUE(connector_->AwaitBlocked(1));
    ASSERT_TRUE(AwaitWaiters(pool, 1));
    connector_->Finish(ConnectOutcome::kOk);
  });
  EXPECT_TRUE(pool.Acquire());
}

TEST_F(PoolDeadlock, IsNotReportedForADeadlineThatHasPassed) {
  options_.max_size = 1;
  Pool& pool = Open();
  const Lease outer = pool.Acquire();
  EXPECT_THROW(static_cast<void>(pool.Acquire({.deadline = clock_.Now() - 1s})), AcquireTimeout);
}

TEST_F(PoolDeadlock, IsNotReportedWhileAnAutoscalerMayRaiseTheTarget) {
  options_.autoscaled = true;
  Pool& pool = Open();
  pool.Resize(1, ResizeCause::kAutoscaler);
  const Lease outer = pool.Acquire();
  auto raise = std::async(std::launch::async, [&] {
    ASSERT_TRUE(AwaitWaiters(pool, 1));
    pool.Resize(2, ResizeCause::kAutoscaler);
  });
  EXPECT_TRUE(pool.Acquire());
}

TEST_F(PoolDeadlock, IsReportedWhenTheTargetIsLoweredUnderWaiters) {
  options_.max_size = 2;
  Pool& pool = Open();
  Lease free = pool.Acquire();
  std::latch all_hold(1);
  auto nested = AcquireNested(pool, all_hold);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  pool.Resize(1);
  free.Release();
  ASSERT_EQ(nested.wait_for(kLong), std::future_status::ready);
  EXPECT_EQ(nested.get().end, Nested::End::kDeadlock);
}

TEST_F(PoolDeadlock, WaitersThatHoldNoLeaseKeepWaiting) {
  options_.max_size = 1;
  Pool& pool = Open();
  std::optional<Client> client;
  {
    const Lease outer = pool.Acquire();
    client.emplace(pool);
    ASSERT_TRUE(AwaitWaiters(pool, 1));
    EXPECT_THROW(static_cast<void>(pool.Acquire()), NestedAcquireDeadlock);
    EXPECT_FALSE(client->Ended());
  }
  EXPECT_TRUE(client->Get());
}

}  // namespace
}  // namespace scidex::pool
