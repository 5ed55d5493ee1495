// Why an acquire failed. Each error is a type, and carries the pool's numbers of that moment.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "pool/stats.h"

namespace scidex::pool {

class AcquireError : public std::runtime_error {
 public:
  AcquireError(const std::string& message, PoolStats stats)
      : std::runtime_error(message), stats_(std::move(stats)) {}

  const PoolStats& stats() const { return stats_; }

 private:
  PoolStats stats_;
};

// The deadline passed while waiting. If connects keep failing, the message says how.
class AcquireTimeout : public AcquireError {
  using AcquireError::AcquireError;
};
// max_waiters were waiting already.
class QueueFull : public AcquireError {
  using AcquireError::AcquireError;
};
// The pool was closed before or during the wait.
class PoolClosed : public AcquireError {
  using AcquireError::AcquireError;
};
// The caller's stop token was stopped.
class AcquireCancelled : public AcquireError {
  using AcquireError::AcquireError;
};
// Every lease of the pool is held by a thread that waits for another one of it, this thread among
// them: none of them would come back before a timeout. The message names where each was acquired
// and where its holder waits.
class NestedAcquireDeadlock : public AcquireError {
  using AcquireError::AcquireError;
};
// This process is a child of the one that made the pool; its sockets are the parent's. The
// statistics are empty.
class ForkedPool : public AcquireError {
  using AcquireError::AcquireError;
};

}  // namespace scidex::pool
