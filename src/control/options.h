// What runs on a timer, and how often. The values here are the defaults.
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
  // For one probe: connecting, if need be, and asking.
  base::Duration timeout = std::chrono::seconds(1);
  // Between the beginnings of two probes that were triggered, by a connection that was lost for
  // one.
  base::Duration min_trigger_distance = std::chrono::milliseconds(100);
  // How long one session may answer before another one is opened in its place: only that shows that
  // the server lets new ones in.
  base::Duration new_session_interval = std::chrono::seconds(10);
  // SQL that gives a replica's lag in seconds, NULL if it is unknown, for servers without WAL
  // functions. Empty: measured by positions and transactions.
  std::string lag_query;
  // Between two tries to write through a read lease, which must be refused. 0: never.
  base::Duration canary_interval = std::chrono::seconds(60);

  friend bool operator==(const ProbeOptions&, const ProbeOptions&) = default;
};

struct PoolLoggerOptions {
  base::Duration interval = std::chrono::seconds(3600);

  friend bool operator==(const PoolLoggerOptions&, const PoolLoggerOptions&) = default;
};

// What a probe found out about a server's connections is believed for so long: others may take what
// was free.
inline constexpr base::Duration kConnectionsKnownFor = std::chrono::seconds(10);

enum class AutoscalerMode {
  kOff,     // target_size stays where it is
  kDryRun,  // decides, logs and counts, and moves nothing
  kOn,
};

struct AutoscalerOptions {
  AutoscalerMode mode = AutoscalerMode::kOff;
  // Between two looks at the pools.
  base::Duration interval = std::chrono::seconds(1);
  // A mean wait above this, over two intervals in a row, is a pool that is too small, even if
  // nobody waits at the moment of a look.
  base::Duration wait_threshold = std::chrono::milliseconds(50);
  // Nothing is given back before a pool has done with less for this long.
  base::Duration shrink_after = std::chrono::minutes(5);
  // Connections below each of the server's limits that are left to others.
  std::size_t server_reserve = 3;

  friend bool operator==(const AutoscalerOptions&, const AutoscalerOptions&) = default;
};

}  // namespace scidex::control

template <>
struct scidex::base::EnumNames<scidex::control::AutoscalerMode> {
  static constexpr std::array<std::string_view, 3> kNames{"off", "dry_run", "on"};
};
