#include "base/fork.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <stop_token>

#include "base/periodic_task.h"
#include "base/scheduler.h"

namespace scidex::base {
namespace {

// The exit status of a child that runs `body`.
template <typename Body>
int ExitStatusInChild(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ForkGeneration, IsOneMoreInEachGenerationOfChildren) {
  const std::uint32_t here = ForkGeneration();
  EXPECT_EQ(ExitStatusInChild([&] { return static_cast<int>(ForkGeneration() - here); }), 1);
  EXPECT_EQ(ExitStatusInChild([&] {
              return ExitStatusInChild([&] { return static_cast<int>(ForkGeneration() - here); });
            }),
            2);
}

TEST(ForkGeneration, StaysTheSameInTheParent) {
  const std::uint32_t before = ForkGeneration();
  ExitStatusInChild([] { return 0; });
  EXPECT_EQ(ForkGeneration(), before);
}

// A child may free memory only with an allocator that supports it; those of the sanitizers do not.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Fork, AChildMayDestroyWhatRunsOnTheParentsThreads) {
  auto scheduler = std::make_unique<Scheduler>(RealClock());
  auto task = std::make_unique<PeriodicTask>(*scheduler, TaskKind::kProbe, TimePoint::min(),
                                             [](const std::stop_token&) { return kNever; });
  auto entry = std::make_unique<Timer::Entry>(scheduler->timer(), kNever, [] {});
  EXPECT_EQ(ExitStatusInChild([&] {
              alarm(60);
              entry.reset();
              task.reset();
              scheduler.reset();
              return 0;
            }),
            0);
}
#endif

}  // namespace
}  // namespace scidex::base
