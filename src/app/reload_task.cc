#include "app/reload_task.h"

#include <exception>
#include <utility>

#include "base/task_kind.h"
#include "base/time.h"

namespace scidex::app {

ReloadTask::ReloadTask(base::Scheduler& scheduler, std::function<bool()> reload)
    : reload_(std::move(reload)),
      task_(scheduler, base::TaskKind::kReload, base::kNever,
            [this](const std::stop_token&) { return Run(); }) {}

void ReloadTask::Ask(const Signal& signal) {
  {
    const base::MutexLock lock(mutex_);
    if (signal.asker != 0) askers_.push_back(signal.asker);
  }
  task_.Trigger();
}

base::TimePoint ReloadTask::Run() {
  std::vector<pid_t> askers;
  {
    const base::MutexLock lock(mutex_);
    askers.swap(askers_);
  }
  const auto answer = [&askers](bool reloaded) {
    for (const pid_t asker : askers) AnswerReload(asker, reloaded);
  };
  try {
    answer(reload_());
  } catch (const std::exception&) {
    // They would wait until their timeout.
    answer(false);
    throw;
  }
  return base::kNever;
}

}  // namespace scidex::app
