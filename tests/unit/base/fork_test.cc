#include "base/fork.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace scidex::base {
namespace {

// The exit status of a child that runs `body`.
template <typename Body>
int InChild(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ForkGeneration, IsOneMoreInEachGenerationOfChildren) {
  const std::uint32_t here = ForkGeneration();
  EXPECT_EQ(InChild([&] { return static_cast<int>(ForkGeneration() - here); }), 1);
  EXPECT_EQ(
      InChild([&] { return InChild([&] { return static_cast<int>(ForkGeneration() - here); }); }),
      2);
}

TEST(ForkGeneration, StaysTheSameInTheParent) {
  const std::uint32_t before = ForkGeneration();
  InChild([] { return 0; });
  EXPECT_EQ(ForkGeneration(), before);
}

}  // namespace
}  // namespace scidex::base
