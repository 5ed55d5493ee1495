// The only source of time, so that tests can control it.
#pragma once

#include "base/mutex.h"
#include "base/time.h"

namespace scidex::base {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // For deadlines and durations: never goes back.
  virtual TimePoint Now() const = 0;
  // For people and for timestamps in metrics: may be set back.
  virtual WallTime WallNow() const = 0;

  // Waits until `cond` is notified (true), or until this clock reaches `deadline` (false). May
  // return true spuriously. `mutex` is released while waiting.
  virtual bool WaitUntil(CondVar& cond, Mutex& mutex, TimePoint deadline)
      SCIDEX_REQUIRES(mutex) = 0;
};

// The machine's steady and system clocks.
Clock& RealClock();

}  // namespace scidex::base
