// Reloads by signal.
#pragma once

#include <functional>
#include <vector>

#include "app/reload_request.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"

namespace scidex::app {

// Thread safe. Not on the thread that hears signals: whatever holds up a reload, the next signal is
// heard.
class ReloadTask {
 public:
  // `reload` returns whether the configuration was good. `scheduler` outlives the task.
  ReloadTask(base::Scheduler& scheduler, std::function<bool()> reload);

  // Returns at once. A reload that begins after this answers the asker, if there is one.
  void Ask(const Signal& signal);
  // Waits for a reload under way.
  void Stop() { task_.Stop(); }

 private:
  base::TimePoint Run();

  const std::function<bool()> reload_;
  base::Mutex mutex_;
  std::vector<pid_t> askers_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses everything above.
  base::PeriodicTask task_;
};

}  // namespace scidex::app
