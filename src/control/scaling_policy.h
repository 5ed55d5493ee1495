// Decides whether one pool should grow, shrink or stay as it is: rules without a clock, a lock or a
// pool.
//
// A pool grows when all its connections are in use and, at consecutive checks, acquires wait and
// their number does not decrease, or when acquires wait longer than wait_threshold in two
// consecutive intervals. The step is the number of connections that would serve the waiters within
// a second, and at most a doubling. A pool shrinks when it has needed fewer connections for
// AutoscalerOptions::shrink_after, by a tenth per step, and never below its peak in that time plus
// a quarter. It never gets more than the server can provide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/enum.h"
#include "base/time.h"
#include "control/options.h"
#include "pool/stats.h"

namespace scidex::control {

// Why a pool's target_size changes or does not.
enum class ScalingReason {
  // Raised.
  kWaiting,    // acquires waited at consecutive checks
  kWaitsLong,  // few acquires waited at the checks, but they waited longer than wait_threshold
  // Lowered.
  kIdle,        // it needed fewer connections for shrink_after
  kOverBudget,  // the server cannot provide what the pool has, because of other clients
  // Unchanged.
  kAtMax,          // more is needed, but max_size does not allow it
  kAtBudget,       // more is needed, but the server cannot provide it
  kBudgetUnknown,  // more is needed, but the server's budget is unknown
  kConnecting,     // more is needed, but not all allowed connections are open yet
  kCoolingDown,    // fewer would suffice, but not for long enough
  kSteady,
};

// State of a pool at one check.
struct ScalingSample {
  base::TimePoint at{};
  std::size_t size = 0;
  std::size_t connecting = 0;
  std::size_t idle = 0;
  std::size_t in_use = 0;
  std::size_t waiters = 0;
  std::size_t target_size = 0;
  std::size_t max_size = 0;
  std::size_t min_idle = 0;
  // Totals since the pool was created: ended acquires and their wait, ended leases and their use,
  // and connects for which the server had no room.
  std::uint64_t acquires = 0;
  base::Duration waited{0};
  std::uint64_t leases = 0;
  base::Duration held{0};
  std::uint64_t no_room = 0;

  // The minimum of target_size.
  std::size_t floor() const { return min_idle > 1 ? min_idle : 1; }
};

// `at` is the time at which `stats` was taken.
ScalingSample SampleOf(const pool::PoolStats& stats, base::TimePoint at);

// What the rules remember of one pool; its size is bounded. Not thread-safe.
class ScalingHistory {
 public:
  explicit ScalingHistory(base::Duration shrink_after) : shrink_after_(shrink_after) {}

  // Samples must be in order of time.
  void Add(const ScalingSample& sample);

  // The latest sample. Requires at least one.
  const ScalingSample& latest() const { return *latest_; }
  // The latest few samples since target_size last changed, oldest first: only these say something
  // about the current target.
  const std::deque<ScalingSample>& evidence() const { return evidence_; }
  // Maximum number of connections that would have served all acquires at once in the past
  // shrink_after.
  std::size_t peak() const;
  // When target_size was last seen to have changed, and to have been raised; otherwise the time of
  // the first sample.
  base::TimePoint moved_at() const { return moved_at_; }
  base::TimePoint raised_at() const { return raised_at_; }
  // When the server was last seen to have had no room for a connect.
  std::optional<base::TimePoint> no_room_at() const { return no_room_at_; }

 private:
  // The maximum need in one part of the window.
  struct Part {
    base::TimePoint from;
    std::size_t needed = 0;
  };

  void NoteNeed(std::size_t needed, base::TimePoint at);

  const base::Duration shrink_after_;
  std::optional<ScalingSample> latest_;
  std::deque<ScalingSample> evidence_;
  std::deque<Part> parts_;
  base::TimePoint moved_at_{};
  base::TimePoint raised_at_{};
  std::optional<base::TimePoint> no_room_at_;
};

struct ScalingDecision {
  // The new target_size; the current one unless the reason is one that changes it.
  std::size_t target_size = 0;
  ScalingReason reason = ScalingReason::kSteady;
};

// The target regardless of the budget. `history` must not be empty.
ScalingDecision DesiredTarget(const ScalingHistory& history, const AutoscalerOptions& options);

// Limits the desired target to `budget` (empty: unknown), but not below max(1, min_idle), which the
// operator wants even on a full server.
ScalingDecision ClampToBudget(const ScalingDecision& desired, const ScalingSample& sample,
                              const std::optional<std::size_t>& budget);

// DesiredTarget() and ClampToBudget() combined.
ScalingDecision Step(const ScalingHistory& history, const AutoscalerOptions& options,
                     const std::optional<std::size_t>& budget);

}  // namespace scidex::control

template <>
struct scidex::base::EnumNames<scidex::control::ScalingReason> {
  static constexpr std::array<std::string_view, 10> kNames{
      "waiting",   "waits_long",     "idle",       "over_budget",  "at_max",
      "at_budget", "budget_unknown", "connecting", "cooling_down", "steady"};
};
