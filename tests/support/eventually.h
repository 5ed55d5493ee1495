// Waits until another thread or process has reached a state, and no longer.
#pragma once

#include <chrono>
#include <concepts>
#include <thread>

namespace scidex::test {

// Timeout of waits whose duration a test cannot know. It is longer than any machine needs, however
// busy: on an idle one these waits take seconds at most.
inline constexpr auto kPatience = std::chrono::minutes(3);

// Polls `predicate` every few milliseconds until it is true (returns true) or `timeout` has passed
// (returns false). Calls it at least once, and once more at the end.
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
