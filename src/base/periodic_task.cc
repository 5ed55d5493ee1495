#include "base/periodic_task.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"

namespace scidex::base {
namespace {

// Delay after a failure of a body that asks to run immediately, or only when triggered.
constexpr Duration kRetryAfter = std::chrono::seconds(1);

}  // namespace

PeriodicTask::PeriodicTask(Scheduler& scheduler, TaskKind kind, Body body, Duration min_distance)
    : scheduler_(scheduler),
      kind_(kind),
      body_(std::move(body)),
      min_distance_(min_distance),
      job_(kind, [this] { Run(); }),
      timer_(scheduler.timer(), [this] { OnTime(); }) {}

PeriodicTask::~PeriodicTask() { Stop(); }

void PeriodicTask::Start(TimePoint first) noexcept {
  MutexLock lock(mutex_);
  paused_ = false;
  scheduled_ = first;
  Schedule();
}

void PeriodicTask::TriggerAt(TimePoint when) noexcept {
  MutexLock lock(mutex_);
  if (when >= triggered_) return;
  triggered_ = when;
  Schedule();
}

void PeriodicTask::Stop() noexcept {
  if (fork_check_.Forked()) return;
  // Without the lock: callbacks that the body has registered with its token run here, and may take
  // locks under which other threads trigger this task.
  stop_.request_stop();
  MutexLock lock(mutex_);
  stopped_ = true;
  timer_.Set(kNever);
  if (scheduler_.executor().Withdraw(job_)) {
    running_ = false;
    ended_.NotifyAll();
  }
  while (running_) ended_.Wait(mutex_);
}

TimePoint PeriodicTask::Due() const {
  const bool unheard = triggered_ == kNever;
  return std::min(scheduled_, unheard ? kNever : std::max(triggered_, heard_from_));
}

void PeriodicTask::Schedule() noexcept {
  if (paused_ || stopped_ || running_) return;
  const TimePoint due = Due();
  if (due != kNever && due <= scheduler_.clock().Now()) {
    timer_.Set(kNever);
    running_ = true;
    scheduler_.executor().Submit(job_);
  } else {
    timer_.Set(due);
  }
}

void PeriodicTask::OnTime() {
  MutexLock lock(mutex_);
  Schedule();
}

void PeriodicTask::Run() {
  const TimePoint started = scheduler_.clock().Now();
  {
    MutexLock lock(mutex_);
    const bool by_trigger = started < scheduled_;
    if (by_trigger) heard_from_ = Add(started, min_distance_);
    scheduled_ = triggered_ = kNever;
  }
  const TimePoint next = RunBody(started);
  MutexLock lock(mutex_);
  running_ = false;
  scheduled_ = next;
  Schedule();
  ended_.NotifyAll();
}

TimePoint PeriodicTask::RunBody(TimePoint started) noexcept {
  if (stop_.stop_requested()) return kNever;
  try {
    const TimePoint next = body_(stop_.get_token());
    period_ = next == kNever ? Duration::max() : next > started ? next - started : kRetryAfter;
    if (!last_error_.empty()) {
      LogInfo("a task succeeds again", {{"task", Name(kind_)}});
      last_error_.clear();
    }
    return next;
  } catch (const std::exception& error) {
    OnFailure(error);
    return Add(started, period_ == Duration::max() ? kRetryAfter : period_);
  }
}

void PeriodicTask::OnFailure(const std::exception& error) noexcept {
  CountTaskFailure(kind_);
  try {
    if (last_error_ == error.what()) return;
    LogError("a task failed", {{"task", Name(kind_)}, {"error", error.what()}});
    last_error_ = error.what();
  } catch (const std::exception&) {
    // No memory for the message; the failure is counted.
  }
}

}  // namespace scidex::base
