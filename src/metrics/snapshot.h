// Everything that one scrape shows, at one instant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/enum.h"
#include "base/local_failure.h"
#include "base/log.h"
#include "base/task_kind.h"
#include "base/time.h"
#include "control/probe_stats.h"
#include "routing/stats.h"

namespace scidex::metrics {

// "gcc 12.2.0": what compiled this.
std::string Compiler();

// What was built, and of what. Does not change while the process runs.
struct BuildInfo {
  std::string version;
  std::string revision;
  std::string compiler = Compiler();
};

// The exporter's own counters, which other layers keep.
struct ExporterStats {
  BuildInfo build;
  bool config_last_reload_successful = true;
  base::WallTime config_last_reload_success{};
  // Exact in a double.
  std::uint64_t config_hash = 0;
  // Status codes and how often each was answered: always the same codes in the same order.
  std::vector<std::pair<int, std::uint64_t>> http_requests;
  base::EnumArray<base::LogLevel, std::uint64_t> log_messages;
  std::uint64_t log_messages_dropped = 0;
  base::EnumArray<base::LocalResource, std::uint64_t> local_failures;
  base::EnumArray<base::TaskKind, base::TaskCounts> tasks;
  // When the file for the textfile collector was last written; epoch (0) if it never was.
  base::WallTime textfile_written{};
  std::uint64_t textfile_writes = 0;
  std::uint64_t textfile_write_failures = 0;
};

// What the kernel says of this process; nothing where it does not say it: most of it stands in
// /proc, which may be hidden, and a filter of system calls may refuse the rest.
struct ProcessStats {
  std::optional<base::Duration> cpu;
  std::optional<std::uint64_t> open_fds;
  // Infinity where there is no limit.
  std::optional<double> max_fds;
  std::optional<std::uint64_t> virtual_memory_bytes;
  std::optional<std::uint64_t> resident_memory_bytes;
  std::optional<std::uint64_t> threads;
  std::optional<base::WallTime> start;
};

// What producing the exposition cost, and where it failed.
struct ExpositionStats {
  // 0 before the first scrape is over.
  base::Duration last_scrape{0};
  // By name: always the same names in the same order.
  std::vector<std::pair<std::string, std::uint64_t>> collector_errors;
};

struct Snapshot {
  routing::PoolsStats pools;
  control::ControlStats control;
  ExporterStats exporter;
  ProcessStats process;
  ExpositionStats exposition;

  // Zeros where that pool does not exist, but for what was counted while there was one.
  const pool::PoolStats& Pool(routing::PoolRole role) const;
};

}  // namespace scidex::metrics
