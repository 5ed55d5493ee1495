// What a pool is told at its construction. Durations carry their unit in the type; the values here
// are the defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "base/backoff.h"
#include "base/time.h"

namespace scidex::pool {

struct PoolOptions {
  // Connections that are kept open and idle, ready before anyone asks. More cost server memory
  // while nobody uses them, fewer make the first clients of a spike wait for a connect. 0 opens on
  // demand alone.
  std::size_t min_idle = 2;
  // No more connections than this at any moment, those being opened included.
  std::size_t max_size = 10;
  // Acquirers that may wait at once; one more is refused with QueueFull instead of making a
  // hopeless queue longer.
  std::size_t max_waiters = 1000;
  // How long an acquire may take, unless the call says otherwise.
  base::Duration acquire_timeout = std::chrono::seconds(5);
  // How long opening one connection may take: names, sockets, TLS, authentication and set-up
  // together.
  base::Duration connect_timeout = std::chrono::seconds(3);
  // How long returning a connection to a clean state may take after its borrower left a transaction
  // open.
  base::Duration reset_timeout = std::chrono::seconds(1);
  // A waiter that has waited this long gets the next released connection handed to it; before that,
  // a thread that is running already may overtake it. 0 is strict order at the price of a context
  // switch for every release. Empty: the pool finds the value itself, see handoff.h.
  std::optional<base::Duration> handoff_after;
  // An idle connection above min_idle is closed after this long without use, one in each such
  // period. 0: never.
  base::Duration idle_timeout = std::chrono::minutes(10);
  // A connection is closed at this age, less a random part of up to a tenth of it so that those
  // opened together do not all go at once. 0: never.
  base::Duration max_lifetime = std::chrono::minutes(30);
  // A lease held longer than this is logged once with its call site, and counted. 0: never.
  base::Duration leak_after = std::chrono::minutes(5);
  // Something raises target_size while acquires wait (an autoscaler): then a pool at its target is
  // not full for good, and no NestedAcquireDeadlock is found below max_size.
  bool autoscaled = false;
  // Between attempts to connect while the server refuses them.
  base::BackoffOptions backoff;

  friend bool operator==(const PoolOptions&, const PoolOptions&) = default;
};

// Throws std::invalid_argument, naming the option, unless 1 <= max_size, min_idle <= max_size,
// 1 <= max_waiters, the timeouts are positive and no duration is negative.
void Validate(const PoolOptions& options);

}  // namespace scidex::pool
