// Statistics of periodic work.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/enum.h"
#include "base/time.h"
#include "control/autoscaler_stats.h"
#include "routing/evidence.h"
#include "routing/pools.h"
#include "routing/route.h"

namespace scidex::control {

// Statistics of the probe of one server.
struct ProbeStats {
  // Whether the latest probe was answered; false before the first.
  bool up = false;
  bool in_recovery = false;
  // Whether it is not in recovery and default_transaction_read_only is off for the session that
  // asked. Empty if the server does not report it.
  std::optional<bool> writable;
  // Whether a pooler was in between at the latest answer.
  bool behind_pooler = false;
  // Address of the server that answered last, even if it does not answer now. Before the first
  // answer, where sessions will be opened.
  std::shared_ptr<const routing::ServerAddress> address;
  // By the machine's clock at that time; the Unix epoch if there was none. A probe that this
  // process could not make, because it lacked a descriptor or time, does not count as run.
  base::WallTime last_run{};
  base::WallTime last_success{};
  // Of the latest probe, answered or not.
  base::Duration duration{0};
  // Of ProbeOptions; 0 if there is no probe.
  base::Duration interval{0};
  base::Duration timeout{0};
  // Probes that were evidence about the server, answered or not.
  std::uint64_t probes = 0;
  base::EnumArray<routing::Reason, std::uint64_t> failures;
  // Why the latest probe failed; kOk if it was answered, kStartingUp before the first.
  routing::Reason last_reason = routing::Reason::kStartingUp;
};

// How read-only sessions of a pool are prevented from writing.
enum class Enforcement {
  kSession,      // by a setting of the session
  kTransaction,  // by a transaction that the borrower is in: behind a pooler
};

// Why a canary's write was refused.
enum class CanaryProof { kSetting, kRecovery };

// Statistics of the canary of one pool.
struct CanaryStats {
  // Whether the latest write was refused. Empty before the first.
  std::optional<bool> success;
  // Of the latest refused write.
  std::optional<CanaryProof> proof;
  // By the machine's clock at that time; the Unix epoch if there was none.
  base::WallTime last_run{};
  // Time since then, which steps of the machine's clock do not affect.
  base::Duration since_last_run{0};
};

struct ReplicaStats {
  // The latest known lag, in time and in bytes of WAL.
  std::optional<base::Duration> lag;
  std::optional<std::uint64_t> lag_bytes = std::nullopt;
  // By its latest answer, its lag has exceeded max_lag and has not yet fallen to half of it,
  // whether or not it serves.
  bool stale = false;
  // Empty if the replica does not report it.
  std::optional<bool> wal_receiver_up = std::nullopt;
  // Answers that were judged unfit, by verdict.
  base::EnumArray<routing::Reason, std::uint64_t> judged_unfit = {};
};

struct ControlStats {
  base::EnumArray<routing::PoolRole, ProbeStats> probes;
  // Only pools with read-only sessions.
  base::EnumArray<routing::PoolRole, CanaryStats> canaries;
  ReplicaStats replica;
  AutoscalerStats autoscaler;
};

// Returns only the counters.
ProbeStats CountsOf(const ProbeStats& stats) noexcept;

// Empty until a server of that pool has answered, and for a pool that may write.
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
