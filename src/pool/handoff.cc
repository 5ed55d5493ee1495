#include "pool/handoff.h"

#include <algorithm>

namespace scidex::pool {

using base::Duration;

namespace {

// One long lease among many short ones does not predict the next.
constexpr Duration kMost = std::chrono::milliseconds(100);
constexpr int kValues = 16;

}  // namespace

void HandoffThreshold::Follow(Duration value, Duration& mean) {
  const Duration bounded = std::clamp(value, Duration::zero(), kMost);
  mean = mean == Duration::zero() ? bounded : mean + (bounded - mean) / kValues;
}

void HandoffThreshold::OnHandedOver(Duration delay) {
  if (fixed_) return;
  Follow(delay, delay_);
  const double time = base::Seconds(used_ + delay_);
  if (time <= 0) return;
  const double lost = base::Seconds(delay_) / time;
  const double rise = std::clamp((lost - kCheapShare) / (kDearShare - kCheapShare), 0.0, 1.0);
  after_ = kShortest + std::chrono::duration_cast<Duration>((kLongest - kShortest) * rise);
}

}  // namespace scidex::pool
