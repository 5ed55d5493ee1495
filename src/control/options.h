// Options of periodic work. The values here are the defaults.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/enum.h"
#include "base/time.h"

namespace scidex::control {

struct ProbeOptions {
  base::Duration interval = std::chrono::seconds(1);
  // Timeout of one probe, including the connect if one is needed.
  base::Duration timeout = std::chrono::seconds(1);
  // Minimum time between the starts of two triggered probes. For example, a lost connection
  // triggers one.
  base::Duration min_trigger_distance = std::chrono::milliseconds(100);
  // A session is replaced with a new one after this time: only that proves that the server accepts
  // new sessions.
  base::Duration new_session_interval = std::chrono::seconds(10);
  // SQL that returns a replica's lag in seconds, or NULL if unknown, for servers without WAL
  // functions. Empty: the lag is measured by positions and transactions.
  std::string lag_query;
  // Time between two attempts to write through a read lease, which must be refused. 0: never.
  base::Duration canary_interval = std::chrono::seconds(60);

  friend bool operator==(const ProbeOptions&, const ProbeOptions&) = default;
};

struct PoolLoggerOptions {
  // Time between two log entries, and until the first.
  base::Duration interval = std::chrono::seconds(3600);

  friend bool operator==(const PoolLoggerOptions&, const PoolLoggerOptions&) = default;
};

// How long a probe's result about a server's connections is valid: other clients may take what was
// free.
inline constexpr base::Duration kConnectionsKnownFor = std::chrono::seconds(10);

enum class AutoscalerMode {
  kOff,     // target_size does not change
  kDryRun,  // decides, logs and counts, but changes nothing
  kOn,
};

struct AutoscalerOptions {
  AutoscalerMode mode = AutoscalerMode::kOff;
  // Time between two checks of the pools.
  base::Duration interval = std::chrono::seconds(1);
  // A pool is too small if its mean wait exceeds this in two consecutive intervals, even if there
  // are no waiters at the time of a check.
  base::Duration wait_threshold = std::chrono::milliseconds(50);
  // A pool shrinks only after it has needed fewer connections for this long.
  base::Duration shrink_after = std::chrono::minutes(5);
  // Number of connections to leave for others below each limit of the server.
  std::size_t server_reserve = 3;

  friend bool operator==(const AutoscalerOptions&, const AutoscalerOptions&) = default;
};

}  // namespace scidex::control

template <>
struct scidex::base::EnumNames<scidex::control::AutoscalerMode> {
  static constexpr std::array<std::string_view, 3> kNames{"off", "dry_run", "on"};
};
