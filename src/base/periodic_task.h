// A function that runs repeatedly on an executor, at the time it asked for or when triggered.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "base/fork.h"
#include "base/mutex.h"
#include "base/scheduler.h"
#include "base/task_kind.h"
#include "base/timer.h"

namespace scidex::base {

// Thread-safe. Runs of the body never overlap.
class PeriodicTask {
 public:
  // Does the work and returns the time of the next run. The token is stopped when the task is
  // stopped: long work must check it.
  //
  // Exceptions are counted, and logged if they differ from that of the previous run. The next run
  // then follows after the last interval that the body asked for, or after a second if it asked for
  // none.
  using Body = std::function<TimePoint(std::stop_token)>;

  // Paused until Start(). `scheduler` must outlive the task. A triggered run starts at least
  // `min_distance` after the previous triggered run; the first trigger after a quiet period takes
  // effect immediately.
  PeriodicTask(Scheduler& scheduler, TaskKind kind, Body body,
               Duration min_distance = Duration::zero());
  // Starts immediately, with the first run at `first`; kNever means "only when triggered".
  PeriodicTask(Scheduler& scheduler, TaskKind kind, TimePoint first, Body body)
      : PeriodicTask(scheduler, kind, std::move(body)) {
    Start(first);
  }
  // Calls Stop().
  ~PeriodicTask();
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

  // Schedules the first run at `first`, or immediately if the task was triggered while paused. The
  // caller must call this once.
  void Start(TimePoint first) noexcept;

  // Runs the body no later than `when`, subject to the minimum distance. A trigger during a run
  // causes another run after it.
  void TriggerAt(TimePoint when) noexcept;
  // The same, as soon as possible.
  void Trigger() noexcept { TriggerAt(TimePoint::min()); }

  // Stops the body's token and waits until the body has returned. Idempotent. Must not be called
  // from the body. In a child of fork(), does nothing.
  void Stop() noexcept;

 private:
  void OnTime();
  void Run();
  // Calls the body and returns the time of the next run.
  TimePoint RunBody(TimePoint started) noexcept;
  void OnFailure(const std::exception& error) noexcept;
  TimePoint Due() const SCIDEX_REQUIRES(mutex_);
  // Submits the job or sets the timer, whichever is due.
  void Schedule() noexcept SCIDEX_REQUIRES(mutex_);

  Scheduler& scheduler_;
  const TaskKind kind_;
  const Body body_;
  const Duration min_distance_;
  const ForkCheck fork_check_;
  std::stop_source stop_;
  // Of the previous run. Only accessed by runs.
  std::string last_error_;
  Duration period_ = std::chrono::seconds(1);

  Mutex mutex_;
  CondVar ended_;
  bool paused_ SCIDEX_GUARDED_BY(mutex_) = true;
  bool stopped_ SCIDEX_GUARDED_BY(mutex_) = false;
  // The job is queued or running.
  bool running_ SCIDEX_GUARDED_BY(mutex_) = false;
  TimePoint scheduled_ SCIDEX_GUARDED_BY(mutex_) = kNever;
  TimePoint triggered_ SCIDEX_GUARDED_BY(mutex_) = kNever;
  // End of the minimum distance to the last triggered run.
  TimePoint heard_from_ SCIDEX_GUARDED_BY(mutex_) = TimePoint::min();
  // Must be last: they call functions that use everything above.
  Executor::Job job_;
  Timer::Entry timer_;
};

}  // namespace scidex::base
