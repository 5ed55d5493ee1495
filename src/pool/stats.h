// The statistics of one pool at one instant, taken under its lock. Every snapshot satisfies
//
//   connecting + idle + in_use == size <= max_size   and   sum(acquires) + waiters == requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/call_site.h"
#include "base/enum.h"
#include "base/time.h"
#include "pool/connection.h"
#include "pool/histogram.h"

namespace scidex::pool {

// Outcome of an acquire; each acquire has exactly one.
enum class AcquireOutcome {
  kImmediate,  // got an idle connection without queueing
  kWaited,     // got a connection after queueing
  kTimeout,    // these failed, each with the error of errors.h that bears its name
  kQueueFull,
  kClosed,
  kCancelled,
  kDeadlock,
  kError  // memory was exhausted: std::bad_alloc
};

// Why a connection was closed on purpose.
enum class EvictReason {
  kDead,  // closed by the server or the network, whether idle or lent
  kIdleTimeout,
  kMaxLifetime,
  kShrunk,       // target_size was lowered
  kDrained,      // all connections were to be replaced
  kClosed,       // the pool was closed
  kBorrower,     // the borrower asked for it
  kResetFailed,  // it could not be returned to a clean state
  kReadOnlyUnproven,
  kOtherServer,  // not connected to the server that was judged
};

enum class ResizeDirection { kUp, kDown };
enum class ResizeCause { kOperator, kAutoscaler };

}  // namespace scidex::pool

template <>
struct scidex::base::EnumNames<scidex::pool::AcquireOutcome> {
  static constexpr std::array<std::string_view, 8> kNames{
      "immediate", "waited", "timeout", "queue_full", "closed", "cancelled", "deadlock", "error"};
};
template <>
struct scidex::base::EnumNames<scidex::pool::EvictReason> {
  static constexpr std::array<std::string_view, 10> kNames{
      "dead",     "idle_timeout", "max_lifetime",       "shrunk",      "drained", "closed",
      "borrower", "reset_failed", "read_only_unproven", "other_server"};
};
template <>
struct scidex::base::EnumNames<scidex::pool::ResizeDirection> {
  static constexpr std::array<std::string_view, 2> kNames{"up", "down"};
};
template <>
struct scidex::base::EnumNames<scidex::pool::ResizeCause> {
  static constexpr std::array<std::string_view, 2> kNames{"operator", "autoscaler"};
};

namespace scidex::pool {

// An active lease.
struct LeaseInfo {
  base::CallSite borrower;
  base::Duration age{0};
  // AcquireOptions::client; empty if there is none.
  std::string client = {};
  // Connection::backend_pid().
  std::int64_t backend_pid = 0;
};

// Counters start at 0 with the pool; AddCounters() adds those of the pools that it has replaced.
struct PoolStats {
  std::string name;

  // Number of connections by state; see options.h for the limits.
  std::size_t size = 0;
  std::size_t connecting = 0;
  std::size_t idle = 0;
  std::size_t in_use = 0;
  std::size_t max_size = 0;
  std::size_t target_size = 0;
  std::size_t min_idle = 0;
  std::size_t waiters = 0;
  // Number of waiters with an AcquireOptions::client.
  std::size_t client_waiters = 0;
  std::size_t max_waiters = 0;
  // How long the oldest waiter has waited; 0 if there is none.
  base::Duration oldest_waiter{0};
  base::Duration acquire_timeout{0};
  // 0 if leases are not checked for leaks.
  base::Duration leak_after{0};
  // Time for which a waiter may currently be overtaken.
  base::Duration handoff_after{0};
  // Oldest first, at most kOldestLeases.
  static constexpr std::size_t kOldestLeases = 3;
  std::vector<LeaseInfo> oldest_leases;

  // Acquires that have queued or ended.
  std::uint64_t requests = 0;
  base::EnumArray<AcquireOutcome, std::uint64_t> acquires;
  base::EnumArray<ConnectOutcome, std::uint64_t> connects;
  base::EnumArray<EvictReason, std::uint64_t> evictions;
  base::EnumArray<ResizeDirection, base::EnumArray<ResizeCause, std::uint64_t>> resizes;
  // Leases by how their session was proven, active ones included.
  base::EnumArray<ReadOnlyProof, std::uint64_t> read_only_proofs;
  // See the functions of SessionObserver with these names.
  std::uint64_t read_only_violations = 0;
  std::uint64_t read_only_tampered = 0;
  std::uint64_t read_only_writes = 0;
  std::uint64_t read_only_unproven = 0;
  // Leases that were held longer than leak_after, each counted once.
  std::uint64_t leases_leaked = 0;
  // Active leases of the pools that this one has replaced; not included in in_use.
  std::size_t retired_leases = 0;
  // From the start of an acquire until it got a connection or failed; of all outcomes.
  Histogram acquire_wait{WaitBounds()};
  // From getting the connection until its release; of ended leases.
  Histogram use{UseBounds()};
  // Of successful and failed connects.
  Histogram connect{ConnectBounds()};

  // Of the latest failed connect, until one succeeds; otherwise kOk and empty.
  ConnectOutcome last_connect_outcome = ConnectOutcome::kOk;
  std::string last_connect_message;

  // Age of the oldest lease; 0 if there is none.
  base::Duration oldest_lease() const {
    return oldest_leases.empty() ? base::Duration::zero() : oldest_leases.front().age;
  }
};

// Adds the counters of an earlier pool that is closed.
void AddCounters(PoolStats& stats, const PoolStats& before);
// The same for a pool that may still have active leases, and acquires that have not ended.
void AddRetired(PoolStats& stats, const PoolStats& before);

// Returns text for error messages: "3 in use + 0 idle + 1 connecting of 4, 7 waiting; longest held
// by src/x.cc:4 (F)".
std::string Summary(const PoolStats& stats);

}  // namespace scidex::pool
