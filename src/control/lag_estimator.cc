#include "control/lag_estimator.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <ranges>
#include <utility>

namespace scidex::control {

using base::Duration;
using base::TimePoint;
using routing::ServerFacts;

namespace {

// With more samples than this, neighbours are joined that differ by less than 1 % of their age. The
// number of those that are left grows with the logarithm of time: it stays below this for decades
// of a constantly busy primary.
constexpr std::size_t kThinAbove = 4096;
constexpr int kPerAge = 100;

}  // namespace

void LagEstimator::OnPrimary(const ServerFacts& primary, TimePoint now) {
  // This is another primary, or a restored one.
  if (!samples_.empty() && WentBackwards(primary, samples_.back())) Clear();
  const bool is_new = IsNew(primary);
  written_ = primary.replayable_position;
  completed_ = primary.transactions ? primary.transactions->text : "";
  if (!is_new) return;
  Sample sample{primary.replayable_position,
                primary.replayable_position,
                std::nullopt,
                primary.timeline,
                now,
                samples_.empty()};
  // Without the text, which lists every running transaction.
  if (primary.transactions)
    sample.transactions =
        routing::TransactionFacts{primary.transactions->xmin, primary.transactions->xmax};
  samples_.push_back(std::move(sample));
  if (samples_.size() > kThinAbove) Thin(now);
}

// Two samples become one that a replica has once it has both, and that was first seen when the
// earlier one was: a lag may be up to 1 % too high, never too low. The first one is judged by other
// rules.
void LagEstimator::Thin(TimePoint now) {
  std::size_t last = 1;
  for (std::size_t i = 2; i < samples_.size(); ++i) {
    const TimePoint earlier = samples_[last].first_seen;
    // A sample that was joined before ends where the next one begins.
    const TimePoint end = i + 1 < samples_.size() ? samples_[i + 1].first_seen : now;
    const bool joins = end - earlier <= (now - end) / kPerAge;
    if (!joins) ++last;
    if (last != i) samples_[last] = std::move(samples_[i]);
    if (joins) samples_[last].first_seen = earlier;
  }
  samples_.erase(samples_.begin() + static_cast<std::ptrdiff_t>(last) + 1, samples_.end());
}

// Asynchronous commits are visible in a sample before they are flushed. Once they must have been
// flushed, a replica that has all flushed WAL has all of the sample's transactions. If the flushed
// WAL ends within a record, a replica still lacks that record until the server flushes more.
void LagEstimator::OnFlushed(const ServerFacts& primary, TimePoint asked_at) noexcept {
  if (!primary.flushed_position || !primary.commits_flushed_within) return;
  for (Sample& sample : std::views::reverse(samples_)) {
    if (!sample.required_position) continue;
    if (*sample.required_position <= *primary.flushed_position) return;
    if (asked_at - sample.first_seen >= *primary.commits_flushed_within)
      sample.required_position = primary.flushed_position;
  }
}

bool LagEstimator::IsNew(const ServerFacts& primary) const {
  if (!primary.transactions && !primary.replayable_position) return false;
  if (samples_.empty()) return true;
  return primary.transactions ? primary.transactions->text != completed_
                              : primary.replayable_position != written_;
}

void LagEstimator::Clear() noexcept {
  samples_.clear();
  written_.reset();
  completed_.clear();
}

// A replica has a sample if it has replayed its position, whatever the WAL up to there contains;
// or, if some WAL is missing, if all transactions of the sample are complete on the replica.
// Transaction numbers of another timeline do not compare; but a replica on a later one has replayed
// all that its primary has of this one.
bool LagEstimator::Has(const ServerFacts& replica, const Sample& sample) {
  if (replica.wal_position && sample.required_position &&
      *replica.wal_position >= *sample.required_position)
    return true;
  if (!replica.transactions || !sample.transactions) return false;
  if (replica.timeline && sample.timeline && *replica.timeline != *sample.timeline)
    return *replica.timeline > *sample.timeline;
  if (replica.transactions->xmin >= sample.transactions->xmax) return true;
  // While an old transaction runs, the replica does not report which later ones are complete,
  // except the latest.
  return sample.is_first && replica.transactions->xmin >= sample.transactions->xmin &&
         replica.transactions->xmax >= sample.transactions->xmax;
}

bool LagEstimator::WentBackwards(const ServerFacts& primary, const Sample& before) {
  return (primary.replayable_position && before.replayable_position &&
          *primary.replayable_position < *before.replayable_position) ||
         (primary.transactions && before.transactions &&
          primary.transactions->xmax < before.transactions->xmax);
}

std::optional<Duration> LagEstimator::Lag(const ServerFacts& replica, bool current,
                                          TimePoint now) const {
  if (replica.lag_is_queried) return replica.queried_lag;
  if (samples_.empty() || (!replica.wal_position && !replica.transactions)) {
    // Without a primary to compare with, or numbers to compare, only the replica's own report is
    // left.
    const bool caught_up =
        replica.wal_receiver_up.value_or(false) && replica.replayed_all_received.value_or(false);
    if (caught_up && current) return Duration::zero();
    return std::nullopt;
  }
  const auto missing = std::find_if(samples_.begin(), samples_.end(),
                                    [&](const Sample& sample) { return !Has(replica, sample); });
  if (missing == samples_.end()) {
    if (current) return Duration::zero();
    return std::nullopt;
  }
  const Duration behind = now - missing->first_seen;
  // It may have been behind before the first look at the primary, also if it has replayed all that
  // it was sent: the sender may be slow, or a standby that is behind itself.
  if (missing == samples_.begin())
    return std::max(behind, replica.since_last_replay.value_or(behind));
  return behind;
}

std::optional<std::uint64_t> LagEstimator::Bytes(const ServerFacts& replica) const {
  if (!written_ || !replica.wal_position) return std::nullopt;
  return *written_ > *replica.wal_position ? *written_ - *replica.wal_position : 0;
}

}  // namespace scidex::control
