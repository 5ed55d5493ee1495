#include "postgres/resolver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "support/eventually.h"
#include "support/manual_clock.h"

namespace scidex::postgres {
namespace {

base::TimePoint In(base::Duration time) { return base::RealClock().Now() + time; }

TEST(Resolver, GivesTheAddressesOfAName) {
  Resolver resolver;
  const Resolver::Result result = resolver.Resolve("localhost", In(test::kPatience), {});
  ASSERT_FALSE(result.addresses.empty()) << result.error;
  EXPECT_TRUE(result.addresses.front() == "127.0.0.1" || result.addresses.front() == "::1");
}

TEST(Resolver, SaysWhyANameDoesNotResolve) {
  Resolver resolver;
  // Reserved, so it never resolves: RFC 6761.
  const Resolver::Result result = resolver.Resolve("replica.invalid", In(test::kPatience), {});
  EXPECT_TRUE(result.addresses.empty());
  EXPECT_FALSE(result.error.empty());
}

TEST(Resolver, LookUpThatThrowsEndsNothingAndIsForgotten) {
  std::atomic<int> look_ups{0};
  Resolver resolver([&](const std::string&) -> Resolver::Result {
    if (++look_ups == 1) throw std::bad_alloc();
    if (look_ups == 2) throw std::runtime_error("broken");
    return {{"127.0.0.1"}, ""};
  });
  const Resolver::Result no_memory = resolver.Resolve("db", In(test::kPatience), {});
  EXPECT_TRUE(no_memory.local_failure);
  EXPECT_EQ(no_memory.error, "lookup failed");
  EXPECT_FALSE(resolver.Resolve("db", In(test::kPatience), {}).local_failure);
  EXPECT_EQ(resolver.Resolve("db", In(test::kPatience), {}).addresses.size(), 1u);
}

TEST(Resolver, KeepsTheAddressesOfANameWhileLookUpsFailTemporarily) {
  test::ManualClock clock;
  Resolver::Result answer{{"10.0.0.1"}, ""};
  Resolver resolver([&](const std::string&) { return answer; }, clock);
  const auto resolve = [&] { return resolver.Resolve("db", In(test::kPatience), {}); };
  resolve();
  answer = {{}, "temporary failure"};
  EXPECT_EQ(resolve().addresses, std::vector<std::string>{"10.0.0.1"});
  clock.Advance(Resolver::kKeptFor);
  EXPECT_EQ(resolve().addresses, std::vector<std::string>{"10.0.0.1"});
  clock.Advance(base::Duration(1));
  EXPECT_EQ(resolve().error, "temporary failure");
}

TEST(Resolver, ForgetsTheAddressesOfANameThatNoLongerExists) {
  Resolver::Result answer{{"10.0.0.1"}, ""};
  Resolver resolver([&](const std::string&) { return answer; });
  const auto resolve = [&] { return resolver.Resolve("db", In(test::kPatience), {}); };
  resolve();
  answer = {{}, "no such name", false, true};
  EXPECT_EQ(resolve().error, "no such name");
  answer = {{}, "temporary failure"};
  EXPECT_EQ(resolve().error, "temporary failure");
}

TEST(Resolver, ServesEveryNameByAFewLookUpsAtOnceWhileAllFail) {
  base::Mutex mutex;
  std::size_t running = 0;
  std::size_t most = 0;
  Resolver resolver([&](const std::string&) -> Resolver::Result {
    {
      base::MutexLock lock(mutex);
      most = std::max(most, ++running);
    }
    std::this_thread::yield();
    base::MutexLock lock(mutex);
    --running;
    return {{}, "temporary failure"};
  });
  std::vector<std::future<Resolver::Result>> results;
  for (int i = 0; i < 100; ++i) {
    results.push_back(std::async(std::launch::async, [&resolver, i] {
      return resolver.Resolve("db" + std::to_string(i), In(test::kPatience), {});
    }));
  }
  for (auto& result : results) EXPECT_EQ(result.get().error, "temporary failure");
  base::MutexLock lock(mutex);
  EXPECT_LE(most, Resolver::kMaxLookUps);
}

// A resolver that does not answer until the test allows it.
class StuckResolver : public testing::Test {
 protected:
  // Lets the look-up end, so that it does not outlive the test.
  void FinishLookup() {
    answer_.count_down();
    ended_.wait();
  }

  std::latch answer_{1};
  std::latch ended_{1};
  std::atomic<int> look_ups_{0};
  Resolver resolver_{[this](const std::string&) -> Resolver::Result {
    const bool first = ++look_ups_ == 1;
    answer_.wait();
    if (first) ended_.count_down();
    return {{"127.0.0.1"}, ""};
  }};
};

TEST_F(StuckResolver, IsWaitedForUntilTheDeadlineAndNoLonger) {
  const Resolver::Result result = resolver_.Resolve("db", In(std::chrono::milliseconds(20)), {});
  EXPECT_TRUE(result.addresses.empty());
  EXPECT_EQ(result.error, "the resolver did not answer in time");
  FinishLookup();
}

TEST(Resolver, StuckLookUpLeavesHalfOfTheTimeForWhatIsKnown) {
  std::latch answer{1};
  std::latch ended{2};
  std::atomic<int> look_ups{0};
  {
    Resolver resolver([&](const std::string&) -> Resolver::Result {
      if (++look_ups > 1) answer.wait();
      ended.count_down();
      return {{"10.0.0.1"}, ""};
    });
    resolver.Resolve("db", In(test::kPatience), {});
    const base::TimePoint deadline = In(std::chrono::milliseconds(200));
    const Resolver::Result result = resolver.Resolve("db", deadline, {});
    EXPECT_EQ(result.addresses.size(), 1u) << result.error;
  }
  answer.count_down();
  ended.wait();
}

TEST_F(StuckResolver, DoesNotDelayACancelledCaller) {
  std::stop_source stop;
  stop.request_stop();
  const Resolver::Result result =
      resolver_.Resolve("db", In(std::chrono::hours(1)), stop.get_token());
  EXPECT_EQ(result.error, "stopped");
  FinishLookup();
}

TEST_F(StuckResolver, IsAskedOnceForANameHoweverManyWait) {
  resolver_.Resolve("db", In(std::chrono::milliseconds(20)), {});
  resolver_.Resolve("db", In(std::chrono::milliseconds(20)), {});
  EXPECT_EQ(look_ups_, 1);
  FinishLookup();
  EXPECT_EQ(resolver_.Resolve("db", In(test::kPatience), {}).addresses.size(), 1u);
}

}  // namespace
}  // namespace scidex::postgres
