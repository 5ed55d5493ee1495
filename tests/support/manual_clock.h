// A clock that stands still until a test moves it.
#pragma once

#include <cstddef>
#include <list>

#include "base/clock.h"

namespace scidex::test {

// Thread safe.
class ManualClock final : public base::Clock {
 public:
  base::TimePoint Now() const override;
  base::WallTime WallNow() const override;
  bool WaitUntil(base::CondVar& cond, base::Mutex& mutex, base::TimePoint deadline) override;

  // Moves the clock and wakes the threads that wait on it.
  void Advance(base::Duration by);
  // Sets the wall clock forwards, or backwards, as an administrator may.
  void StepWall(base::Duration by);
  // Blocks until `count` threads wait on this clock with a deadline after now and at most `within`
  // from now. Threads that the last Advance() has woken do not count until they wait again. Returns
  // false if that does not happen within kPatience of real time.
  bool AwaitSleepers(std::size_t count, base::Duration within = std::chrono::hours(1));

 private:
  struct Sleeper {
    base::CondVar* cond;
    base::Mutex* mutex;
    base::TimePoint deadline;
    int users = 0;
  };

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  base::TimePoint now_ SCIDEX_GUARDED_BY(mutex_){std::chrono::hours(1)};
  base::WallTime wall_now_ SCIDEX_GUARDED_BY(mutex_){std::chrono::seconds(1'700'000'000)};
  std::list<Sleeper> sleepers_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::test
