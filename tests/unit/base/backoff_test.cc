#include "base/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace scidex::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The delays after the first, second, … failure, for many backoffs with different seeds.
std::vector<std::vector<Duration>> Delays(const BackoffOptions& options, int failures) {
  std::vector<std::vector<Duration>> delays(static_cast<std::size_t>(failures));
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Backoff backoff(options, seed);
    for (auto& of_failure : delays) of_failure.push_back(backoff.Next());
  }
  return delays;
}

TEST(Backoff, DelaysSpreadOverACeilingThatDoublesUpToTheCap) {
  const auto delays = Delays({.initial = milliseconds(100), .cap = milliseconds(500)}, 5);
  const Duration ceilings[] = {milliseconds(100), milliseconds(200), milliseconds(400),
                               milliseconds(500), milliseconds(500)};
  for (std::size_t failure = 0; failure < delays.size(); ++failure) {
    const auto [least, most] = std::minmax_element(delays[failure].begin(), delays[failure].end());
    EXPECT_GE(*least, Duration::zero()) << failure;
    EXPECT_LE(*most, ceilings[failure]) << failure;
    EXPECT_LT(*least, ceilings[failure] / 20) << failure;
    EXPECT_GT(*most, ceilings[failure] * 19 / 20) << failure;
  }
}

TEST(Backoff, SeedsGiveDelaysOfTheirOwn) {
  const auto first = Delays({}, 1).at(0);
  EXPECT_GT(std::set<Duration>(first.begin(), first.end()).size(), 490u);
}

TEST(Backoff, StaysAtTheCapForever) {
  Backoff backoff({.initial = seconds(1), .cap = seconds(5)}, 1);
  for (int i = 0; i < 1000; ++i) EXPECT_LE(backoff.Next(), seconds(5));
}

TEST(Backoff, InitialAboveTheCapIsCutToIt) {
  Backoff backoff({.initial = seconds(9), .cap = seconds(1)}, 1);
  for (int i = 0; i < 100; ++i) EXPECT_LE(backoff.Next(), seconds(1));
}

TEST(Backoff, HugeCapDoesNotOverflow) {
  Backoff backoff({.initial = seconds(1), .cap = Duration::max()}, 1);
  for (int i = 0; i < 200; ++i) EXPECT_GE(backoff.Next(), Duration::zero());
}

TEST(Backoff, ChangedBoundsHoldFromTheNextDelay) {
  Backoff backoff({.initial = seconds(1), .cap = seconds(64)}, 1);
  for (int i = 0; i < 20; ++i) backoff.Next();
  backoff.Change({.initial = milliseconds(1), .cap = milliseconds(2)});
  for (int i = 0; i < 100; ++i) EXPECT_LE(backoff.Next(), milliseconds(2));
  backoff.Change({.initial = seconds(3600), .cap = seconds(7200)});
  Duration longest{0};
  for (int i = 0; i < 100; ++i) longest = std::max(longest, backoff.Next());
  EXPECT_GT(longest, seconds(1));
}

TEST(Backoff, ResetStartsFromInitialAgain) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Backoff backoff({.initial = milliseconds(1), .cap = seconds(5)}, seed);
    for (int i = 0; i < 20; ++i) backoff.Next();
    backoff.Reset();
    EXPECT_LE(backoff.Next(), milliseconds(1));
  }
}

}  // namespace
}  // namespace scidex::base
