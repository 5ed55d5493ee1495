// Notifies the service manager (sd_notify) of readiness, route, reloads, shutdown and progress.
//
// Sends WATCHDOG=1 only while the timer, the HTTP front and at least one probe make progress. A
// probe makes progress when it runs again, whatever its result: a restart does not help if a
// database is down or a file descriptor is missing.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/stall_watch.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"
#include "base/service_manager.h"
#include "base/time.h"

namespace scidex::app {

// Thread-safe.
class ServiceReport {
 public:
  struct Sources {
    // Returns the status in one line.
    std::function<std::string()> status;
    // Makes the HTTP front call back. Empty if there is none.
    std::function<void(std::function<void()> call_back)> ask_front;
    // Total number of runs of all probes. A probe's run begins only when its previous run has
    // ended.
    std::function<std::uint64_t()> probe_runs;
  };

  // Sends READY=1, and the status from then on. `manager` and `scheduler` must outlive the report.
  // `watchdog` is the interval within which the manager expects progress, if any. A probe that has
  // not run for `probe_within` makes no progress.
  ServiceReport(const base::ServiceManager& manager, std::optional<base::Duration> watchdog,
                base::Duration probe_within, Sources sources, base::Scheduler& scheduler);
  // Sends STOPPING=1.
  ~ServiceReport();
  ServiceReport(const ServiceReport&) = delete;
  ServiceReport& operator=(const ServiceReport&) = delete;

  // To be called when a reload begins, and when it has ended.
  void OnReloading() noexcept;
  void OnReloaded() noexcept;
  // Changes `probe_within`, because a reload may change the interval of probes.
  void SetProbeWithin(base::Duration within) noexcept { probe_within_ = within; }

 private:
  base::TimePoint Check();
  // Sends READY=1 unless the manager has accepted it. Returns whether it has.
  bool NotifyReady() noexcept;
  void NotifyStatus();
  // The component that makes no progress; empty if all do.
  std::string Stalled(base::TimePoint now);
  // Unless it may still answer what it was asked before.
  void AskFront(std::uint64_t answered, base::TimePoint now);
  void LogStall(const std::string& stalled);

  const base::ServiceManager& manager_;
  const std::optional<base::Duration> watchdog_;
  const Sources sources_;
  base::Clock& clock_;
  std::atomic<base::Duration> probe_within_;

  // Used only by runs of the task.
  StallWatch front_;
  StallWatch probes_;
  // Questions to the front have numbers, and an answer settles those before it.
  std::uint64_t front_asked_ = 0;
  base::TimePoint front_asked_at_;
  // Shared with callbacks that arrive after the destructor.
  const std::shared_ptr<std::atomic<std::uint64_t>> front_answered_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  std::string last_stalled_;

  base::Mutex mutex_;
  // READY=1 is due. Not while a reload is in progress.
  bool ready_pending_ SCIDEX_GUARDED_BY(mutex_) = true;
  // The status that the manager last accepted.
  std::string last_status_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses all members above.
  base::PeriodicTask task_;
};

}  // namespace scidex::app
