#include "base/task_kind.h"

#include <atomic>

namespace scidex::base {
namespace {

struct Counters {
  std::atomic<std::uint64_t> runs{0};
  std::atomic<std::uint64_t> failures{0};
};

Counters& Of(TaskKind kind) {
  static EnumArray<TaskKind, Counters> counters;
  return counters[kind];
}

}  // namespace

void CountTaskRun(TaskKind kind) noexcept { Of(kind).runs.fetch_add(1, std::memory_order_relaxed); }

void CountTaskFailure(TaskKind kind) noexcept {
  Of(kind).failures.fetch_add(1, std::memory_order_relaxed);
}

EnumArray<TaskKind, TaskCounts> TaskCountsNow() {
  EnumArray<TaskKind, TaskCounts> counts;
  for (const TaskKind kind : kEnumValues<TaskKind>) {
    counts[kind] = {Of(kind).runs.load(std::memory_order_relaxed),
                    Of(kind).failures.load(std::memory_order_relaxed)};
  }
  return counts;
}

}  // namespace scidex::base
