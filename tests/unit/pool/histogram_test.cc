#include "pool/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace scidex::pool {
namespace {

using namespace std::chrono_literals;

constexpr std::array<base::Duration, 3> kBounds{1ms, 10ms, 1s};

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram(kBounds);
  EXPECT_EQ(histogram.total(), 0U);
  EXPECT_EQ(histogram.sum(), 0s);
  EXPECT_EQ(histogram.bounds().size(), 3U);
}

TEST(Histogram, ItsBoundsAreInclusive) {
  Histogram histogram(kBounds);
  histogram.Observe(0ns);
  histogram.Observe(1ms);
  histogram.Observe(1ms + 1ns);
  histogram.Observe(10ms);
  histogram.Observe(1s);
  EXPECT_EQ(histogram.count(0), 2U);
  EXPECT_EQ(histogram.count(1), 2U);
  EXPECT_EQ(histogram.count(2), 1U);
  EXPECT_EQ(histogram.count(3), 0U);
}

TEST(Histogram, WhatIsAboveTheLastBoundIsCountedToo) {
  Histogram histogram(kBounds);
  histogram.Observe(1s + 1ns);
  histogram.Observe(24h);
  EXPECT_EQ(histogram.count(3), 2U);
  EXPECT_EQ(histogram.total(), 2U);
  EXPECT_EQ(histogram.sum(), 24h + 1s + 1ns);
}

TEST(Histogram, TakesBackWhatItObserved) {
  Histogram histogram(kBounds);
  histogram.Observe(5ms);
  histogram.Observe(2s);
  histogram.Unobserve(2s);
  EXPECT_EQ(histogram.total(), 1U);
  EXPECT_EQ(histogram.count(1), 1U);
  EXPECT_EQ(histogram.sum(), 5ms);
}

struct NamedBounds {
  const char* name;
  std::span<const base::Duration> (*bounds)();
  base::Duration first;
  base::Duration last;
};

class HistogramBounds : public ::testing::TestWithParam<NamedBounds> {};

TEST_P(HistogramBounds, AscendFitAndCoverWhatTheyPromise) {
  const auto bounds = GetParam().bounds();
  EXPECT_LE(bounds.size(), Histogram::kMaxBounds);
  EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end(), std::less_equal<>()));
  EXPECT_EQ(bounds.front(), GetParam().first);
  EXPECT_EQ(bounds.back(), GetParam().last);
}

INSTANTIATE_TEST_SUITE_P(Of, HistogramBounds,
                         ::testing::Values(NamedBounds{"Wait", WaitBounds, 10us, 30s},
                                           NamedBounds{"Use", UseBounds, 100us, 10min},
                                           NamedBounds{"Connect", ConnectBounds, 1ms, 30s}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace scidex::pool
