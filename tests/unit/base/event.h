// An event that one thread awaits and another causes.
#pragma once

#include "base/clock.h"
#include "base/mutex.h"
#include "support/eventually.h"

namespace scidex::base {

// Thread safe.
class Event {
 public:
  void Notify() {
    MutexLock lock(mutex_);
    ++times_;
    changed_.NotifyAll();
  }
  // Returns false if it has not happened `times` times within kPatience.
  bool Await(int times = 1) {
    const TimePoint give_up = Add(RealClock().Now(), test::kPatience);
    MutexLock lock(mutex_);
    while (times_ < times && changed_.WaitUntil(mutex_, give_up)) continue;
    return times_ >= times;
  }
  int times() {
    MutexLock lock(mutex_);
    return times_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int times_ SCIDEX_GUARDED_BY(mutex_) = 0;
};

}  // namespace scidex::base
