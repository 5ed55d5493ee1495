#include "app/service_report.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/task_kind.h"

namespace scidex::app {
namespace {

// Interval between checks, unless the watchdog requires a shorter one.
constexpr base::Duration kCheckInterval = std::chrono::seconds(1);
// Number of checks per watchdog interval: one or two may be late.
constexpr int kChecksPerWatchdog = 4;
// Lower bound of that interval.
constexpr base::Duration kMinCheckInterval = std::chrono::milliseconds(20);
// Number of callbacks that may be outstanding in a hung front.
constexpr std::uint64_t kMaxAsked = 4;

constexpr std::string_view kReloading = "RELOADING=1\nMONOTONIC_USEC=";

// CLOCK_MONOTONIC, as systemd expects.
std::int64_t MonotonicMicroseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

ServiceReport::ServiceReport(const base::ServiceManager& manager,
                             std::optional<base::Duration> watchdog, base::Duration probe_within,
                             Sources sources, base::Scheduler& scheduler)
    : manager_(manager),
      watchdog_(watchdog),
      sources_(std::move(sources)),
      clock_(scheduler.clock()),
      probe_within_(probe_within),
      front_(clock_.Now()),
      probes_(clock_.Now()),
      task_(scheduler, base::TaskKind::kServiceReport,
            [this](const std::stop_token&) { return Check(); }) {
  if (!manager_.present()) return;
  if (!NotifyReady()) {
    base::LogWarn(
        "cannot notify the service manager yet; it may end this process as not started",
        {{"error", std::generic_category().message(errno)},
         {"advice",
          "unset NOTIFY_SOCKET, or start the exporter from the manager that listens there"}});
  }
  task_.Start(clock_.Now());
}

ServiceReport::~ServiceReport() {
  task_.Stop();
  manager_.Notify("STOPPING=1\nSTATUS=shutting down");
}

void ServiceReport::OnReloading() noexcept {
  // Not a std::string: there may be no memory.
  std::array<char, 64> text{};
  char* const number = std::ranges::copy(kReloading, text.begin()).out;
  const char* const end = std::to_chars(number, text.end(), MonotonicMicroseconds()).ptr;
  const base::MutexLock lock(mutex_);
  ready_pending_ = false;
  manager_.Notify({text.begin(), end});
}

void ServiceReport::OnReloaded() noexcept {
  {
    const base::MutexLock lock(mutex_);
    ready_pending_ = true;
  }
  NotifyReady();
  task_.Trigger();
}

base::TimePoint ServiceReport::Check() {
  const base::TimePoint now = clock_.Now();
  NotifyReady();
  NotifyStatus();
  if (!watchdog_) return base::Add(now, kCheckInterval);
  const std::string stalled = Stalled(now);
  if (stalled.empty()) manager_.Notify("WATCHDOG=1");
  LogStall(stalled);
  return base::Add(now,
                   std::clamp(*watchdog_ / kChecksPerWatchdog, kMinCheckInterval, kCheckInterval));
}

bool ServiceReport::NotifyReady() noexcept {
  const base::MutexLock lock(mutex_);
  if (ready_pending_) ready_pending_ = !manager_.Notify("READY=1");
  return !ready_pending_;
}

void ServiceReport::NotifyStatus() {
  const std::string status = base::StatusAssignment(sources_.status());
  const base::MutexLock lock(mutex_);
  if (status != last_status_ && manager_.Notify(status)) last_status_ = status;
}

std::string ServiceReport::Stalled(base::TimePoint now) {
  if (sources_.ask_front) {
    const std::uint64_t answered = *front_answered_;
    AskFront(answered, now);
    if (!front_.MakesProgress(answered, *watchdog_, now)) return "http front";
  }
  const base::Duration within = std::max(*watchdog_, probe_within_.load());
  return probes_.MakesProgress(sources_.probe_runs(), within, now) ? "" : "probes";
}

void ServiceReport::AskFront(std::uint64_t answered, base::TimePoint now) {
  const std::uint64_t outstanding = front_asked_ - answered;
  // A callback may have been lost for lack of memory. There is time for two more.
  const bool is_late = now - front_asked_at_ >= *watchdog_ / 3;
  if (outstanding > 0 && !(is_late && outstanding < kMaxAsked)) return;
  const std::uint64_t next = front_asked_ + 1;
  try {
    sources_.ask_front([answer = front_answered_, next] { *answer = next; });
  } catch (const std::exception&) {
    return;  // asked again at the next check
  }
  front_asked_ = next;
  front_asked_at_ = now;
}

void ServiceReport::LogStall(const std::string& stalled) {
  if (std::exchange(last_stalled_, stalled) == stalled) return;
  if (stalled.empty()) {
    base::LogInfo("no component is stalled; the watchdog is notified again");
  } else {
    base::LogError("a component is stalled; the watchdog is not notified", {{"stalled", stalled}});
  }
}

}  // namespace scidex::app
