// Reloads requested by signals.
#pragma once

#include <functional>
#include <vector>

#include "app/reload_request.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"

namespace scidex::app {

// Thread-safe. Reloads run on another thread than the one that receives signals, so that a delayed
// reload does not delay the next signal.
class ReloadTask {
 public:
  // `reload` returns whether the configuration was accepted. `scheduler` must outlive the task.
  ReloadTask(base::Scheduler& scheduler, std::function<bool()> reload);

  // Returns immediately. The asker, if any, is answered by a reload that begins after this call.
  void Ask(const Signal& signal);
  // Blocks until a reload in progress has ended.
  void Stop() { task_.Stop(); }

 private:
  base::TimePoint Run();

  const std::function<bool()> reload_;
  base::Mutex mutex_;
  std::vector<pid_t> askers_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses all members above.
  base::PeriodicTask task_;
};

}  // namespace scidex::app
