// The errors of an acquire. Each is a type and carries the pool's statistics at that moment.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/time.h"
#include "pool/stats.h"

namespace scidex::pool {

// The message of an error from a pool begins with "pool NAME: ".
class AcquireError : public std::runtime_error {
 public:
  AcquireError(const std::string& message, PoolStats stats)
      : std::runtime_error(message), stats_(std::move(stats)) {}

  // Taken when the error was thrown.
  const PoolStats& stats() const { return stats_; }

 private:
  PoolStats stats_;
};

// The deadline passed while waiting. If connects keep failing, the message contains the last
// failure.
class AcquireTimeout : public AcquireError {
  using AcquireError::AcquireError;
};
// max_waiters acquirers were already waiting.
class QueueFull : public AcquireError {
  using AcquireError::AcquireError;
};
// The pool was closed before or during the wait.
class PoolClosed : public AcquireError {
  using AcquireError::AcquireError;
};
// The caller's stop token requested a stop.
class AcquireCancelled : public AcquireError {
  using AcquireError::AcquireError;
};
// Every lease of the pool is held by a thread that waits for another lease of it, including this
// thread: none would be released before a timeout. The message states where each lease was acquired
// and where its holder waits.
class NestedAcquireDeadlock : public AcquireError {
  using AcquireError::AcquireError;
};
// This process is a child of the process that created the pool; the sockets belong to the parent.
// The statistics are empty.
class ForkedPool : public AcquireError {
  using AcquireError::AcquireError;
};

// Not a failure: the caller continues in another pool, see AcquireOptions::moves.
class AcquireMoved : public std::exception {
 public:
  explicit AcquireMoved(base::TimePoint started) : started_(started) {}

  const char* what() const noexcept override { return "the acquire continues in another pool"; }
  // When the acquire began.
  base::TimePoint started() const { return started_; }

 private:
  base::TimePoint started_;
};

}  // namespace scidex::pool
