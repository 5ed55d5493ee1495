#include "base/periodic_task.h"

#include <algorithm>
#include <utility>

namespace scidex::base {

PeriodicTask::PeriodicTask(Clock& clock, const std::string& name, TimePoint first, Body body)
    : clock_(clock), body_(std::move(body)), next_(first), thread_(name, [this] { Loop(); }) {}

PeriodicTask::~PeriodicTask() { Stop(); }

void PeriodicTask::TriggerAt(TimePoint when) {
  MutexLock lock(mutex_);
  if (when >= next_) return;
  next_ = when;
  wake_.NotifyOne();
}

void PeriodicTask::Stop() {
  // Not under the lock: whatever the body has tied to its token runs here, and may take locks under
  // which others trigger this task.
  stop_.request_stop();
  {
    MutexLock lock(mutex_);
    wake_.NotifyOne();
  }
  MutexLock lock(joining_);
  thread_.Join();
}

void PeriodicTask::Loop() {
  MutexLock lock(mutex_);
  while (!stop_.stop_requested()) {
    if (clock_.Now() < next_) {
      clock_.WaitUntil(wake_, mutex_, next_);
      continue;
    }
    next_ = kNever;
    lock.Unlock();
    const TimePoint next = body_(stop_.get_token());
    lock.Lock();
    next_ = std::min(next_, next);
  }
}

}  // namespace scidex::base
