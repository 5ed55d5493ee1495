// Hands out connections for reads and writes, and decides which pool serves a read.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/call_site.h"
#include "base/clock.h"
#include "base/fork.h"
#include "base/mutex.h"
#include "pool/pool.h"
#include "routing/options.h"
#include "routing/pools.h"
#include "routing/route_machine.h"
#include "routing/stats.h"

namespace scidex::routing {

// The replica cannot serve, and either the policy forbids falling through or there is no primary.
// The statistics are those of the replica's pool, empty if there is none.
class ReadRoutingDisabled : public pool::AcquireError {
  using AcquireError::AcquireError;
};

// There is no primary, or no pool for it.
class NoPrimary : public pool::AcquireError {
  using AcquireError::AcquireError;
};

// The pools that served reads before and serve them now; empty if reads are refused.
struct RouteChange {
  std::optional<PoolRole> from;
  std::optional<PoolRole> to;
};

// Thread-safe.
class Router {
 public:
  // Null if there is no such pool.
  using Pools = base::EnumArray<PoolRole, std::shared_ptr<pool::Pool>>;

  // `clock` must outlive the router.
  Router(const Pools& pools, const RoutingOptions& options, base::Clock& clock);
  // Acquires that wait may continue in a new route's pool, so they must have ended: waits for them.
  // Close(), and then the pools' Close(), ends them.
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // Acquires a read-only session: on the replica if it has the route, otherwise on the primary if
  // policy allows. Waits for the first verdict, and moves to the new route's pool if the route
  // changes while waiting, all within one deadline. The default is the acquire timeout of the
  // route's pool; before the first verdict, that of the replica's pool. Throws ReadRoutingDisabled
  // or an AcquireError of the pool. In a child of fork(), all acquires throw ForkedPool.
  pool::Lease AcquireRead(const pool::AcquireOptions& options = {},
                          const base::CallSite& borrower = base::CallSite::current());

  // Acquires a read-only session on the primary, whatever the route. Throws NoPrimary if there is
  // no pool for that, or an AcquireError of the pool.
  pool::Lease AcquireFallthrough(const pool::AcquireOptions& options = {},
                                 const base::CallSite& borrower = base::CallSite::current());

  // Acquires a session on the primary that may write. Throws NoPrimary or an AcquireError of the
  // pool.
  pool::Lease AcquireWrite(const pool::AcquireOptions& options = {},
                           const base::CallSite& borrower = base::CallSite::current());

  // Replaces the pools and the policy. A pool that is not in `pools` is retired: its active leases
  // remain valid and are checked for leaks, its waiters move to its successor within the same
  // deadline, and its counters are added to those of its successor. With `new_replica`, nothing is
  // known of the replica, as at startup.
  void Reconfigure(const Pools& pools, const RoutingOptions& options, bool new_replica) {
    Apply(Prepare(pools, options, new_replica));
  }
  // The same in two steps; only the first can fail. A plan must be applied before the next one is
  // prepared.
  class Plan;
  std::shared_ptr<Plan> Prepare(const Pools& pools, const RoutingOptions& options,
                                bool new_replica);
  // Returns the resulting change of the route, if any.
  std::optional<RouteChange> Apply(const std::shared_ptr<Plan>& plan) noexcept;

  // Processes the verdict of one probe of the replica. Logs a change of the route and wakes waiting
  // reads. Drains the replica's pool when the verdict says that its DSN leads to the wrong server,
  // and again when it no longer does. Returns the change of the route, if any.
  std::optional<RouteChange> OnReplicaVerdict(Reason verdict, base::TimePoint probed_at);

  // Fails reads that wait for the first verdict with PoolClosed, immediately and from now on, and
  // acquires that find no idle connection from now on; returns when no read waits for the verdict.
  // Must be called before the pools are closed. Idempotent.
  void Close();

  // One snapshot of each pool and of the route.
  PoolsStats pool_stats() const;

 private:
  struct Epoch;
  struct Shared;
  class QueuedGuard;
  class AwaitingGuard;
  // Effect of a verdict or of a reconfiguration.
  struct Change {
    bool first = false;
    Route route_before = Route::kReplica;
    Route route = Route::kReplica;
    Reason reason_before = Reason::kOk;
    Reason reason = Reason::kOk;

    std::optional<RouteChange> OfRoute() const;
  };

  base::TimePoint DefaultDeadline() const;
  // Acquires from the pool of `role`, or from its successor if it is replaced meanwhile.
  pool::Lease AcquireOf(PoolRole role, const char* why_none, const pool::AcquireOptions& options,
                        const base::CallSite& borrower);
  // The current epoch, whether or not a route has been decided.
  std::shared_ptr<Epoch> Now() const;
  std::shared_ptr<Epoch> RouteInForce() const;
  std::shared_ptr<Epoch> AwaitRoute(base::TimePoint deadline, const std::stop_token& stop);
  static pool::Lease AcquireFrom(pool::Pool& pool, const pool::AcquireOptions& options,
                                 const Epoch& epoch, std::optional<QueuedGuard>& queued,
                                 const base::CallSite& borrower);
  void CheckFork() const;
  // A pool, if there is one, and the counters of its predecessors.
  struct PoolLineage {
    pool::PoolStats Stats() const;
    std::shared_ptr<pool::Pool> pool;
    std::vector<std::shared_ptr<pool::Pool>> retired;
    pool::PoolStats counted;
  };
  PoolLineage LineageOf(PoolRole role) const SCIDEX_REQUIRES(mutex_);
  pool::PoolStats RoStats() const;
  // Empty if there is no such pool.
  static pool::PoolStats StatsOf(const PoolLineage& ro);
  [[noreturn]] void CountAndThrowDisabled(const Pools& pools);
  void DrainIfWrongServer(Reason verdict);
  void Retire(PoolRole role, const std::shared_ptr<pool::Pool>& pool) SCIDEX_REQUIRES(mutex_);
  void ForgetIdleRetired(PoolRole role, std::vector<std::shared_ptr<pool::Pool>>& forgotten)
      SCIDEX_REQUIRES(mutex_);
  static void Log(const Change& change);

  base::Clock& clock_;
  const base::ForkCheck fork_check_;
  const std::shared_ptr<Shared> shared_;

  mutable base::Mutex mutex_;
  base::CondVar decided_;
  // Number of threads that wait for decided_.
  std::size_t awaiting_ SCIDEX_GUARDED_BY(mutex_) = 0;
  bool closed_ SCIDEX_GUARDED_BY(mutex_) = false;
  base::Duration max_lag_ SCIDEX_GUARDED_BY(mutex_);
  bool fallthrough_expected_ SCIDEX_GUARDED_BY(mutex_);
  // For each role, the replaced pools that may still count, and the counters of those that no
  // longer do.
  base::EnumArray<PoolRole, std::vector<std::shared_ptr<pool::Pool>>> retired_
      SCIDEX_GUARDED_BY(mutex_);
  base::EnumArray<PoolRole, pool::PoolStats> counted_ SCIDEX_GUARDED_BY(mutex_);
  RouteMachine machine_ SCIDEX_GUARDED_BY(mutex_);
  // By the latest verdict, the replica's pool leads to the wrong server.
  bool ro_is_wrong_server_ SCIDEX_GUARDED_BY(mutex_) = false;
  // When the route or the pools change, this is replaced and the old epoch is stopped.
  std::shared_ptr<Epoch> epoch_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::routing
