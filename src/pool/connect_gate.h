// Says when connects may start. At most two are under way until one has succeeded, and then one
// more for each that succeeds, up to a maximum: a server that hangs holds up two, and one that has
// just come back is not met by everything that has waited for it. Once none is under way it begins
// with two again. After a failure: one at a time, and not before a backoff has passed.
//
// The pools of one server share one, for failures that tell of the server, so that after such a
// failure one connect a server is tried and not one a pool; each pool has another, for the rest.
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
  // Connects under way at once.
  std::size_t max_under_way = 4;
};

// Thread safe. Its lock may be taken under a pool's.
class ConnectGate {
 public:
  // Who asks. `wake` is called, possibly under locks, when one that was granted less than it wanted
  // should ask again; it must not block and may be empty.
  struct Client {
    std::function<void()> wake;
    bool wants_more = false;
  };

  ConnectGate(const ConnectGateOptions& options, std::uint64_t seed)
      : max_under_way_(options.max_under_way), backoff_(options.backoff, seed) {}

  // From Join() to Leave() the client may be woken.
  void Join(Client& client);
  void Leave(Client& client);

  struct Grant {
    std::size_t count = 0;
    // When to ask again, if that is known already.
    base::TimePoint retry_at = base::kNever;
  };
  // How many of `wanted` connects may start now. Each that is granted ends in one of the three
  // calls below.
  Grant Ask(Client& client, std::size_t wanted, base::TimePoint now);
  // One that was granted is about to begin: whether it still may, after what failed meanwhile. If
  // not, it is returned.
  bool Confirm(base::TimePoint now);
  void OnSucceeded();
  void OnFailed(base::TimePoint now);
  // They were not begun, or ended for a reason of the client's own.
  void Return(std::size_t count);

  // The server is known to answer: the backoff is over.
  void OnServerAnswered();

  // Another backoff from now on. One that is under way ends no later than a new one could.
  void ChangeBackoff(const base::BackoffOptions& options, base::TimePoint now);

 private:
  std::size_t Limit() const SCIDEX_REQUIRES(mutex_);
  void End(std::size_t count) SCIDEX_REQUIRES(mutex_);
  void TakeBack(std::size_t count) SCIDEX_REQUIRES(mutex_);
  void Wake() SCIDEX_REQUIRES(mutex_);

  const std::size_t max_under_way_;
  base::Mutex mutex_;
  base::Backoff backoff_ SCIDEX_GUARDED_BY(mutex_);
  std::vector<Client*> clients_ SCIDEX_GUARDED_BY(mutex_);
  std::size_t under_way_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // The latest connect failed: one may be under way at once.
  bool failing_ SCIDEX_GUARDED_BY(mutex_) = false;
  // How many may be under way at once otherwise.
  std::size_t limit_ SCIDEX_GUARDED_BY(mutex_) = kUntilOneSucceeds;
  // Those of under_way_ that were so when the first failed: if they fail too it is no second
  // failure.
  std::size_t same_failure_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // The backoff after the latest failure.
  base::Duration delay_ SCIDEX_GUARDED_BY(mutex_){0};
  base::TimePoint retry_at_ SCIDEX_GUARDED_BY(mutex_) = base::TimePoint::min();

  static constexpr std::size_t kUntilOneSucceeds = 2;
};

}  // namespace scidex::pool
