// Tries now and then to write through a read lease, and expects to be refused: not that a setting
// is set is shown by that, but that the promise holds.
#pragma once

#include "base/clock.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"
#include "control/options.h"
#include "control/probe_stats.h"
#include "control/write_attempt.h"
#include "pool/pool.h"

namespace scidex::control {

// Thread safe.
class Canary {
 public:
  // Paused until Start(). The references outlive the canary.
  Canary(const ProbeOptions& options, pool::Pool& pool, WriteTester& tester,
         base::Scheduler& scheduler);
  // As Stop().
  ~Canary();

  // What a canary `before` it has found stands until the first try. Before Start().
  void Inherit(const CanaryStats& before) noexcept;
  // Tries at once, then at each canary_interval; not at all if that is 0. Only an idle session is
  // taken, so that no acquire waits for it; where there is none it is tried again a probe interval
  // later. To be called once.
  void Start() noexcept;

  // Ends a try under way; the numbers stay. Idempotent.
  void Stop();

  CanaryStats Stats() const;

 private:
  base::TimePoint Run(const std::stop_token& stop);
  // When to try again.
  base::Duration OnUnknown(const WriteAttempt& attempt);
  void Record(const WriteAttempt& attempt);

  const ProbeOptions options_;
  pool::Pool& pool_;
  WriteTester& tester_;
  base::Clock& clock_;

  // While it cannot be told; used by runs of the task alone.
  base::Duration retry_after_{0};

  mutable base::Mutex mutex_;
  CanaryStats stats_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses everything above.
  base::PeriodicTask task_;
};

}  // namespace scidex::control
