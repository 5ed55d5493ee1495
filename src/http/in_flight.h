// Counts requests in progress.
#pragma once

#include "base/mutex.h"
#include "base/time.h"

namespace scidex::http {

// Thread-safe.
class InFlightCounter {
 public:
  // Each Begin() must be followed by one End(): use an InFlightGuard.
  void Begin() {
    const base::MutexLock lock(mutex_);
    ++count_;
  }
  void End() {
    const base::MutexLock lock(mutex_);
    --count_;
    changed_.NotifyAll();
  }
  // Blocks until there are none, or until `until`.
  void AwaitNone(base::TimePoint until) {
    const base::MutexLock lock(mutex_);
    while (count_ > 0 && changed_.WaitUntil(mutex_, until)) continue;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  int count_ SCIDEX_GUARDED_BY(mutex_) = 0;
};

// Counts a request while it exists.
class [[nodiscard]] InFlightGuard {
 public:
  explicit InFlightGuard(InFlightCounter& counter) : counter_(counter) { counter_.Begin(); }
  ~InFlightGuard() { counter_.End(); }
  InFlightGuard(const InFlightGuard&) = delete;
  InFlightGuard& operator=(const InFlightGuard&) = delete;

 private:
  InFlightCounter& counter_;
};

}  // namespace scidex::http
