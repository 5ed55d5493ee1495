#include "base/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/local_failure.h"
#include "unit/base/event.h"

namespace scidex::base {
namespace {

bool IsBlocked(int signal) {
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  return sigismember(&blocked, signal) == 1;
}

TEST(Thread, HasItsNameCutToWhatLinuxKeeps) {
  std::array<char, 32> name{};
  Thread("a name that is too long", [&] {
    pthread_getname_np(pthread_self(), name.data(), name.size());
  }).Join();
  EXPECT_EQ(std::string(name.data()), "a name that is ");
}

TEST(Thread, ReceivesNoSignalsAndLeavesThoseOfItsMakerAlone) {
  bool blocked = false;
  Thread("test", [&] { blocked = IsBlocked(SIGTERM) && IsBlocked(SIGINT); }).Join();
  EXPECT_TRUE(blocked);
  EXPECT_FALSE(IsBlocked(SIGTERM));
}

TEST(Thread, DestructionJoins) {
  bool ran = false;
  {
    const Thread thread("test", [&] { ran = true; });
  }
  EXPECT_TRUE(ran);
}

TEST(Thread, JoinMayBeRepeated) {
  Thread thread("test", [] {});
  thread.Join();
  thread.Join();
  Thread().Join();
}

TEST(Thread, DetachedThreadRuns) {
  const auto ran = std::make_shared<Event>();
  Thread::Detached("test", [ran] { ran->Notify(); });
  EXPECT_TRUE(ran->Await());
}

// Not optimised into a loop: each level has its part of the stack.
int UseStack(int levels) {
  std::array<volatile char, 1024> frame{};
  frame[0] = 1;
  return levels == 0 ? frame[0] : frame[0] + UseStack(levels - 1);
}

TEST(RunOnStack, DeepRecursionHasTheStackThatWasAskedFor) {
  constexpr std::size_t kStack = std::size_t{64} << 20;
  int depth = 0;
  // Four times the default stack of a thread.
  RunOnStack("test", kStack, [&] { depth = UseStack(32 << 10); });
  EXPECT_EQ(depth, (32 << 10) + 1);
}

TEST(RunOnStack, WhatIsThrownReachesTheCaller) {
  EXPECT_THROW(RunOnStack("test", 1 << 20, [] { throw std::logic_error("x"); }), std::logic_error);
}

TEST(RunOnStack, AStackThatCannotBeIsALocalFailure) {
  bool ran = false;
  EXPECT_THROW(RunOnStack("test", std::size_t{1} << 60, [&] { ran = true; }), LocalFailure);
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace scidex::base
