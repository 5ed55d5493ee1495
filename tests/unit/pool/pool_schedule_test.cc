#include "unit/pool/pool_schedule.h"

#include <cstdlib>
#include <random>

namespace scidex::pool {
namespace {

constexpr std::size_t kSteps = 60;
constexpr std::uint64_t kSchedules = 12;

// SCIDEX_SEED replays only the schedule of that seed.
TEST(PoolSchedule, WhateverHappensThePoolComesToRestInOrder) {
  if (const char* seed = std::getenv("SCIDEX_SEED")) {
    EXPECT_EQ(PoolSchedule(std::strtoull(seed, nullptr, 10)).Run(kSteps), "");
    return;
  }
  const std::uint64_t first = std::random_device{}();
  for (std::uint64_t seed = first; seed < first + kSchedules; ++seed) {
    ASSERT_EQ(PoolSchedule(seed).Run(kSteps), "") << "SCIDEX_SEED=" << seed << " replays this";
  }
}

}  // namespace
}  // namespace scidex::pool
