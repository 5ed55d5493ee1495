// Tries now and then to write through a read lease, and expects to be refused: not that a setting
// is set is shown by that, but that the promise holds.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "control/options.h"
#include "control/probe_stats.h"
#include "control/session_inspector.h"
#include "pool/pool.h"

namespace scidex::control {

// Thread safe.
class Canary {
 public:
  // Tries at once, then at each canary_interval; not at all if that is 0. Only an idle session is
  // taken, so that nobody waits for it; where there is none it is tried again a probe interval
  // later. What a canary `before` it has found stands until the first try. The references outlive
  // the canary.
  Canary(const ProbeOptions& options, pool::Pool& pool, SessionInspector& inspector,
         base::Clock& clock, const CanaryStats& before = {});
  // As Stop().
  ~Canary();

  // Ends a try under way; the numbers stay. Idempotent.
  void Stop();

  CanaryStats Stats() const;

 private:
  base::TimePoint Run(const std::stop_token& stop);
  void Record(const Trial& trial);

  const ProbeOptions options_;
  pool::Pool& pool_;
  SessionInspector& inspector_;
  base::Clock& clock_;

  mutable base::Mutex mutex_;
  CanaryStats stats_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses everything above. Null if there is nothing to do.
  std::unique_ptr<base::PeriodicTask> task_;
};

}  // namespace scidex::control
