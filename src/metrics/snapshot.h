// All numbers of one scrape, at one instant.
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
#include "database/stats.h"

namespace scidex::metrics {

// For example "gcc 12.2.0".
std::string Compiler();

// Constant at runtime.
struct BuildInfo {
  std::string version;
  std::string revision;
  std::string compiler = Compiler();
};

// Counters of the exporter that other layers maintain.
struct ExporterStats {
  BuildInfo build;
  bool config_last_reload_successful = true;
  base::WallTime config_last_reload_success{};
  // Exactly representable as a double.
  std::uint64_t config_hash = 0;
  // The number of responses by status code; always the same codes in the same order.
  std::vector<std::pair<int, std::uint64_t>> http_requests;
  base::EnumArray<base::LogLevel, std::uint64_t> log_messages;
  std::uint64_t log_messages_dropped = 0;
  base::EnumArray<base::LocalResource, std::uint64_t> local_failures;
  base::EnumArray<base::TaskKind, base::TaskCounts> tasks;
  // When the file for the textfile collector was last written; epoch (0) if never.
  base::WallTime textfile_written{};
  std::uint64_t textfile_writes = 0;
  std::uint64_t textfile_write_failures = 0;
};

// Process metrics of the kernel. Empty if unknown: most come from /proc, which may be hidden, and a
// system call filter may refuse the others.
struct ProcessStats {
  std::optional<base::Duration> cpu;
  std::optional<std::uint64_t> open_fds;
  // Infinity if there is no limit.
  std::optional<double> max_fds;
  std::optional<std::uint64_t> virtual_memory_bytes;
  std::optional<std::uint64_t> resident_memory_bytes;
  std::optional<std::uint64_t> threads;
  std::optional<base::WallTime> start;
};

// The cost of expositions, and their failures.
struct ExpositionStats {
  // 0 before the end of the first scrape.
  base::Duration last_scrape{0};
  // By name; always the same names in the same order.
  std::vector<std::pair<std::string, std::uint64_t>> collector_errors;
};

struct Snapshot : database::DatabaseStats {
  ExporterStats exporter;
  ProcessStats process;
  ExpositionStats exposition;

  // If the pool does not exist, zeros, except for what was counted while it existed.
  const pool::PoolStats& Pool(routing::PoolRole role) const;
};

}  // namespace scidex::metrics
