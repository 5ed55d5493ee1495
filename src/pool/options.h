// Options of a pool. Durations carry their unit in the type; the values here are the defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "base/backoff.h"
#include "base/time.h"

namespace scidex::pool {

struct PoolOptions {
  // Number of idle connections to keep open in advance, in addition to those that are lent. More
  // connections cost server memory while unused; with fewer, the first clients of a spike wait for
  // a connect. 0 opens connections only on demand.
  std::size_t min_idle = 2;
  // Maximum number of connections, including those being opened.
  std::size_t max_size = 10;
  // Maximum number of waiting acquirers. The next one fails immediately with QueueFull instead of
  // lengthening a hopeless queue.
  std::size_t max_waiters = 1000;
  // Timeout of an acquire, unless the call sets a deadline.
  base::Duration acquire_timeout = std::chrono::seconds(5);
  // Timeout for opening one connection, including name resolution, TLS, authentication and session
  // setup.
  base::Duration connect_timeout = std::chrono::seconds(3);
  // Timeout for resetting a connection on release. Unless it is reset in time, it is closed.
  base::Duration reset_timeout = std::chrono::seconds(1);
  // A waiter that has waited this long is handed the next released connection; before that, a
  // running thread may overtake it. 0 keeps strict order, at the cost of a context switch for every
  // release. Empty: the pool determines the value itself, see handoff.h.
  std::optional<base::Duration> handoff_after;
  // Idle connections above min_idle are closed after being unused for this long, at most one per
  // such period. 0: never.
  base::Duration idle_timeout = std::chrono::minutes(10);
  // Maximum age of a connection, minus a random part of up to a tenth, so that connections opened
  // together are not closed at the same time. 0: unlimited.
  base::Duration max_lifetime = std::chrono::minutes(30);
  // A lease held longer than this is counted, and logged once with its call site. 0: never.
  base::Duration leak_after = std::chrono::minutes(5);
  // Something (an autoscaler) raises target_size while acquires wait. A pool at its target is then
  // not permanently full, so NestedAcquireDeadlock is not reported below max_size.
  bool autoscaled = false;
  // Delay between attempts to connect while they fail, for whatever reason.
  base::BackoffOptions backoff;

  friend bool operator==(const PoolOptions&, const PoolOptions&) = default;
};

// Throws std::invalid_argument, naming the option, unless 1 <= max_size, min_idle <= max_size, 1 <=
// max_waiters, all timeouts are positive and no duration is negative.
void Validate(const PoolOptions& options);

}  // namespace scidex::pool
