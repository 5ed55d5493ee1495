// One timer and one executor, which all background work shares.
#pragma once

#include "base/clock.h"
#include "base/executor.h"
#include "base/timer.h"

namespace scidex::base {

// Thread-safe. Must outlive everything that runs on it.
class Scheduler {
 public:
  // `clock` must outlive the scheduler. Throws LocalFailure if a thread cannot be started.
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
