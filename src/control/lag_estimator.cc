#include "control/lag_estimator.h"

#include <algorithm>

namespace scidex::control {

using base::Duration;
using base::TimePoint;
using routing::ServerFacts;

namespace {

// At a probe a second, more than an hour of a primary that never rests.
constexpr std::size_t kMaxSamples = 4096;

bool FellBack(const std::optional<std::uint64_t>& now, const std::optional<std::uint64_t>& before) {
  return now && before && *now < *before;
}

}  // namespace

void LagEstimator::OnPrimary(const ServerFacts& primary, TimePoint now) {
  std::optional<std::uint64_t> xmax;
  if (primary.transactions) xmax = primary.transactions->xmax;
  // Of another primary, or one that was restored.
  if (!samples_.empty() && (FellBack(primary.wal_position, samples_.back().wal_position) ||
                            FellBack(xmax, samples_.back().xmax))) {
    Clear();
  }
  const bool is_new = IsNew(primary);
  written_ = primary.wal_position;
  completed_ = primary.transactions ? primary.transactions->text : "";
  if (!is_new) return;
  samples_.push_back({primary.wal_position, xmax, now});
  if (samples_.size() > kMaxSamples) samples_.pop_front();
}

bool LagEstimator::IsNew(const ServerFacts& primary) const {
  if (!primary.transactions && !primary.wal_position) return false;
  if (samples_.empty()) return true;
  return primary.transactions ? primary.transactions->text != completed_
                              : primary.wal_position != written_;
}

void LagEstimator::Clear() noexcept {
  samples_.clear();
  written_.reset();
  completed_.clear();
}

// By its position, whatever the WAL up to there holds; or, where it lacks some, by every
// transaction that there was being complete on it.
bool LagEstimator::Has(const ServerFacts& replica, const Sample& sample) {
  return (replica.wal_position && sample.wal_position &&
          *replica.wal_position >= *sample.wal_position) ||
         (replica.transactions && sample.xmax && replica.transactions->xmin >= *sample.xmax);
}

std::optional<Duration> LagEstimator::Lag(const ServerFacts& replica, bool primary_answers,
                                          TimePoint now) const {
  if (replica.lag_is_queried) return replica.queried_lag;
  const bool receives = replica.wal_receiver_up.value_or(false);
  const bool replayed_all = replica.replayed_all_received.value_or(false);
  const bool caught_up = receives && replayed_all;
  const auto unknown = [&]() -> std::optional<Duration> {
    if (caught_up) return Duration::zero();
    return std::nullopt;
  };
  if (!replica.wal_position && !replica.transactions) return unknown();
  if (samples_.empty())
    return replayed_all || replica.since_last_replay == std::nullopt ? unknown()
                                                                     : replica.since_last_replay;
  const auto missing = std::find_if(samples_.begin(), samples_.end(),
                                    [&](const Sample& sample) { return !Has(replica, sample); });
  if (missing == samples_.end()) return primary_answers ? Duration::zero() : unknown();
  const Duration behind = now - missing->first_seen;
  // It may have been behind before the first look at the primary.
  if (missing == samples_.begin() && !caught_up)
    return std::max(behind, replica.since_last_replay.value_or(behind));
  return behind;
}

std::optional<std::uint64_t> LagEstimator::Bytes(const ServerFacts& replica) const {
  if (!written_ || !replica.wal_position) return std::nullopt;
  return *written_ > *replica.wal_position ? *written_ - *replica.wal_position : 0;
}

}  // namespace scidex::control
