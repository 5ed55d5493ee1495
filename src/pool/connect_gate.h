// Limits the number of concurrent connects: two until one has succeeded, then one more for each
// success, up to a maximum. So a server that hangs blocks at most two connects, and a server that
// has just come back is not flooded by everything that waited for it. When no connect is in
// progress, the limit is two again. After a failure, the limit is one, and no connect starts before
// a backoff has passed.
//
// Clients take turns: one that wants many connects cannot keep another from its first.
//
// The pools of one server share a gate for failures that concern the server, so that after such a
// failure one connect per server is attempted, not one per pool. Each pool has a second gate for
// all other failures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/backoff.h"
#include "base/mutex.h"
#include "base/time.h"

namespace scidex::pool {

struct ConnectGateOptions {
  base::BackoffOptions backoff;
  // Maximum number of concurrent connects.
  std::size_t max_under_way = 4;
};

// Thread-safe. Its lock may be taken while a pool's lock is held.
class ConnectGate {
 public:
  // A user of the gate. `wake` is called, possibly under locks, when a client that was granted less
  // than it wanted should ask again. It must not block and may be empty.
  struct Client {
    std::function<void()> wake;
    bool wants_more = false;
    // Its turn among those that were granted none of what they wanted; 0 if it was not.
    std::uint64_t turn = 0;
  };

  ConnectGate(const ConnectGateOptions& options, std::uint64_t seed)
      : max_under_way_(options.max_under_way), backoff_(options.backoff, seed) {}

  // `client` may be woken from Join() until Leave() returns.
  void Join(Client& client);
  void Leave(Client& client);

  struct Grant {
    std::size_t count = 0;
    // When to ask again, if already known.
    base::TimePoint retry_at = base::kNever;
  };
  // Returns how many of `wanted` connects may start now. Each granted connect must end in exactly
  // one of OnSucceeded(), OnFailed() and Return(). A client that was granted none, except
  // because of a backoff, has one connect reserved until it is granted one or wants none; it must
  // ask when it is woken, even if it wants none.
  Grant Ask(Client& client, std::size_t wanted, base::TimePoint now);
  // Must be called before a granted connect starts. Returns whether it may still start, considering
  // failures in the meantime. If false, the grant has been returned.
  bool Confirm(base::TimePoint now);
  // One granted connect has ended; the failure is one that this gate is for.
  void OnSucceeded();
  void OnFailed(base::TimePoint now);
  // Returns grants whose connects were not started or ended for a reason of the client's own.
  void Return(std::size_t count);

  // The server is known to answer: ends the current backoff delay.
  void OnServerAnswered();

  // Replaces the backoff options. A current delay is shortened so that it ends no later than a new
  // one could.
  void ChangeBackoff(const base::BackoffOptions& options, base::TimePoint now);

 private:
  std::size_t Limit() const SCIDEX_REQUIRES(mutex_);
  void End(std::size_t count) SCIDEX_REQUIRES(mutex_);
  void TakeBack(std::size_t count) SCIDEX_REQUIRES(mutex_);
  void Wake() SCIDEX_REQUIRES(mutex_);
  // Connects reserved for others that were refused before `client`.
  std::size_t ReservedBefore(const Client& client) const SCIDEX_REQUIRES(mutex_);

  const std::size_t max_under_way_;
  base::Mutex mutex_;
  base::Backoff backoff_ SCIDEX_GUARDED_BY(mutex_);
  std::vector<Client*> clients_ SCIDEX_GUARDED_BY(mutex_);
  std::uint64_t last_turn_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::size_t under_way_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // The latest connect failed: only one at a time is allowed.
  bool failing_ SCIDEX_GUARDED_BY(mutex_) = false;
  // Maximum number of concurrent connects while not failing.
  std::size_t limit_ SCIDEX_GUARDED_BY(mutex_) = kUntilOneSucceeds;
  // Number of connects that were in progress at the first failure: if they fail too, that is not a
  // second failure.
  std::size_t same_failure_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // Delay after the latest failure.
  base::Duration delay_ SCIDEX_GUARDED_BY(mutex_){0};
  base::TimePoint retry_at_ SCIDEX_GUARDED_BY(mutex_) = base::TimePoint::min();

  static constexpr std::size_t kUntilOneSucceeds = 2;
};

}  // namespace scidex::pool
