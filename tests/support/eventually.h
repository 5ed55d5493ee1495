// Waits for something that another thread or process will bring about, for as long as it takes and
// no longer.
#pragma once

#include <chrono>
#include <concepts>
#include <thread>

namespace scidex::test {

// How long a test that cannot know waits before it fails: longer than any machine needs, however
// busy it is. What a test waits for takes seconds at most on an idle one.
inline constexpr auto kPatience = std::chrono::minutes(3);

// Asks `predicate` every few milliseconds until it holds (true) or `timeout` has passed (false). It
// is asked at least once, and once more at the end.
template <std::predicate Predicate>
bool Eventually(std::chrono::nanoseconds timeout, Predicate predicate) {
  constexpr auto kInterval = std::chrono::milliseconds(3);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (std::chrono::steady_clock::now() < deadline) {
    if (predicate()) return true;
    std::this_thread::sleep_for(kInterval);
  }
  return predicate();
}

}  // namespace scidex::test
