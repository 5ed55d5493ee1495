// For how long a waiter may be overtaken before a released connection is handed over to it.
//
// A connection that is handed over lies unused until the waiter's thread runs; one that a running
// thread takes does not. So order costs throughput, the more the longer threads take to wake and
// the shorter the leases are: a context switch is nothing beside a lease of a millisecond, and as
// much again as one of fifty microseconds.
//
// The threshold therefore follows what the pool sees of late: the share of a connection's time that
// would be lost if every release handed over, which is delay / (lease + delay) with the moving
// means of both. Up to kCheapShare it is kShortest, from kDearShare on kLongest, and in between it
// rises in proportion. Before the first connection was handed over it is kAtFirst.
#pragma once

#include <chrono>
#include <optional>

#include "base/time.h"

namespace scidex::pool {

// Not thread safe.
class HandoffThreshold {
 public:
  static constexpr base::Duration kShortest = std::chrono::milliseconds(1);
  static constexpr base::Duration kAtFirst = std::chrono::milliseconds(5);
  static constexpr base::Duration kLongest = std::chrono::milliseconds(20);
  static constexpr double kCheapShare = 0.1;
  static constexpr double kDearShare = 0.3;

  // Does not follow anything if it is `fixed`.
  explicit HandoffThreshold(std::optional<base::Duration> fixed)
      : fixed_(fixed.has_value()), after_(fixed.value_or(kAtFirst)) {}

  base::Duration after() const { return after_; }

  // A lease has ended that was `used` for so long.
  void OnUsed(base::Duration used) { Follow(used, used_); }
  // A connection was handed over, and its waiter ran so much later.
  void OnHandedOver(base::Duration delay);

 private:
  // A moving mean of about the last sixteen values, each of which counts as kMost at most.
  static void Follow(base::Duration value, base::Duration& mean);

  const bool fixed_;
  base::Duration after_;
  base::Duration used_{0};
  base::Duration delay_{0};
};

}  // namespace scidex::pool
