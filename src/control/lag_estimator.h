// How far a replica is behind: for how long the primary has been known, by this process's clock
// alone, to have completed a transaction that the replica has not replayed. So neither an idle
// primary is lag, nor WAL without transactions (a checkpoint, a tail that is not archived yet), nor
// a difference between the servers' clocks; a WAL receiver that died is.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/time.h"
#include "routing/evidence.h"

namespace scidex::control {

// Not thread safe.
class LagEstimator {
 public:
  // Of a server that is not in recovery.
  void OnPrimary(const routing::ServerFacts& primary, base::TimePoint now);
  void Clear() noexcept;

  // Empty where it cannot be known: what a primary that does not answer wrote since its last
  // answer, or a server that tells neither positions nor transactions. Where no primary was ever
  // asked, the replica's own word is all there is, if it has replayed all that is streamed to it.
  std::optional<base::Duration> Lag(const routing::ServerFacts& replica, bool primary_answers,
                                    base::TimePoint now) const;
  // How much WAL of the primary's last known one it has not replayed.
  std::optional<std::uint64_t> Bytes(const routing::ServerFacts& replica) const;

 private:
  // Of the primary, when something was first seen to be complete. Without transactions, any WAL
  // counts as one.
  struct Sample {
    std::optional<std::uint64_t> wal_position;
    std::optional<routing::TransactionFacts> transactions;
    std::optional<std::uint64_t> timeline;
    base::TimePoint first_seen;
    // Seen at the first look: the position may be well past its last transaction.
    bool is_first = false;
  };
  static bool Has(const routing::ServerFacts& replica, const Sample& sample);
  static bool FellBack(const routing::ServerFacts& primary, const Sample& before);
  bool IsNew(const routing::ServerFacts& primary) const;

  // Ascending.
  std::deque<Sample> samples_;
  // Of the latest answer.
  std::optional<std::uint64_t> written_;
  std::string completed_;
};

}  // namespace scidex::control
