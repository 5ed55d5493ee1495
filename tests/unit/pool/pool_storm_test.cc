#include <algorithm>
#include <random>
#include <string>
#include <thread>

#include "unit/pool/pool_invariants.h"
#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

constexpr int kThreads = 16;
// For each thread, without acquires that a full queue refused.
constexpr int kRequests = 1000;

class PoolStorm : public PoolTest {
 protected:
  PoolStorm() {
    options_.min_idle = 2;
    options_.max_size = 8;
    options_.max_waiters = 10;
    options_.handoff_after = 200us;
    options_.idle_timeout = 5ms;
    options_.max_lifetime = 20ms;
    options_.backoff = {.initial = 10us, .cap = 1ms};
  }

  // One client, which counts the outcomes of its acquires in `outcomes`.
  void RunClient(unsigned seed, base::EnumArray<AcquireOutcome, std::uint64_t>& outcomes) {
    std::minstd_rand random(seed);
    for (int i = 0; i < kRequests;) {
      std::stop_source stop;
      AcquireOptions options;
      if (random() % 4 == 0) {
        options.deadline = base::RealClock().Now() + std::chrono::microseconds(random() % 500);
      }
      if (random() % 4 == 0) {
        options.stop = stop.get_token();
        std::lock_guard lock(cancels_mutex_);
        cancels_.push_back(stop);
      }
      try {
        Lease lease = pool_->Acquire(options);
        InjectSessionFault(lease, random());
        ++outcomes[AcquireOutcome::kImmediate];
      } catch (const AcquireTimeout&) {
        ++outcomes[AcquireOutcome::kTimeout];
      } catch (const QueueFull&) {
        ++outcomes[AcquireOutcome::kQueueFull];
        std::this_thread::yield();
        continue;
      } catch (const AcquireCancelled&) {
        ++outcomes[AcquireOutcome::kCancelled];
      }
      ++i;
    }
  }

  static void InjectSessionFault(Lease& lease, std::minstd_rand::result_type how) {
    switch (how % 64) {
      case 0:
        return lease.Evict();
      case 1:
        return SessionOf(lease).Kill();
      case 2:
        return SessionOf(lease).FailRecycle();
      case 3:
        return SessionOf(lease).FailPrepare(Prepared::Result::kLost);
      case 4:
        return SessionOf(lease).FailPrepare(Prepared::Result::kUnproven);
      default:
        if (how % 3 == 0) std::this_thread::yield();
    }
  }

  // Cancels, drains, resizes and refuses connects while the clients run.
  void InjectPoolFaults(const std::atomic<bool>& over) {
    std::minstd_rand random(99);
    while (!over) {
      std::vector<std::stop_source> cancels;
      {
        std::lock_guard lock(cancels_mutex_);
        cancels.swap(cancels_);
      }
      for (std::stop_source& stop : cancels) stop.request_stop();
      if (random() % 64 == 0) connector_->Fail();
      if (random() % 4 == 0) connector_->Succeed();
      if (random() % 64 == 0) pool_->Drain();
      if (random() % 16 == 0) pool_->Resize(2 + random() % 7);
      std::this_thread::yield();
    }
    connector_->Succeed();
  }

  std::mutex cancels_mutex_;
  std::vector<std::stop_source> cancels_;
};

TEST_F(PoolStorm, NoSnapshotIsTornNoCounterFallsAndEveryRequestIsAccountedFor) {
  OpenOn(base::RealClock());
  std::atomic<bool> over{false};
  std::array<base::EnumArray<AcquireOutcome, std::uint64_t>, kThreads> outcomes{};
  std::vector<std::thread> clients;
  for (unsigned i = 0; i < kThreads; ++i) {
    clients.emplace_back([this, i, &outcomes] { RunClient(i + 1, outcomes[i]); });
  }
  std::thread saboteur([this, &over] { InjectPoolFaults(over); });
  std::thread watcher([this, &over] {
    PoolStats before = pool_->Stats();
    std::string wrong;
    while (!over && wrong.empty()) {
      PoolStats after = pool_->Stats();
      wrong = Contradiction(after) + DecreasedCounter(before, after);
      before = std::move(after);
    }
    EXPECT_EQ(wrong, "");
  });
  for (std::thread& client : clients) client.join();
  over = true;
  saboteur.join();
  watcher.join();
  const PoolStats stats = pool_->Stats();
  EXPECT_EQ(Contradiction(stats), "");
  EXPECT_EQ(stats.waiters, 0U);
  EXPECT_EQ(stats.in_use, 0U);
  base::EnumArray<AcquireOutcome, std::uint64_t> all;
  for (const auto& one : outcomes) {
    for (const auto outcome : {AcquireOutcome::kImmediate, AcquireOutcome::kTimeout,
                               AcquireOutcome::kQueueFull, AcquireOutcome::kCancelled}) {
      all[outcome] += one[outcome];
    }
  }
  EXPECT_EQ(stats.requests, Sum(all));
  EXPECT_EQ(stats.acquires[AcquireOutcome::kImmediate] + stats.acquires[AcquireOutcome::kWaited],
            all[AcquireOutcome::kImmediate]);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kTimeout], all[AcquireOutcome::kTimeout]);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kQueueFull], all[AcquireOutcome::kQueueFull]);
  EXPECT_EQ(stats.acquires[AcquireOutcome::kCancelled], all[AcquireOutcome::kCancelled]);
  // The storm caused what it should.
  EXPECT_GT(all[AcquireOutcome::kTimeout], 0U);
  EXPECT_GT(all[AcquireOutcome::kQueueFull], 0U);
  EXPECT_GT(all[AcquireOutcome::kCancelled], 0U);
  for (const EvictReason reason :
       {EvictReason::kDead, EvictReason::kBorrower, EvictReason::kDrained,
        EvictReason::kResetFailed, EvictReason::kReadOnlyUnproven}) {
    EXPECT_GT(stats.evictions[reason], 0U) << base::Name(reason);
  }
  pool_->Close();
  EXPECT_EQ(connector_->open(), 0U);
}

}  // namespace
}  // namespace scidex::pool
