// How many threads compute responses concurrently.
#include "http/compute_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <optional>
#include <thread>
#include <vector>

namespace scidex::http {
namespace {

TEST(ComputeLimit, NoMoreThreadsThanTheLimitComputeAtOnce) {
  ComputeLimit limit(2, base::Duration::max());
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        const ComputeLimit::Guard guard(limit);
        const int now = ++inside;
        if (now > most) most = now;
        std::this_thread::yield();
        --inside;
      }
    });
  }
  threads.clear();
  EXPECT_LE(most, 2);
}

TEST(ComputeLimit, ThreadsUpToTheLimitDoNotWait) {
  ComputeLimit limit(2, base::Duration::max());
  std::latch both(2);
  const auto compute = [&] {
    const ComputeLimit::Guard guard(limit);
    both.arrive_and_wait();
  };
  const std::jthread first(compute);
  const std::jthread second(compute);
}

TEST(ComputeLimit, AThreadThatWaitsComputesOnceAnotherHasEnded) {
  ComputeLimit limit(1, base::Duration::max());
  std::optional<ComputeLimit::Guard> holder(std::in_place, limit);
  std::atomic<bool> computed{false};
  std::jthread waiter([&] {
    const ComputeLimit::Guard guard(limit);
    computed = true;
  });
  EXPECT_FALSE(computed);
  holder.reset();
  waiter.join();
  EXPECT_TRUE(computed);
}

TEST(ComputeLimit, OneThatDoesNotEndDelaysOthersButDoesNotStopThem) {
  ComputeLimit limit(1, std::chrono::milliseconds(1));
  const ComputeLimit::Guard endless(limit);
  const ComputeLimit::Guard another(limit);
  const ComputeLimit::Guard third(limit);
}

TEST(ComputeLimit, AtLeastOneThreadComputes) { EXPECT_GE(ConcurrentComputations(), 1); }

}  // namespace
}  // namespace scidex::http
