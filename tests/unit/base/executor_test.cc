#include "base/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "unit/base/event.h"

namespace scidex::base {
namespace {

TEST(Executor, OneThreadRunsInOrderOfArrival) {
  std::vector<int> ran;
  {
    Executor executor("test", 1);
    for (int i = 0; i < 5; ++i) executor.Submit([&ran, i] { ran.push_back(i); });
  }
  EXPECT_THAT(ran, ::testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST(Executor, DestructionRunsWhatWasSubmittedBefore) {
  Event start;
  Event ran;
  {
    Executor executor("test", 2);
    for (int i = 0; i < 2; ++i) executor.Submit([&] { start.Await(); });
    for (int i = 0; i < 50; ++i) executor.Submit([&] { ran.Happen(); });
    start.Happen();
  }
  EXPECT_EQ(ran.times(), 50);
}

TEST(Executor, DestructionRunsWhatWorkSubmitsMeanwhile) {
  Event ran;
  {
    Executor executor("test", 1);
    executor.Submit([&] { executor.Submit([&] { ran.Happen(); }); });
  }
  EXPECT_EQ(ran.times(), 1);
}

TEST(Executor, ItsThreadsWorkAtTheSameTime) {
  Event arrived;
  Executor executor("test", 3);
  Event met;
  for (int i = 0; i < 3; ++i) {
    executor.Submit([&] {
      arrived.Happen();
      if (arrived.Await(3)) met.Happen();
    });
  }
  EXPECT_TRUE(met.Await(3));
}

TEST(Executor, SubmitDoesNotWaitForWork) {
  Event go_on;
  Executor executor("test", 1);
  for (int i = 0; i < 3; ++i) executor.Submit([&] { EXPECT_TRUE(go_on.Await()); });
  go_on.Happen();
}

TEST(Executor, WorkIsGoneOnceItHasRunAndMaySubmitOnItsWay) {
  Event ran;
  Event gone;
  Executor executor("test", 1);
  std::shared_ptr<Event> owned(&ran, [&](Event*) { executor.Submit([&] { gone.Happen(); }); });
  executor.Submit([owned = std::move(owned)] { owned->Happen(); });
  EXPECT_TRUE(ran.Await());
  EXPECT_TRUE(gone.Await());
}

}  // namespace
}  // namespace scidex::base
