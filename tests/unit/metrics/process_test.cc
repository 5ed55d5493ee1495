#include "metrics/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "base/unique_fd.h"
#include "support/eventually.h"
#include "support/refused_limits.h"

namespace scidex::metrics {
namespace {

TEST(ProcessStats, CountsOpenDescriptorsOneByOne) {
  const std::uint64_t before = ReadProcess().open_fds.value();
  const base::UniqueFd one(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const base::UniqueFd two(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(ReadProcess().open_fds.value(), before + 2);
}

TEST(ProcessStats, KnowsTheLimitOfDescriptors) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit lowered{std::min<rlim_t>(limit.rlim_cur, 512), limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
  EXPECT_EQ(ReadProcess().max_fds, static_cast<double>(lowered.rlim_cur));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(ProcessStats, UnreadableLimitIsNotZero) {
  EXPECT_EXIT(
      {
        if (!test::RefuseLimits()) _exit(2);
        const ProcessStats stats = ReadProcess();
        _exit(!stats.max_fds && stats.open_fds ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(ProcessStats, CountsThreads) {
  const std::uint64_t before = ReadProcess().threads.value();
  std::jthread thread([](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::yield();
  });
  EXPECT_EQ(ReadProcess().threads.value(), before + 1);
}

TEST(ProcessStats, CpuTimeRisesWithWork) {
  const base::Duration before = ReadProcess().cpu.value();
  const auto deadline = std::chrono::steady_clock::now() + test::kPatience;
  while (ReadProcess().cpu == before && std::chrono::steady_clock::now() < deadline) {
  }
  EXPECT_GT(ReadProcess().cpu, before);
}

TEST(ProcessStats, StartedAfterTheBuildAndBeforeNowAndKeepsThatTime) {
  const base::WallTime start = ReadProcess().start.value();
  const base::WallTime now = std::chrono::system_clock::now();
  // The kernel counts in hundredths of a second.
  EXPECT_LE(start, now + std::chrono::milliseconds(20));
  EXPECT_GE(start, now - std::chrono::minutes(2));
  EXPECT_EQ(ReadProcess().start, start);
}

TEST(ProcessStats, ResidentMemoryIsPartOfTheVirtual) {
  const ProcessStats stats = ReadProcess();
  EXPECT_GT(stats.resident_memory_bytes, 1'000'000U);
  EXPECT_GT(stats.virtual_memory_bytes, stats.resident_memory_bytes);
  EXPECT_LT(stats.resident_memory_bytes, 2'000'000'000U);
}

}  // namespace
}  // namespace scidex::metrics
