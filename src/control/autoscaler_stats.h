// Statistics of the autoscaler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/enum.h"
#include "control/options.h"
#include "control/scaling_policy.h"
#include "routing/pools.h"

namespace scidex::control {

// Statistics of one pool.
struct ScalingStats {
  // Number of checks of the pool, by decision.
  base::EnumArray<ScalingReason, std::uint64_t> decisions;
  // Empty before the first check.
  std::optional<ScalingDecision> latest;
  // Maximum number of connections of all pools on this pool's server together; empty if unknown.
  std::optional<std::size_t> budget;
};

struct AutoscalerStats {
  AutoscalerMode mode = AutoscalerMode::kOff;
  base::EnumArray<routing::PoolRole, ScalingStats> pools;
};

}  // namespace scidex::control
