// Shared by the tests of the pool: a pool on a fake connector, and clients that acquire on their
// own threads.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <vector>

#include "base/scheduler.h"
#include "pool/pool.h"
#include "support/eager.h"
#include "support/eventually.h"
#include "support/fake_connector.h"
#include "support/manual_clock.h"
#include "unit/pool/slow_wake_clock.h"

namespace scidex::pool {

using namespace std::chrono_literals;
using test::Eventually;
using test::FakeConnector;
using test::FakeSession;
using test::ManualClock;
using test::SessionOf;

// Longer than anything here takes, unless it hangs.
inline constexpr auto kLong = test::kPatience;

// An acquire on its own thread. Cancelled if it still waits at the end of the test.
class Client {
 public:
  explicit Client(Pool& pool, std::optional<base::TimePoint> deadline = std::nullopt)
      : lease_(std::async(std::launch::async, [&pool, deadline, stop = stop_.get_token()] {
          return pool.Acquire({deadline, stop});
        })) {}
  ~Client() { stop_.request_stop(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Cancel() { stop_.request_stop(); }
  bool Ended() const { return lease_.wait_for(0s) == std::future_status::ready; }
  // The lease, or the error of the acquire. Call it once.
  Lease Get() {
    if (lease_.wait_for(kLong) != std::future_status::ready) {
      throw std::logic_error("the acquire has not ended");
    }
    return lease_.get();
  }

 private:
  std::stop_source stop_;
  std::future<Lease> lease_;
};

inline bool AwaitWaiters(const Pool& pool, std::size_t count) {
  return Eventually(kLong, [&] { return pool.Stats().waiters == count; });
}

inline bool AwaitIdle(const Pool& pool, std::size_t count) {
  return Eventually(kLong, [&] { return pool.Stats().idle == count; });
}

// Requires a pool with a min_idle of 0.
inline bool IsClosed(Pool& pool) {
  try {
    pool.AwaitReady(base::kNever);
    return false;
  } catch (const PoolClosed&) {
    return true;
  }
}

template <typename E>
std::uint64_t Sum(const base::EnumArray<E, std::uint64_t>& counts) {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) sum += count;
  return sum;
}

// A pool called "test", by default of at most two connections, opened on demand, in strict order.
// Time stands still until the test moves it.
class PoolTest : public ::testing::Test {
 protected:
  PoolTest() {
    options_.min_idle = 0;
    options_.max_size = 2;
    options_.handoff_after = 0s;
  }

  // Returns when its housekeeping has run once.
  Pool& Open() {
    OpenOn(clock_);
    EXPECT_TRUE(clock_.AwaitSleepers(1, 1s));
    return *pool_;
  }
  Pool& OpenOn(base::Clock& clock) {
    pool_ = std::make_unique<Pool>(
        "test", options_,
        Pool::Dependencies{connector_, scheduler_, clock, [this] { ++troubles_; }});
    return *pool_;
  }

  // On slow_clock_. Housekeeping uses clock_, and does not run again by itself.
  Pool& OpenOnSlowClock() {
    OpenOn(slow_clock_);
    EXPECT_TRUE(clock_.AwaitSleepers(1, 1s));
    return *pool_;
  }

  // Moves time and returns when housekeeping has run. Nothing else may be due within a second.
  void Tick(base::Duration by = 1s) {
    ASSERT_TRUE(clock_.AwaitSleepers(1, 1s));
    clock_.Advance(by);
    ASSERT_TRUE(clock_.AwaitSleepers(1, 1s));
  }

  // Acquires `count` connections concurrently.
  std::vector<Lease> AcquireMany(std::size_t count) {
    std::vector<Lease> leases;
    for (std::size_t i = 0; i < count; ++i) leases.push_back(pool_->Acquire());
    return leases;
  }

  PoolOptions options_;
  ManualClock clock_;
  SlowWakeClock slow_clock_;
  base::Scheduler scheduler_{clock_, test::kEager};
  std::shared_ptr<FakeConnector> connector_ = std::make_shared<FakeConnector>();
  std::atomic<int> troubles_{0};
  std::unique_ptr<Pool> pool_;
};

}  // namespace scidex::pool
