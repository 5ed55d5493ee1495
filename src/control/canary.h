// Periodically tries to write through a read lease, which must be refused. This verifies the
// effect, not just that a setting is set.
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

// Thread-safe.
class Canary {
 public:
  // Paused until Start(). The references must outlive the canary.
  Canary(const ProbeOptions& options, pool::Pool& pool, WriteTester& tester,
         base::Scheduler& scheduler);
  // Calls Stop().
  ~Canary();

  // Takes over the results of its predecessor until the first attempt. Must be called before
  // Start().
  void Inherit(const CanaryStats& before) noexcept;
  // Tries immediately, then at each canary_interval; never if that is 0. Uses only an idle session,
  // so that no acquire waits for it; if there is none, it retries after a probe interval. Must be
  // called once.
  void Start() noexcept;

  // Ends an attempt in progress; the statistics remain. Idempotent.
  void Stop();

  // A copy, as of the latest attempt, with the time since then.
  CanaryStats Stats() const;

 private:
  base::TimePoint Run(const std::stop_token& stop);
  // Returns the time until the next attempt.
  base::Duration OnUnknown(const WriteAttempt& attempt);
  void Record(const WriteAttempt& attempt);

  const ProbeOptions options_;
  pool::Pool& pool_;
  WriteTester& tester_;
  base::Clock& clock_;

  // Retry delay while the result is unknown, otherwise 0. Used only by runs of the task.
  base::Duration retry_after_{0};

  mutable base::Mutex mutex_;
  CanaryStats stats_ SCIDEX_GUARDED_BY(mutex_);
  base::TimePoint ran_at_ SCIDEX_GUARDED_BY(mutex_){};
  // Last: it uses all other members.
  base::PeriodicTask task_;
};

}  // namespace scidex::control
