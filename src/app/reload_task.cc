#include "app/reload_task.h"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "base/task_kind.h"
#include "base/time.h"

namespace scidex::app {

ReloadTask::ReloadTask(base::Scheduler& scheduler, std::function<bool()> reload)
    : reload_(std::move(reload)),
      clock_(scheduler.clock()),
      task_(scheduler, base::TaskKind::kReload, base::kNever,
            [this](const std::stop_token&) { return Run(); }) {}

void ReloadTask::Ask(const Signal& signal) {
  {
    const base::MutexLock lock(mutex_);
    if (signal.asker != 0) {
      if (IsRepeated(signal.asker)) return;
      askers_.push_back(signal.asker);
    }
  }
  task_.Trigger();
}

bool ReloadTask::IsRepeated(pid_t asker) const {
  const auto has = [asker](const std::vector<pid_t>& askers) {
    return std::find(askers.begin(), askers.end(), asker) != askers.end();
  };
  if (has(askers_) || has(served_)) return true;
  const auto answered = answered_.find(asker);
  return answered != answered_.end() && clock_.Now() < base::Add(answered->second, kRepeatsEnd);
}

base::TimePoint ReloadTask::Run() {
  {
    const base::MutexLock lock(mutex_);
    served_.swap(askers_);
  }
  try {
    Answer(reload_());
  } catch (const std::exception&) {
    // They would wait until their timeout.
    Answer(false);
    throw;
  }
  return base::kNever;
}

void ReloadTask::Answer(bool reloaded) {
  std::vector<pid_t> askers;
  {
    const base::MutexLock lock(mutex_);
    const base::TimePoint now = clock_.Now();
    std::erase_if(answered_,
                  [now](const auto& one) { return now >= base::Add(one.second, kRepeatsEnd); });
    askers.swap(served_);
    try {
      // Before the answer, after which a repeated request may still arrive.
      for (const pid_t asker : askers) answered_[asker] = now;
    } catch (const std::bad_alloc&) {
      // A repeated request will cause another reload.
    }
  }
  for (const pid_t asker : askers) AnswerReload(asker, reloaded);
}

}  // namespace scidex::app
