// The numbers of what runs on a timer.
#pragma once

#include <cstdint>
#include <optional>

#include "base/enum.h"
#include "base/time.h"
#include "control/autoscaler_stats.h"
#include "routing/evidence.h"
#include "routing/pools.h"
#include "routing/route.h"

namespace scidex::control {

// Of the probe of one server.
struct ProbeStats {
  // The latest probe got an answer. False until there was one.
  bool up = false;
  bool in_recovery = false;
  // It is not in recovery, and default_transaction_read_only is off for the session that asked.
  // Empty where it does not tell.
  std::optional<bool> writable;
  // A pooler was in between when it last answered.
  bool behind_pooler = false;
  // The server that answered last, also while it does not answer now; before it first did, where
  // sessions will be opened to.
  std::optional<routing::ServerAddress> address;
  // Epoch (0) while there was none. A probe that this process could not make, for want of a
  // descriptor or of time, has not run.
  base::WallTime last_run{};
  base::WallTime last_success{};
  // Of the latest probe, answered or not.
  base::Duration duration{0};
  // Those that told something about the server, answered or not.
  std::uint64_t probes = 0;
  base::EnumArray<routing::Reason, std::uint64_t> failures;
  // Why the latest probe failed; kOk if it did not, kStartingUp before the first.
  routing::Reason last_reason = routing::Reason::kStartingUp;
};

// How the read-only sessions of a pool are kept from writing.
enum class Enforcement {
  kSession,      // by a setting of theirs
  kTransaction,  // by a transaction, in which the borrower is: behind a pooler
};

// What a canary's write was refused by.
enum class CanaryProof { kSetting, kRecovery };

// Of the canary of one pool.
struct CanaryStats {
  // The latest write was refused. Empty before the first.
  std::optional<bool> success;
  // Of the latest that was refused.
  std::optional<CanaryProof> proof;
  // Epoch (0) while there was none.
  base::WallTime last_run{};
};

struct ReplicaStats {
  // The last that was known: for how long, and how much WAL.
  std::optional<base::Duration> lag;
  std::optional<std::uint64_t> lag_bytes = std::nullopt;
  // By its latest answer it lags by more than max_lag, whether or not it serves.
  bool stale = false;
  // Empty where the replica does not tell.
  std::optional<bool> wal_receiver_up = std::nullopt;
  // Answers that were judged unfit, by verdict.
  base::EnumArray<routing::Reason, std::uint64_t> judged_unfit = {};
};

struct ControlStats {
  base::EnumArray<routing::PoolRole, ProbeStats> probes;
  // Of the pools whose sessions are read-only.
  base::EnumArray<routing::PoolRole, CanaryStats> canaries;
  ReplicaStats replica;
  AutoscalerStats autoscaler;
};

// What was counted, without what was found.
ProbeStats CountsOf(const ProbeStats& stats) noexcept;

// Empty until a server of that pool has answered, and for a pool whose sessions may write.
std::optional<Enforcement> EnforcementOf(routing::PoolRole role, const ProbeStats& stats);

}  // namespace scidex::control

template <>
struct scidex::base::EnumNames<scidex::control::Enforcement> {
  static constexpr std::array<std::string_view, 2> kNames{"session", "transaction"};
};
template <>
struct scidex::base::EnumNames<scidex::control::CanaryProof> {
  static constexpr std::array<std::string_view, 2> kNames{"setting", "recovery"};
};
