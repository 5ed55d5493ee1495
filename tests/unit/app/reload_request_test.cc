#include "app/reload_request.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace scidex::app {
namespace {

siginfo_t SignalInfo(int number, int code, int value) {
  siginfo_t info{};
  info.si_signo = number;
  info.si_code = code;
  info.si_pid = 4711;
  info.si_value.sival_int = value;
  return info;
}

TEST(ReloadRequest, SignalOfAShellOrOfAnotherProgramWantsNoAnswer) {
  EXPECT_EQ(SignalOf(SignalInfo(SIGHUP, SI_USER, 0)).asker, 0);
  EXPECT_EQ(SignalOf(SignalInfo(SIGHUP, SI_QUEUE, 1)).asker, 0);
  EXPECT_EQ(SignalOf(SignalInfo(SIGTERM, SI_USER, 0)).number, SIGTERM);
}

TEST(ReloadRequest, ProcessThatIsNotThereIsAnError) {
  // Larger than any process id of Linux.
  EXPECT_THROW(AskToReload(1 << 30, std::chrono::hours(1)), std::runtime_error);
}

TEST(ReloadRequest, AnswerToAnExitedProcessIsNoError) { AnswerReload(1 << 30, true); }

}  // namespace
}  // namespace scidex::app
