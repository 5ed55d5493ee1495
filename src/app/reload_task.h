// Reloads requested by signals.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "app/reload_request.h"
#include "base/clock.h"
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

  // The time after its answer within which an asker's repeated request may still arrive.
  static constexpr base::Duration kRepeatsEnd = std::chrono::seconds(5);

  // Returns immediately. The asker, if any, is answered by a reload that begins after its first
  // call. A repeated request of an asker that waits, or was answered within kRepeatsEnd, has no
  // effect.
  void Ask(const Signal& signal);
  // Blocks until a reload in progress has ended.
  void Stop() { task_.Stop(); }

 private:
  base::TimePoint Run();
  bool IsRepeated(pid_t asker) const SCIDEX_REQUIRES(mutex_);
  void Answer(bool reloaded);

  const std::function<bool()> reload_;
  base::Clock& clock_;
  base::Mutex mutex_;
  std::vector<pid_t> askers_ SCIDEX_GUARDED_BY(mutex_);
  // Those that the reload in progress will answer.
  std::vector<pid_t> served_ SCIDEX_GUARDED_BY(mutex_);
  // Those that were answered, and when. A later process may get the same ID: its request is ignored
  // for at most kRepeatsEnd, because it repeats it, too.
  std::map<pid_t, base::TimePoint> answered_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses all members above.
  base::PeriodicTask task_;
};

}  // namespace scidex::app
