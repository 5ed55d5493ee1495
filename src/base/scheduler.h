// What everything runs on that happens in the background: one timer and one executor.
#pragma once

#include "base/clock.h"
#include "base/executor.h"
#include "base/timer.h"

namespace scidex::base {

// Thread safe. Outlives what runs on it.
class Scheduler {
 public:
  // Throws LocalFailure when a thread cannot be started. `clock` outlives the scheduler.
  explicit Scheduler(Clock& clock, const ExecutorOptions& options = {})
      : timer_(clock), executor_(timer_, options) {}

  Clock& clock() const { return timer_.clock(); }
  Timer& timer() { return timer_; }
  Executor& executor() { return executor_; }

 private:
  Timer timer_;
  Executor executor_;
};

}  // namespace scidex::base
