// The time for which a waiter may be overtaken before a released connection is handed over to it.
//
// A connection that is handed over is unused until the waiter's thread runs; one that a running
// thread takes is not. So strict order costs throughput: more so the longer threads take to wake
// and the shorter the leases are. A context switch is negligible compared to a lease of 1 ms, but
// doubles the cost of one of 50 µs.
//
// Therefore the threshold follows what the pool measures: the share of a connection's time that
// would be lost if every release handed over, delay / (lease + delay), with moving averages of
// both. The threshold is kShortest up to kCheapShare, kLongest from kDearShare, and linear in
// between. Before the first handoff it is kAtFirst.
#pragma once

#include <chrono>
#include <optional>

#include "base/time.h"

namespace scidex::pool {

// Not thread-safe.
class HandoffThreshold {
 public:
  static constexpr base::Duration kShortest = std::chrono::milliseconds(1);
  static constexpr base::Duration kAtFirst = std::chrono::milliseconds(5);
  static constexpr base::Duration kLongest = std::chrono::milliseconds(20);
  static constexpr double kCheapShare = 0.1;
  static constexpr double kDearShare = 0.3;

  // If `fixed` is set, the threshold never changes.
  explicit HandoffThreshold(std::optional<base::Duration> fixed)
      : fixed_(fixed.has_value()), after_(fixed.value_or(kAtFirst)) {}

  base::Duration after() const { return after_; }

  // A lease that was used for `used` has ended.
  void OnUsed(base::Duration used) { Follow(used, used_); }
  // A connection was handed over, and its waiter ran `delay` later.
  void OnHandedOver(base::Duration delay);

 private:
  // Moving average of about the last 16 values, each clamped to kMost.
  static void Follow(base::Duration value, base::Duration& mean);

  const bool fixed_;
  base::Duration after_;
  base::Duration used_{0};
  base::Duration delay_{0};
};

}  // namespace scidex::pool
