#include "control/divergence.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace scidex::control {

using base::TimePoint;
using routing::ServerAddress;
using routing::ServerFacts;

namespace {

// More than the hosts of any DSN: a restart adds a run.
constexpr std::size_t kMaxRuns = 32;

}  // namespace

void Divergence::OnPrimary(const ServerFacts& facts, TimePoint asked_at) {
  primary_timeline_ = facts.timeline;
  for (Run& run : runs_) {
    if (run.found && !run.CannotFollowThePassed() && facts.timeline == run.ahead_of_timeline &&
        facts.wal_position && *facts.wal_position >= run.ahead_until)
      run.passed = true;
    // Positions compare only in this order: a primary that was queried earlier may have written
    // since.
    if (asked_at < run.known_at || !run.IsAheadOf(facts)) continue;
    run.found = true;
    run.found_in = run.instance;
    run.passed = false;
    run.beyond_fork = run.IsBeyondForkOf(facts);
    run.ahead_until = run.replayed.value_or(0);
    run.ahead_of_timeline = primary_timeline_;
    run.ahead_on_timeline = run.timeline;
  }
}

bool Divergence::Run::HasReplayedBeyond(const ServerFacts& primary) const {
  return replayed && primary.wal_position && *replayed > *primary.wal_position;
}

bool Divergence::Run::IsAheadOf(const ServerFacts& primary) const {
  if (HasReplayedBeyond(primary)) return true;
  // The replica has completed a transaction that the primary has not even begun: it is of another
  // history, which may be shorter in bytes. A transaction that the replica has completed may still
  // be running on the primary, which waits for synchronous standbys before it ends the transaction.
  return completed_below && primary.transactions && primary.transactions->next &&
         *completed_below > *primary.transactions->next;
}

// A primary is never at a point before the one at which its timeline began.
bool Divergence::Run::IsBeyondForkOf(const ServerFacts& primary) const {
  return timeline && primary.timeline && *timeline < *primary.timeline &&
         HasReplayedBeyond(primary);
}

// The primary began its timeline below what the replica has, or is an older one that has returned
// and that the replica has left.
bool Divergence::Run::CannotFollowThePassed() const {
  return beyond_fork || ahead_on_timeline > ahead_of_timeline;
}

bool Divergence::Run::AnswersAt(const std::optional<ServerAddress>& address) const {
  return !address || addresses.empty() ||
         std::find(addresses.begin(), addresses.end(), *address) != addresses.end();
}

// A run that has diverged comes first: another one may have answered at its address meanwhile.
std::vector<Divergence::Run>::reverse_iterator Divergence::FindRestarted(const ServerFacts& facts) {
  const auto diverged = std::find_if(runs_.rbegin(), runs_.rend(), [&](const Run& run) {
    return run.found && !run.replaced && run.AnswersAt(facts.address) &&
           !HasLostIt(run, facts, true);
  });
  if (diverged != runs_.rend()) return diverged;
  return std::find_if(runs_.rbegin(), runs_.rend(),
                      [&](const Run& run) { return run.AnswersAt(facts.address); });
}

void Divergence::OnReplica(const ServerFacts& facts, TimePoint now) {
  // Later, a failure to grow could forget a divergence.
  runs_.reserve(kMaxRuns);
  // The same run is the same replica, whatever its name.
  auto known = facts.instance.empty()
                   ? runs_.rend()
                   : std::find_if(runs_.rbegin(), runs_.rend(),
                                  [&](const Run& run) { return run.instance == facts.instance; });
  bool restarted = false;
  if (known == runs_.rend()) {
    known = FindRestarted(facts);
    restarted = known != runs_.rend() && !known->instance.empty() && !facts.instance.empty();
  } else if (known->found && known->replaced && known->found_in == known->instance) {
    // Those taken for its restarts, which have answered since, are other servers.
    std::for_each(runs_.rbegin(), known, [&](Run& later) {
      if (later.found_in == known->found_in) later.found = false;
    });
  }
  Run run = known == runs_.rend() ? Run() : *known;
  if (run.found && HasLostIt(run, facts, restarted)) run.found = false;
  if (!facts.instance.empty()) run.instance = facts.instance;
  if (facts.address && (run.addresses.empty() || !run.AnswersAt(facts.address)))
    run.addresses.push_back(*facts.address);
  run.replayed = facts.wal_position;
  // The report may be behind, and a replica does not go back. One that was taken for a restart may
  // be another server.
  run.timeline = restarted && !run.found ? facts.reached_timeline
                                         : std::max(run.timeline, facts.reached_timeline);
  run.completed_below.reset();
  if (facts.transactions) run.completed_below = facts.transactions->xmin;
  run.known_at = now;
  run.replaced = false;
  if (restarted) known->replaced = true;
  if (known != runs_.rend() && !restarted) {
    runs_.erase(std::next(known).base());
  } else {
    MakeRoom();
  }
  runs_.push_back(std::move(run));
}

// A divergence that is forgotten is not found again once the primary has passed it. Many restarts
// of one replica must not displace another one.
void Divergence::MakeRoom() {
  if (runs_.size() < kMaxRuns) return;
  auto dropped =
      std::find_if(runs_.begin(), runs_.end(), [](const Run& run) { return !run.found; });
  if (dropped == runs_.end())
    dropped = std::find_if(runs_.begin(), runs_.end(), [](const Run& run) { return run.replaced; });
  runs_.erase(dropped == runs_.end() ? runs_.begin() : dropped);
}

bool Divergence::HasLostIt(const Run& run, const ServerFacts& facts, bool restarted) const {
  const std::uint64_t position = facts.wal_position.value_or(run.ahead_until);
  // A replica streams only after it has replayed the WAL in its files.
  if (position < run.ahead_until && facts.wal_receiver_up.value_or(false)) return true;
  const auto timeline = std::max(facts.timeline, facts.reached_timeline);
  const bool on_primarys_timeline = timeline && timeline == primary_timeline_;
  // The primary has moved to another timeline, and the replica has followed.
  if (!run.passed && position > run.ahead_until && run.ahead_of_timeline && on_primarys_timeline &&
      timeline != run.ahead_of_timeline)
    return true;
  if (!restarted) return false;
  // It was rewound: it could not have left its timeline at a point before its own position.
  if (!run.passed && run.ahead_on_timeline && on_primarys_timeline &&
      timeline != run.ahead_on_timeline)
    return true;
  // A replica starts from a checkpoint that it had replayed, or from that with which its backup
  // began. If it cannot have replayed this one, it was rebuilt.
  return facts.checkpoint && run.replayed && *facts.checkpoint > *run.replayed;
}

}  // namespace scidex::control
