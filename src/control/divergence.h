// Finds a replica that has what its primary never had, and remembers it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "routing/evidence.h"

namespace scidex::control {

// Positions and transaction IDs show that a replica is ahead only until the primary reaches them,
// with other rows. Therefore it counts as ahead until something proves that it has lost them: a
// restart does not, because a replica keeps its files. Several hosts in a DSN, or a load balancer,
// lead to one replica or another, so each is remembered and compares only with itself. Not
// thread-safe: the owner holds a lock.
class Divergence {
 public:
  // What is known of the replicas does not compare with the servers of now.
  void Forget() noexcept { runs_.clear(); }

  // Requires facts of a server that is not in recovery, to which the query was sent at `asked_at`.
  void OnPrimary(const routing::ServerFacts& facts, base::TimePoint asked_at);
  // Requires facts of a server in recovery.
  void OnReplica(const routing::ServerFacts& facts, base::TimePoint now);

  // Of the replica that answered last.
  bool found() const { return !runs_.empty() && runs_.back().found; }

 private:
  // One run of one replica. A run at a known address begins with what is known of a run there
  // before, of which it is taken to be the restart. If that one answers again, it was not.
  struct Run {
    // See ServerFacts::instance. Empty if it has not been reported.
    std::string instance;
    // All under which this run and those before it have answered. Empty if none was reported.
    std::vector<routing::ServerAddress> addresses;
    // A later run at its address has answered since.
    bool replaced = false;

    bool found = false;
    // The run that was ahead: this one, or one of those before it.
    std::string found_in;
    // When it was found: the replica's position, and the timelines of both servers.
    std::uint64_t ahead_until = 0;
    std::optional<std::uint64_t> ahead_of_timeline;
    std::optional<std::uint64_t> ahead_on_timeline;
    // The primary's timeline left the replica's at a point before that position: the replica cannot
    // move to it with its rows.
    bool beyond_fork = false;
    // Otherwise: the primary has passed that position on that timeline, with other rows. The
    // replica could follow it to the next one.
    bool passed = false;

    // The latest timeline that it has reached.
    std::optional<std::uint64_t> timeline;
    // Of the latest answer: the replay position, the transaction ID below which all transactions
    // were complete, and when this was known.
    std::optional<std::uint64_t> replayed;
    std::optional<std::uint64_t> completed_below;
    base::TimePoint known_at{};

    bool AnswersAt(const std::optional<routing::ServerAddress>& address) const;
    bool HasReplayedBeyond(const routing::ServerFacts& primary) const;
    bool IsAheadOf(const routing::ServerFacts& primary) const;
    bool IsBeyondForkOf(const routing::ServerFacts& primary) const;
    bool CannotFollowThePassed() const;
  };
  // The run of which a run with these facts, the first of it, is taken to be the restart.
  std::vector<Run>::reverse_iterator FindRestarted(const routing::ServerFacts& facts);
  // Whether the answer, the first of a new run if `restarted`, shows that the replica no longer has
  // what the primary never had.
  bool HasLostIt(const Run& run, const routing::ServerFacts& facts, bool restarted) const;
  void MakeRoom();

  // The one that answered last is the last.
  std::vector<Run> runs_;
  std::optional<std::uint64_t> primary_timeline_;
};

}  // namespace scidex::control
