// Keeps the service manager told: that the exporter serves, where reads go, that it reloads, ends,
// and makes progress.
//
// WATCHDOG=1 is told only while the timer, the HTTP front and at least one probe make progress. A
// probe makes progress when it runs again, whatever came of the run before: a database that is
// down, or a file descriptor that is missing, is no reason to be restarted.
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

// Thread safe.
class ServiceReport {
 public:
  struct Sources {
    // How it is, in one line.
    std::function<std::string()> status;
    // Has the front call back. Empty where there is none.
    std::function<void(std::function<void()> call_back)> ask_front;
    // Runs of probes, of all of them together. One begins only when the one before has ended.
    std::function<std::uint64_t()> probe_runs;
  };

  // Tells READY=1, and the status from then on. `manager` and `scheduler` outlive the report.
  // `watchdog` is how often the manager wants to hear of progress, if it does; a probe runs at
  // least once in `probe_within`, or does not go on.
  ServiceReport(const base::ServiceManager& manager, std::optional<base::Duration> watchdog,
                base::Duration probe_within, Sources sources, base::Scheduler& scheduler);
  // Tells STOPPING=1.
  ~ServiceReport();
  ServiceReport(const ServiceReport&) = delete;
  ServiceReport& operator=(const ServiceReport&) = delete;

  // A reload begins, and has ended.
  void OnReloading() noexcept;
  void OnReloaded() noexcept;
  void SetProbeWithin(base::Duration within) noexcept { probe_within_ = within; }

 private:
  base::TimePoint Look();
  void TellStatus();
  // What stands still; empty if nothing does.
  std::string Stalled(base::TimePoint now);
  void LogStall(const std::string& stalled);

  const base::ServiceManager& manager_;
  const std::optional<base::Duration> watchdog_;
  const Sources sources_;
  base::Clock& clock_;
  std::atomic<base::Duration> probe_within_;

  // By runs of the task alone.
  StallWatch front_;
  StallWatch probes_;
  std::uint64_t front_asked_ = 0;
  // Shared with calls that come after the end.
  const std::shared_ptr<std::atomic<std::uint64_t>> front_answered_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  std::string last_stalled_;

  base::Mutex mutex_;
  // What the manager has taken.
  std::string told_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses everything above.
  base::PeriodicTask task_;
};

}  // namespace scidex::app
