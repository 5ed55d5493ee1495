// A thread that runs one function again and again, when its time has come or when it is triggered.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace scidex::base {

// Thread safe. Runs of the body never overlap.
class PeriodicTask {
 public:
  // Does the work and returns when to be called next. The token is stopped when the task is: long
  // work watches it.
  using Body = std::function<TimePoint(std::stop_token)>;

  // Starts the thread; the first run is at `first`, kNever for "only when triggered".
  PeriodicTask(Clock& clock, const std::string& name, TimePoint first, Body body);
  // Stops and joins.
  ~PeriodicTask();
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

  // Runs the body no later than at `when`. A trigger during a run asks for one more run after it.
  void TriggerAt(TimePoint when);
  void Trigger() { TriggerAt(TimePoint::min()); }

  // Asks the body to end and waits for it. Idempotent; must not be called from the body.
  void Stop();

 private:
  void Loop();

  Clock& clock_;
  const Body body_;
  std::stop_source stop_;
  Mutex mutex_;
  CondVar wake_;
  TimePoint next_ SCIDEX_GUARDED_BY(mutex_);
  // Held while joining: of several threads that stop this, each returns when the body has ended.
  Mutex joining_;
  Thread thread_;
};

}  // namespace scidex::base
