// Estimates the lag of a replica: how long the primary has been known, by this process's clock
// alone, to have completed a transaction that the replica has not replayed. So an idle primary, WAL
// without transactions (a checkpoint, an unarchived tail) and a clock difference between the
// servers are not lag; a dead WAL receiver is.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/time.h"
#include "routing/evidence.h"

namespace scidex::control {

// Not thread-safe.
class LagEstimator {
 public:
  // Requires facts of a server that is not in recovery.
  void OnPrimary(const routing::ServerFacts& primary, base::TimePoint now);
  // Processes what the same server, to which the query was sent at `asked_at`, has flushed. An open
  // transaction may have inserted WAL after the latest commit that a replica can get only once it
  // is flushed, which may be long after; that WAL is no lag.
  void OnFlushed(const routing::ServerFacts& primary, base::TimePoint asked_at) noexcept;
  // Forgets everything that is known of the primary.
  void Clear() noexcept;

  // Returns the lag, or nothing if it is unknown: because a server reports neither positions nor
  // transactions, or because what is known of the primary is not `current`: it does not answer, and
  // may have written since its last answer. Without a primary, which counts as current, only the
  // replica's own report is left: no lag if it has replayed everything that is streamed to it.
  std::optional<base::Duration> Lag(const routing::ServerFacts& replica, bool current,
                                    base::TimePoint now) const;
  // Bytes of the primary's last known WAL that the replica has not replayed.
  std::optional<std::uint64_t> Bytes(const routing::ServerFacts& replica) const;

 private:
  // State of the primary when a transaction was first seen to be complete. If transactions are not
  // reported, any WAL counts as one.
  struct Sample {
    std::optional<std::uint64_t> replayable_position;
    // The position of a replica that has all of its transactions: at first, the one above.
    std::optional<std::uint64_t> required_position;
    std::optional<routing::TransactionFacts> transactions;
    std::optional<std::uint64_t> timeline;
    base::TimePoint first_seen;
    // From the first observation: the position may be far beyond the last transaction.
    bool is_first = false;
  };
  static bool Has(const routing::ServerFacts& replica, const Sample& sample);
  static bool WentBackwards(const routing::ServerFacts& primary, const Sample& before);
  bool IsNew(const routing::ServerFacts& primary) const;
  void Thin(base::TimePoint now);

  // Oldest first.
  std::deque<Sample> samples_;
  // From the latest answer.
  std::optional<std::uint64_t> written_;
  std::string completed_;
};

}  // namespace scidex::control
