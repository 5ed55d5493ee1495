// The numbers of what runs on a timer.
#pragma once

#include <cstdint>
#include <optional>

#include "base/enum.h"
#include "base/time.h"
#include "control/autoscaler_stats.h"
#include "routing/pools.h"
#include "routing/route.h"

namespace scidex::control {

// Of the probe of one pool's server.
struct ProbeStats {
  // The latest probe got an answer. False until there was one.
  bool up = false;
  bool in_recovery = false;
  // Epoch (0) while there was none.
  base::WallTime last_run{};
  base::WallTime last_success{};
  // Of the latest probe, answered or not.
  base::Duration duration{0};
  base::EnumArray<routing::Reason, std::uint64_t> failures;
  // Why the latest probe failed; kOk if it did not, kStartingUp before the first.
  routing::Reason last_reason = routing::Reason::kStartingUp;
};

struct ReplicaStats {
  // The last that was known.
  std::optional<base::Duration> lag;
  bool wal_receiver_up = false;
  // Answers that were judged unfit, by verdict.
  base::EnumArray<routing::Reason, std::uint64_t> judged_unfit = {};
};

struct ControlStats {
  base::EnumArray<routing::PoolRole, ProbeStats> probes;
  ReplicaStats replica;
  AutoscalerStats autoscaler;
};

}  // namespace scidex::control
