#include "control/probe_stats.h"

namespace scidex::control {

ProbeStats CountsOf(const ProbeStats& stats) noexcept {
  ProbeStats counts;
  counts.probes = stats.probes;
  counts.failures = stats.failures;
  return counts;
}

std::optional<Enforcement> EnforcementOf(routing::PoolRole role, const ProbeStats& stats) {
  if (role == routing::PoolRole::kPrimary || stats.last_success == base::WallTime{})
    return std::nullopt;
  return stats.behind_pooler ? Enforcement::kTransaction : Enforcement::kSession;
}

}  // namespace scidex::control
