// Hands out connections for reads and for writes, and knows which pool serves a read, and why.
#pragma once

#include <atomic>
#include <memory>
#include <stop_token>

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

// A write was asked for and no primary is configured.
class NoPrimary : public pool::AcquireError {
  using AcquireError::AcquireError;
};

// Thread safe.
class Router {
 public:
  // The pools; null where one does not exist. Owned by the caller, and outlive the router.
  using Pools = base::EnumArray<PoolRole, pool::Pool*>;

  Router(const Pools& pools, const RoutingOptions& options, base::Clock& clock);

  // A read-only session: on the replica if that has the route, else (policy allowing) on the
  // primary. Waits for the first verdict, and moves to the new route if the route changes while it
  // waits; all within one deadline, by default the acquire timeout of the route's pool, of the
  // replica's before the first verdict.
  // Throws ReadRoutingDisabled, or an AcquireError of the pool.
  pool::Lease AcquireRead(const pool::AcquireOptions& options = {},
                          const base::CallSite& borrower = base::CallSite::current());

  // A session on the primary that may write. Throws NoPrimary, or an AcquireError of the pool.
  pool::Lease AcquireWrite(const pool::AcquireOptions& options = {},
                           const base::CallSite& borrower = base::CallSite::current());

  // Takes the verdict of one probe of the replica. Logs a change of the route, and wakes the reads
  // that wait. Drains the replica's pool when the verdict says that it leads to another server than
  // it should, and again when it no longer does.
  void OnReplicaVerdict(Reason verdict);

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
  };

  base::TimePoint DefaultDeadline() const;
  std::shared_ptr<Epoch> RouteInForce() const;
  std::shared_ptr<Epoch> AwaitRoute(base::TimePoint deadline, const std::stop_token& stop);
  pool::Lease AcquireFrom(pool::Pool& pool, base::TimePoint deadline, const std::stop_token& stop,
                          const Epoch& epoch, const base::CallSite& borrower);
  pool::Pool* PoolOf(Route route) const;
  pool::PoolStats RoStats() const;
  [[noreturn]] void ThrowDisabled();
  void DrainIfMisled(Reason verdict);
  static void Log(const Change& change);

  const Pools pools_;
  const RoutingOptions options_;
  base::Clock& clock_;
  base::EnumArray<Route, std::atomic<std::uint64_t>> acquires_;

  mutable base::Mutex mutex_;
  base::CondVar decided_;
  // Threads that wait for it.
  std::size_t awaiting_ SCIDEX_GUARDED_BY(mutex_) = 0;
  bool closed_ SCIDEX_GUARDED_BY(mutex_) = false;
  RouteMachine machine_ SCIDEX_GUARDED_BY(mutex_);
  // The latest verdict was that the replica's pool leads to another server than it should.
  bool misled_ SCIDEX_GUARDED_BY(mutex_) = false;
  // The present route's; replaced, and the old one stopped, when the route changes.
  std::shared_ptr<Epoch> epoch_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::routing
