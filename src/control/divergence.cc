#include "control/divergence.h"

namespace scidex::control {

using base::TimePoint;
using routing::ServerFacts;

void Divergence::Forget() noexcept {
  found_ = false;
  replayed_.reset();
  completed_below_.reset();
}

void Divergence::OnPrimary(const ServerFacts& facts, TimePoint asked_at) {
  primary_timeline_ = facts.timeline;
  if (found_ && facts.timeline == ahead_of_timeline_ && facts.wal_position &&
      *facts.wal_position >= ahead_until_)
    passed_ = true;
  // Positions compare only in this order: a primary that was queried earlier may have written
  // since.
  if (asked_at < known_at_) return;
  const bool has_more_wal = replayed_ && facts.wal_position && *replayed_ > *facts.wal_position;
  // The replica has completed a transaction that the primary has not even begun: it is of another
  // history, which may be shorter in bytes. A transaction that the replica has completed may still
  // be running on the primary, which waits for synchronous standbys before it ends the transaction.
  const bool has_more_transactions = completed_below_ && facts.transactions &&
                                     facts.transactions->next &&
                                     *completed_below_ > *facts.transactions->next;
  if (!has_more_wal && !has_more_transactions) return;
  found_ = true;
  ahead_at_ = address_;
  passed_ = false;
  ahead_until_ = replayed_.value_or(0);
  ahead_of_timeline_ = primary_timeline_;
  ahead_on_timeline_ = timeline_;
}

void Divergence::OnReplica(const ServerFacts& facts, TimePoint now) {
  const bool restarted = !facts.instance.empty() && facts.instance != instance_;
  address_ = facts.address;
  if (found() && HasLostIt(facts, restarted)) found_ = false;
  if (restarted) instance_ = facts.instance;
  replayed_ = facts.wal_position;
  timeline_ = facts.timeline;
  completed_below_.reset();
  if (facts.transactions) completed_below_ = facts.transactions->xmin;
  known_at_ = now;
}

bool Divergence::found() const {
  return found_ && (!address_ || !ahead_at_ || *address_ == *ahead_at_);
}

bool Divergence::HasLostIt(const ServerFacts& facts, bool restarted) const {
  const std::uint64_t position = facts.wal_position.value_or(ahead_until_);
  // A replica streams only after it has replayed the WAL in its files.
  if (position < ahead_until_ && facts.wal_receiver_up.value_or(false)) return true;
  const bool on_primarys_timeline = facts.timeline && facts.timeline == primary_timeline_;
  // The primary has moved to another timeline, and the replica has followed.
  if (!passed_ && position > ahead_until_ && ahead_of_timeline_ && on_primarys_timeline &&
      facts.timeline != ahead_of_timeline_)
    return true;
  if (!restarted) return false;
  // It was rewound: it could not have left its timeline at a point before its own position.
  if (!passed_ && ahead_on_timeline_ && on_primarys_timeline &&
      facts.timeline != ahead_on_timeline_)
    return true;
  // A replica starts from a checkpoint that it had replayed, or from that with which its backup
  // began. If it cannot have replayed this one, it was rebuilt.
  return facts.checkpoint && replayed_ && *facts.checkpoint > *replayed_;
}

}  // namespace scidex::control
