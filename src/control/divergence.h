// Finds a replica that has what its primary never had, and remembers it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "routing/evidence.h"

namespace scidex::control {

// Positions and transaction IDs show that the replica is ahead only until the primary reaches them,
// with other rows. Therefore it counts as ahead until something proves that it has lost them: a
// restart does not, because a replica keeps its files. Not thread-safe: the owner holds a lock.
class Divergence {
 public:
  // What is known of the replica does not compare with the servers of now.
  void Forget() noexcept;

  // Requires facts of a server that is not in recovery, to which the query was sent at `asked_at`.
  void OnPrimary(const routing::ServerFacts& facts, base::TimePoint asked_at);
  // Requires facts of a server in recovery.
  void OnReplica(const routing::ServerFacts& facts, base::TimePoint now);

  // Of the server that answered last.
  bool found() const;

 private:
  // Whether the replica's answer, the first of a new run if `restarted`, shows that it no longer
  // has what the primary never had.
  bool HasLostIt(const routing::ServerFacts& facts, bool restarted) const;

  // Of the server at this address, if it is known.
  bool found_ = false;
  std::optional<routing::ServerAddress> ahead_at_;
  // When it was found: the replica's position, and the timelines of both servers.
  std::uint64_t ahead_until_ = 0;
  std::optional<std::uint64_t> ahead_of_timeline_;
  std::optional<std::uint64_t> ahead_on_timeline_;
  // The primary has passed that position on that timeline, with other rows.
  bool passed_ = false;

  // Of the replica's latest answer: its address, its replay position, its timeline, the transaction
  // ID below which all transactions were complete, and when this was known.
  std::optional<routing::ServerAddress> address_;
  std::optional<std::uint64_t> replayed_;
  std::optional<std::uint64_t> timeline_;
  std::optional<std::uint64_t> completed_below_;
  base::TimePoint known_at_{};
  std::string instance_;
  std::optional<std::uint64_t> primary_timeline_;
};

}  // namespace scidex::control
