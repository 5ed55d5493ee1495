// Hands out connections for reads and for writes, and knows which pool serves a read, and why.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/call_site.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "pool/pool.h"
#include "routing/options.h"
#include "routing/pools.h"
#include "routing/route_machine.h"
#include "routing/stats.h"

namespace scidex::routing {

// The replica cannot serve and falling through is not allowed, or there is no primary. The
// statistics are those of the replica's pool, empty where there is none.
class ReadRoutingDisabled : public pool::AcquireError {
  using AcquireError::AcquireError;
};

// The primary was asked for and there is none, or no pool for it.
class NoPrimary : public pool::AcquireError {
  using AcquireError::AcquireError;
};

// Which pools serve reads before and after; none where reads are refused.
struct RouteChange {
  std::optional<PoolRole> from;
  std::optional<PoolRole> to;
};

// Thread safe.
class Router {
 public:
  // Null where one does not exist.
  using Pools = base::EnumArray<PoolRole, std::shared_ptr<pool::Pool>>;

  Router(const Pools& pools, const RoutingOptions& options, base::Clock& clock);

  // A read-only session: on the replica if that has the route, else (policy allowing) on the
  // primary. Waits for the first verdict, and moves to the new route if the route changes while it
  // waits; all within one deadline, by default the acquire timeout of the route's pool, of the
  // replica's before the first verdict.
  // Throws ReadRoutingDisabled, or an AcquireError of the pool.
  pool::Lease AcquireRead(const pool::AcquireOptions& options = {},
                          const base::CallSite& borrower = base::CallSite::current());

  // A read-only session on the primary, whatever the route. Throws NoPrimary where there is no pool
  // for that, or an AcquireError of the pool.
  pool::Lease AcquireFallthrough(const pool::AcquireOptions& options = {},
                                 const base::CallSite& borrower = base::CallSite::current());

  // A session on the primary that may write. Throws NoPrimary, or an AcquireError of the pool.
  pool::Lease AcquireWrite(const pool::AcquireOptions& options = {},
                           const base::CallSite& borrower = base::CallSite::current());

  // Serves from these pools by this policy from now on. A pool that is no longer among them is
  // retired: what it has lent stays out and is looked at for leaks, who waits in it moves to its
  // successor within the same deadline, and its counters go on in its successor's. With
  // `new_replica` nothing is known of the replica, as at the start.
  void Reconfigure(const Pools& pools, const RoutingOptions& options, bool new_replica) {
    Apply(Prepare(pools, options, new_replica));
  }
  // The same in two steps, of which the first is all that can fail. A plan is applied before the
  // next one is prepared.
  class Plan;
  std::shared_ptr<Plan> Prepare(const Pools& pools, const RoutingOptions& options,
                                bool new_replica);
  // Returns the change of the route that came of it, if any.
  std::optional<RouteChange> Apply(const std::shared_ptr<Plan>& plan) noexcept;

  // Takes the verdict of one probe of the replica. Logs a change of the route, and wakes the reads
  // that wait. Drains the replica's pool when the verdict says that it leads to another server than
  // it should, and again when it no longer does. Returns the change of the route, if it changed.
  std::optional<RouteChange> OnReplicaVerdict(Reason verdict, base::TimePoint probed_at);

  // Fails reads that wait for the first verdict with PoolClosed, at once and from now on; returns
  // when none waits any more. To be called before the pools are closed. Idempotent.
  void Close();

  // One snapshot of each pool and of the route.
  PoolsStats pool_stats() const;

 private:
  struct Epoch;
  // What a verdict did.
  struct Change {
    bool first = false;
    Route route_before = Route::kReplica;
    Route route = Route::kReplica;
    Reason reason_before = Reason::kOk;
    Reason reason = Reason::kOk;

    std::optional<RouteChange> OfRoute() const;
  };

  base::TimePoint DefaultDeadline() const;
  // From that pool, or from one that takes its place meanwhile.
  pool::Lease AcquireOf(PoolRole role, const char* why_none, const pool::AcquireOptions& options,
                        const base::CallSite& borrower);
  // The epoch that there is, whether or not a route is decided.
  std::shared_ptr<Epoch> Now() const;
  std::shared_ptr<Epoch> RouteInForce() const;
  std::shared_ptr<Epoch> AwaitRoute(base::TimePoint deadline, const std::stop_token& stop);
  pool::Lease AcquireFrom(pool::Pool& pool, const pool::AcquireOptions& options, const Epoch& epoch,
                          const base::CallSite& borrower);
  // A pool, if there is one, and what the pools before it counted.
  struct PoolLineage {
    pool::PoolStats Stats() const;
    std::shared_ptr<pool::Pool> pool;
    std::vector<std::shared_ptr<pool::Pool>> retired;
    pool::PoolStats counted;
  };
  PoolLineage LineageOf(PoolRole role) const SCIDEX_REQUIRES(mutex_);
  pool::PoolStats RoStats() const;
  [[noreturn]] void ThrowDisabled(const Pools& pools);
  void DrainIfMisled(Reason verdict);
  void Retire(PoolRole role, const std::shared_ptr<pool::Pool>& pool) SCIDEX_REQUIRES(mutex_);
  void ForgetIdleRetired(PoolRole role, std::vector<std::shared_ptr<pool::Pool>>& forgotten)
      SCIDEX_REQUIRES(mutex_);
  static void Log(const Change& change);

  base::Clock& clock_;
  base::EnumArray<Route, std::atomic<std::uint64_t>> acquires_;

  mutable base::Mutex mutex_;
  base::CondVar decided_;
  // Threads that wait for it.
  std::size_t awaiting_ SCIDEX_GUARDED_BY(mutex_) = 0;
  bool closed_ SCIDEX_GUARDED_BY(mutex_) = false;
  base::Duration max_lag_ SCIDEX_GUARDED_BY(mutex_);
  bool fallthrough_expected_ SCIDEX_GUARDED_BY(mutex_);
  // Of each role the pools that were replaced, as long as they may still count, and what the others
  // have counted.
  base::EnumArray<PoolRole, std::vector<std::shared_ptr<pool::Pool>>> retired_
      SCIDEX_GUARDED_BY(mutex_);
  base::EnumArray<PoolRole, pool::PoolStats> counted_ SCIDEX_GUARDED_BY(mutex_);
  RouteMachine machine_ SCIDEX_GUARDED_BY(mutex_);
  // The latest verdict was that the replica's pool leads to another server than it should.
  bool misled_ SCIDEX_GUARDED_BY(mutex_) = false;
  // Replaced, and the old one stopped, when the route or the pools change.
  std::shared_ptr<Epoch> epoch_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::routing
