#include "base/elastic_executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "support/eventually.h"
#include "support/manual_clock.h"

namespace scidex::base {
namespace {

using std::chrono::seconds;

TEST(ElasticExecutor, WorkThatBlocksKeepsNoOtherWaiting) {
  std::promise<void> over;
  const std::shared_future<void> end = over.get_future().share();
  std::atomic<int> begun{0};
  ElasticExecutor executor("test", RealClock());
  for (int i = 0; i < 20; ++i) {
    executor.Submit([&begun, end] {
      ++begun;
      end.wait();
    });
  }
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return begun == 20; }));
  EXPECT_EQ(executor.threads(), 20u);
  over.set_value();
}

TEST(ElasticExecutor, AThreadWithoutWorkIsUsedAgain) {
  test::ManualClock clock;
  ElasticExecutor executor("test", clock);
  for (int i = 0; i < 5; ++i) {
    std::promise<void> done;
    executor.Submit([&done] { done.set_value(); });
    done.get_future().wait();
    ASSERT_TRUE(clock.AwaitSleepers(1));
  }
  EXPECT_EQ(executor.threads(), 1u);
}

TEST(ElasticExecutor, ThreadsWithoutWorkEnd) {
  test::ManualClock clock;
  ElasticExecutor executor("test", clock, seconds(5));
  executor.Submit([] {});
  ASSERT_TRUE(clock.AwaitSleepers(1));
  EXPECT_EQ(executor.threads(), 1u);
  clock.Advance(seconds(5));
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return executor.threads() == 0; }));
  std::promise<void> done;
  executor.Submit([&done] { done.set_value(); });
  done.get_future().wait();
}

TEST(ElasticExecutor, RunsWhatWasSubmittedBeforeItsEnd) {
  std::atomic<int> ran{0};
  {
    ElasticExecutor executor("test", RealClock());
    for (int i = 0; i < 100; ++i) executor.Submit([&ran] { ++ran; });
  }
  EXPECT_EQ(ran, 100);
}

}  // namespace
}  // namespace scidex::base
