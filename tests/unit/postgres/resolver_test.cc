#include "postgres/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <new>
#include <stdexcept>
#include <string>

#include "base/clock.h"
#include "support/eventually.h"

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
  // Reserved never to exist: RFC 6761.
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
  EXPECT_EQ(no_memory.error, "the look-up failed");
  EXPECT_FALSE(resolver.Resolve("db", In(test::kPatience), {}).local_failure);
  EXPECT_EQ(resolver.Resolve("db", In(test::kPatience), {}).addresses.size(), 1u);
}

// A resolver that does not answer before the test lets it.
class StuckResolver : public testing::Test {
 protected:
  // Lets the look-up end, so that it does not outlive the test.
  void Answer() {
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
  Answer();
}

TEST_F(StuckResolver, HoldsNobodyUpWhoIsToldToStop) {
  std::stop_source stop;
  stop.request_stop();
  const Resolver::Result result =
      resolver_.Resolve("db", In(std::chrono::hours(1)), stop.get_token());
  EXPECT_EQ(result.error, "stopped");
  Answer();
}

TEST_F(StuckResolver, IsAskedOnceForANameHoweverManyWait) {
  resolver_.Resolve("db", In(std::chrono::milliseconds(20)), {});
  resolver_.Resolve("db", In(std::chrono::milliseconds(20)), {});
  EXPECT_EQ(look_ups_, 1);
  Answer();
  EXPECT_EQ(resolver_.Resolve("db", In(test::kPatience), {}).addresses.size(), 1u);
}

}  // namespace
}  // namespace scidex::postgres
