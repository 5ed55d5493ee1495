// Whether one pool should grow, shrink or stay as it is: rules without a clock, a lock or a pool.
//
// It grows when it lends out all that it may have and borrowers still wait, and not fewer of them
// at each look, by as many connections as borrowers were left without one, and at most to twice its
// size in one step. It shrinks when it
// has done with less for AutoscalerOptions::shrink_after, by a tenth in one step, and never below
// what it needed at most in that time and a quarter more. Whatever it wants, it gets no more than
// the server can give.
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

// Why a pool's target_size is moved, or is not.
enum class ScalingReason {
  // Moved up.
  kWaiting,    // acquires were left waiting, look after look
  kWaitsLong,  // few waited when looked at, but acquires took longer than wait_threshold
  // Moved down.
  kIdle,        // it did with less for shrink_after
  kOverBudget,  // the server cannot give what the pool has: others came
  // Not moved.
  kAtMax,          // more is needed, and max_size does not allow it
  kAtBudget,       // more is needed, and the server cannot give it
  kBudgetUnknown,  // more is needed, and the server has not said what it can give
  kConnecting,     // more is needed, and not all that is allowed is there yet
  kCoolingDown,    // less would do, but not for long enough
  kSteady,
};

// One look at a pool.
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
  // Since the pool was made: acquires and leases that ended, how long they waited and were held
  // together, and connects for which the server had no room.
  std::uint64_t acquires = 0;
  base::Duration waited{0};
  std::uint64_t leases = 0;
  base::Duration held{0};
  std::uint64_t no_room = 0;

  // Below which target_size is never moved.
  std::size_t floor() const { return min_idle > 1 ? min_idle : 1; }
};

ScalingSample SampleOf(const pool::PoolStats& stats, base::TimePoint at);

// What the rules remember of one pool: some numbers, however long it has run. Not thread safe.
class ScalingHistory {
 public:
  explicit ScalingHistory(base::Duration shrink_after) : shrink_after_(shrink_after) {}

  // Samples come in the order of their time.
  void Add(const ScalingSample& sample);

  // The latest; there must be one.
  const ScalingSample& latest() const { return *latest_; }
  // The latest few since target_size was last moved, oldest first: what there is to say of the
  // present one.
  const std::deque<ScalingSample>& evidence() const { return evidence_; }
  // The most connections at once that would have served everybody, in the past shrink_after.
  std::size_t peak() const;
  // When target_size was last seen to have moved, and to have moved up; the first sample otherwise.
  base::TimePoint moved_at() const { return moved_at_; }
  base::TimePoint raised_at() const { return raised_at_; }
  // When the server was last seen to have had no room for a connect.
  std::optional<base::TimePoint> no_room_at() const { return no_room_at_; }

 private:
  // The most that was needed in one part of the window.
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
  // What target_size should be; what it is, unless the reason is one that moves it.
  std::size_t target_size = 0;
  ScalingReason reason = ScalingReason::kSteady;
};

// What the pool would have if the server could give anything. The history is not empty.
ScalingDecision DesiredTarget(const ScalingHistory& history, const AutoscalerOptions& options);

// What it gets of the desired target: no more than `budget`, which empty is not known, and no less
// than max(1, min_idle), which the operator wants even of a server that is full.
ScalingDecision ClampToBudget(const ScalingDecision& desired, const ScalingSample& sample,
                              const std::optional<std::size_t>& budget);

// Both at once.
ScalingDecision Step(const ScalingHistory& history, const AutoscalerOptions& options,
                     const std::optional<std::size_t>& budget);

}  // namespace scidex::control

template <>
struct scidex::base::EnumNames<scidex::control::ScalingReason> {
  static constexpr std::array<std::string_view, 10> kNames{
      "waiting",   "waits_long",     "idle",       "over_budget",  "at_max",
      "at_budget", "budget_unknown", "connecting", "cooling_down", "steady"};
};
