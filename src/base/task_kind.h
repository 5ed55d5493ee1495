// The kinds of background tasks: a closed set, used in metrics and logs.
#pragma once

#include <cstdint>

#include "base/enum.h"

namespace scidex::base {

enum class TaskKind {
  kProbe,
  kCanary,
  kHousekeeping,
  kConnect,
  kQuery,
  kQuerySchedule,
  kAutoscaler,
  kPoolLogger,
  kCredentials,
  kReload,
  kServiceReport,
  kTextfile,
};
template <>
struct EnumNames<TaskKind> {
  static constexpr std::array<std::string_view, 12> kNames{
      "probe",      "canary",      "housekeeping", "connect", "query",          "query_schedule",
      "autoscaler", "pool_logger", "credentials",  "reload",  "service_report", "textfile"};
};

// Returns whether the task must run even if other work blocks, because verdicts and the
// housekeeping of pools depend on it. Other tasks may wait for a thread.
constexpr bool IsEssential(TaskKind kind) {
  return kind != TaskKind::kConnect && kind != TaskKind::kQuery && kind != TaskKind::kCanary &&
         kind != TaskKind::kReload && kind != TaskKind::kCredentials && kind != TaskKind::kTextfile;
}

struct TaskCounts {
  std::uint64_t runs = 0;
  // Runs that ended with an exception.
  std::uint64_t failures = 0;
};

// Thread-safe. Counted per process.
void CountTaskRun(TaskKind kind) noexcept;
void CountTaskFailure(TaskKind kind) noexcept;
EnumArray<TaskKind, TaskCounts> TaskCountsNow();

}  // namespace scidex::base
