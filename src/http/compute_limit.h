// Limits how many threads compute responses concurrently.
#pragma once

#include <chrono>

#include "base/mutex.h"
#include "base/time.h"

namespace scidex::http {

// The thread that serves the clients needs little time, but needs it at once. If all requests under
// way were computed concurrently, it would wait for its share of the processors. Thread-safe.
class ComputeLimit {
 public:
  // Waits until fewer than the maximum exist, but not longer than `max_wait`: one that does not end
  // must not stop the others. The limit must outlive it.
  class [[nodiscard]] Guard {
   public:
    explicit Guard(ComputeLimit& limit) : limit_(limit) { limit_.Enter(); }
    ~Guard() { limit_.Leave(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    ComputeLimit& limit_;
  };

  explicit ComputeLimit(int at_once, base::Duration max_wait = kMaxWait)
      : max_wait_(max_wait), free_(at_once) {}
  ComputeLimit(const ComputeLimit&) = delete;
  ComputeLimit& operator=(const ComputeLimit&) = delete;

 private:
  // Longer than a burst of usual responses takes, and much less than the time that the front waits
  // for a response.
  static constexpr base::Duration kMaxWait = std::chrono::seconds(2);

  void Enter();
  void Leave();

  const base::Duration max_wait_;
  base::Mutex mutex_;
  base::CondVar left_;
  // Negative after waits that were too long.
  int free_ SCIDEX_GUARDED_BY(mutex_);
};

// Half of the processors of this process's CPU affinity, and at least one. A CPU quota of the
// control group is not considered.
int ConcurrentComputations();

}  // namespace scidex::http
