#include "support/manual_clock.h"

#include <algorithm>
#include <vector>

#include "support/eventually.h"

namespace scidex::test {

using base::MutexLock;

base::TimePoint ManualClock::Now() const {
  MutexLock lock(mutex_);
  return now_;
}

base::WallTime ManualClock::WallNow() const {
  MutexLock lock(mutex_);
  return wall_now_;
}

bool ManualClock::WaitUntil(base::CondVar& cond, base::Mutex& mutex,
                            base::TimePoint deadline) SCIDEX_NO_THREAD_SAFETY_ANALYSIS {
  std::list<Sleeper>::iterator self;
  {
    MutexLock lock(mutex_);
    if (now_ >= deadline) return false;
    self = sleepers_.insert(sleepers_.end(), {&cond, &mutex, deadline});
    changed_.NotifyAll();
  }
  cond.Wait(mutex);
  // Advance() may be about to lock `mutex`: let it finish before this sleeper is removed.
  mutex.Unlock();
  bool before_deadline = false;
  {
    MutexLock lock(mutex_);
    while (self->users != 0) changed_.Wait(mutex_);
    sleepers_.erase(self);
    before_deadline = now_ < deadline;
  }
  mutex.Lock();
  return before_deadline;
}

void ManualClock::Advance(base::Duration by) {
  std::vector<Sleeper*> to_wake;
  {
    MutexLock lock(mutex_);
    now_ += by;
    wall_now_ += by;
    for (Sleeper& sleeper : sleepers_) {
      ++sleeper.users;
      to_wake.push_back(&sleeper);
    }
  }
  for (Sleeper* sleeper : to_wake) {
    // Taking the lock once ensures that the sleeper is inside its wait, not just before it.
    { MutexLock lock(*sleeper->mutex); }
    sleeper->cond->NotifyAll();
    MutexLock lock(mutex_);
    --sleeper->users;
    changed_.NotifyAll();
  }
}

void ManualClock::StepWall(base::Duration by) {
  MutexLock lock(mutex_);
  wall_now_ += by;
}

bool ManualClock::AwaitSleepers(std::size_t count, base::Duration within) {
  const base::TimePoint give_up = base::RealClock().Now() + kPatience;
  MutexLock lock(mutex_);
  for (;;) {
    const base::TimePoint now = now_;
    const base::TimePoint latest = base::Add(now, within);
    const auto due = std::count_if(sleepers_.begin(), sleepers_.end(), [&](const Sleeper& s) {
      return s.deadline > now && s.deadline <= latest;
    });
    if (static_cast<std::size_t>(due) >= count) return true;
    if (!changed_.WaitUntil(mutex_, give_up)) return false;
  }
}

}  // namespace scidex::test
