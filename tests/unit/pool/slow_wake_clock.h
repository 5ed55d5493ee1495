// A clock that can keep woken threads from running, as a busy machine does.
#pragma once

#include <cstddef>

#include "base/clock.h"
#include "support/eventually.h"

namespace scidex::pool {

// Thread safe. Moving it wakes no threads, so that no deadline passes for a thread before it is
// woken.
class SlowWakeClock final : public base::Clock {
 public:
  base::TimePoint Now() const override {
    base::MutexLock lock(mutex_);
    return now_;
  }
  base::WallTime WallNow() const override { return base::WallTime(); }

  bool WaitUntil(base::CondVar& cond, base::Mutex& mutex,
                 base::TimePoint deadline) override SCIDEX_NO_THREAD_SAFETY_ANALYSIS {
    cond.Wait(mutex);
    mutex.Unlock();
    HoldUntilReleased();
    mutex.Lock();
    return Now() < deadline;
  }

  void Advance(base::Duration by) {
    base::MutexLock lock(mutex_);
    now_ += by;
  }
  // From now on, threads that are woken do not run, for at most kPatience.
  void HoldWakeups() {
    base::MutexLock lock(mutex_);
    holding_ = true;
  }
  void ReleaseWakeups() {
    base::MutexLock lock(mutex_);
    holding_ = false;
    changed_.NotifyAll();
  }
  // Waits until `count` threads were woken and are held; returns false if there are fewer after
  // kPatience.
  bool AwaitHeld(std::size_t count) {
    const base::TimePoint give_up = base::RealClock().Now() + test::kPatience;
    base::MutexLock lock(mutex_);
    while (held_ < count) {
      if (!changed_.WaitUntil(mutex_, give_up)) return false;
    }
    return true;
  }

 private:
  void HoldUntilReleased() {
    const base::TimePoint give_up = base::RealClock().Now() + test::kPatience;
    base::MutexLock lock(mutex_);
    ++held_;
    changed_.NotifyAll();
    while (holding_ && changed_.WaitUntil(mutex_, give_up)) {
    }
    --held_;
  }

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  base::TimePoint now_ SCIDEX_GUARDED_BY(mutex_){std::chrono::hours(1)};
  bool holding_ SCIDEX_GUARDED_BY(mutex_) = false;
  std::size_t held_ SCIDEX_GUARDED_BY(mutex_) = 0;
};

}  // namespace scidex::pool
