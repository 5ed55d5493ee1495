// A function that runs again and again on an executor, when its time has come or when it is
// triggered.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "base/scheduler.h"
#include "base/task_kind.h"
#include "base/timer.h"

namespace scidex::base {

// Thread safe. Runs of the body never overlap.
class PeriodicTask {
 public:
  // Does the work and returns when to be called next. The token is stopped when the task is: long
  // work watches it.
  //
  // What it throws is counted, and logged when it is another error than at the run before; the body
  // then runs again after the time that it asked for last, or after a second where it has asked for
  // none.
  using Body = std::function<TimePoint(std::stop_token)>;

  // Paused until Start(). `scheduler` outlives the task. A run that was triggered begins at least
  // `min_distance` after the one before that was: the first trigger after a calm is heard at once.
  PeriodicTask(Scheduler& scheduler, TaskKind kind, Body body,
               Duration min_distance = Duration::zero());
  // Starts at once, with the first run at `first`; kNever for "only when triggered".
  PeriodicTask(Scheduler& scheduler, TaskKind kind, TimePoint first, Body body)
      : PeriodicTask(scheduler, kind, std::move(body)) {
    Start(first);
  }
  // Stops.
  ~PeriodicTask();
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

  // The first run is at `first`, or at once if the task was triggered while it was paused. To be
  // called once.
  void Start(TimePoint first) noexcept;

  // Runs the body no later than at `when`, but for the minimum distance. A trigger during a run
  // asks for one more run after it.
  void TriggerAt(TimePoint when) noexcept;
  void Trigger() noexcept { TriggerAt(TimePoint::min()); }

  // Asks the body to end and waits for it. Idempotent; must not be called from the body.
  void Stop() noexcept;

 private:
  void OnTime();
  void Run();
  // Calls the body, and returns when it is to run next.
  TimePoint RunBody(TimePoint started) noexcept;
  void OnFailure(const std::exception& error) noexcept;
  TimePoint Due() const SCIDEX_REQUIRES(mutex_);
  // Has the body run, or the timer set, as is due.
  void Schedule() noexcept SCIDEX_REQUIRES(mutex_);

  Scheduler& scheduler_;
  const TaskKind kind_;
  const Body body_;
  const Duration min_distance_;
  std::stop_source stop_;
  // Of the run before; used by runs alone.
  std::string last_error_;
  Duration period_ = std::chrono::seconds(1);

  Mutex mutex_;
  CondVar ended_;
  bool paused_ SCIDEX_GUARDED_BY(mutex_) = true;
  bool stopped_ SCIDEX_GUARDED_BY(mutex_) = false;
  // The job is queued or runs.
  bool running_ SCIDEX_GUARDED_BY(mutex_) = false;
  TimePoint scheduled_ SCIDEX_GUARDED_BY(mutex_) = kNever;
  TimePoint triggered_ SCIDEX_GUARDED_BY(mutex_) = kNever;
  // When the minimum distance to the last triggered run is over.
  TimePoint heard_from_ SCIDEX_GUARDED_BY(mutex_) = TimePoint::min();
  // Last: they call on everything above.
  Executor::Job job_;
  Timer::Entry timer_;
};

}  // namespace scidex::base
