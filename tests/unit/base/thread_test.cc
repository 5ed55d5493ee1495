#include "base/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <csignal>
#include <memory>
#include <string>

#include "unit/base/event.h"

namespace scidex::base {
namespace {

bool Blocked(int signal) {
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
  Thread("test", [&] { blocked = Blocked(SIGTERM) && Blocked(SIGINT); }).Join();
  EXPECT_TRUE(blocked);
  EXPECT_FALSE(Blocked(SIGTERM));
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
  Thread::Detached("test", [ran] { ran->Happen(); });
  EXPECT_TRUE(ran->Await());
}

}  // namespace
}  // namespace scidex::base
