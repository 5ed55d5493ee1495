// Types of time: a deadline is a TimePoint on the steady clock; a duration is in nanoseconds.
#pragma once

#include <chrono>

namespace scidex::base {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

constexpr TimePoint kNever = TimePoint::max();

// `start + length`, or kNever if that would overflow.
constexpr TimePoint Add(TimePoint start, Duration length) {
  // Before the epoch the sum cannot overflow, but the subtraction would.
  return start > TimePoint() && length >= kNever - start ? kNever : start + length;
}

// In metrics, durations are seconds and times are seconds since the Unix epoch.
constexpr double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

constexpr double UnixSeconds(WallTime time) { return Seconds(time.time_since_epoch()); }

}  // namespace scidex::base
