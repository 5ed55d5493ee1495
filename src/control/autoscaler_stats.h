// The numbers of the autoscaler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/enum.h"
#include "control/options.h"
#include "control/scaling_policy.h"
#include "routing/pools.h"

namespace scidex::control {

// Of one pool.
struct ScalingStats {
  // Looks at the pool, by what was decided.
  base::EnumArray<ScalingReason, std::uint64_t> decisions;
  // Empty before the first look.
  std::optional<ScalingDecision> latest;
  // The most connections that all pools on this pool's server may have together; empty while that
  // is not known.
  std::optional<std::size_t> budget;
};

struct AutoscalerStats {
  AutoscalerMode mode = AutoscalerMode::kOff;
  base::EnumArray<routing::PoolRole, ScalingStats> pools;
};

}  // namespace scidex::control
