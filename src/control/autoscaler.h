// Checks the pools at each interval, and sets their target_size by the rules of scaling_policy.h
// within the budget that server_budget.h computes for their servers.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"
#include "control/autoscaler_stats.h"
#include "control/options.h"
#include "control/probe.h"
#include "control/scaling_policy.h"
#include "control/server_budget.h"
#include "pool/pool.h"
#include "routing/pools.h"

namespace scidex::control {

// Thread-safe.
class Autoscaler {
 public:
  struct ScaledPool {
    std::shared_ptr<pool::Pool> pool;
    // The server that it connects to: pools with the same number share a server.
    std::size_t server = 0;
    // No other autoscaler has scaled this pool.
    bool is_new = true;
    // The pool that it replaces, if any, and whether that one is on the same server.
    std::shared_ptr<pool::Pool> before = nullptr;
    bool same_server = false;
  };

  // Paused until Start(). `scheduler` must outlive the autoscaler.
  Autoscaler(const AutoscalerOptions& options, const OfPools<std::optional<ScaledPool>>& pools,
             base::Scheduler& scheduler);
  // Calls Stop().
  ~Autoscaler();

  // Continues the counters of its predecessor, and takes over the targets that it still owed and
  // the pools that were replaced before, as far as their leases are still not counted.
  // `before` must have stopped. Must be called before SizeNewPools().
  void Inherit(const Autoscaler& before) noexcept;
  // In mode on: sets the target_size of each new pool before its first acquire. A pool that
  // replaces one on the same server keeps that one's target, which was within the budget. Any other
  // pool starts with max(1, min_idle), because the budget of its server is not known yet; if it
  // replaces a pool, it gets that one's target once the budget is known. For kConnectionsKnownFor,
  // active leases of its predecessors on the same server are not counted as sessions of other
  // clients: they are about to end, and the new pool must not shrink because of them.
  void SizeNewPools() noexcept;
  // Starts checking, for the first time after one interval; no effect in mode off. Must be called
  // once.
  void Start() noexcept;

  // The pool of `role` takes over from a pool with this target_size. In mode on it gets the same
  // target, within the budget of its server: now, or as soon as the budget is known.
  void TakeOver(routing::PoolRole role, std::size_t target) noexcept;

  // Processes a probe of the server of `role`'s pool. All probes of a server must be reported under
  // the same role. The budget of a server that does not answer is unknown, and a result is valid
  // only for kConnectionsKnownFor.
  void OnProbe(routing::PoolRole role, const ProbeResult& result);

  // Stops checking, and waits for a check in progress. Idempotent.
  void Stop();

  AutoscalerStats Stats() const;

 private:
  struct ReplacedPool {
    std::shared_ptr<pool::Pool> pool;
    // Until then, its active leases are not sessions of other clients.
    base::TimePoint until;
  };
  // State of one pool.
  struct Scaled {
    ScaledPool pool;
    // On the same server.
    std::vector<ReplacedPool> replaced;
    ScalingHistory history;
    // The last logged decision, until there is a different one.
    std::optional<ScalingDecision> logged;
  };

  void InheritReplaced(const Autoscaler& before, routing::PoolRole role);
  base::TimePoint Run();
  std::vector<ServerLimit> Limits(base::TimePoint now) const;
  void ApplyOwed() SCIDEX_REQUIRES(moving_);
  void Raise(routing::PoolRole role, const std::vector<ServerLimit>& limits, std::size_t target)
      SCIDEX_REQUIRES(moving_);
  void CarryOut(routing::PoolRole role, Scaled& scaled, const ScalingDecision& decision,
                std::optional<std::size_t> budget) SCIDEX_REQUIRES(moving_);
  void LogOnce(Scaled& scaled, const ScalingDecision& decision, std::optional<std::size_t> budget)
      SCIDEX_REQUIRES(moving_);

  // Constant after Start().
  const AutoscalerOptions options_;
  base::Clock& clock_;
  OfPools<std::optional<std::size_t>> servers_;
  // But for `history` and `logged` of each, which moving_ guards.
  OfPools<std::optional<Scaled>> pools_;

  // Guarded by moving_, which is held from checking the pools until they are resized, so that no
  // resize undoes another.
  mutable base::Mutex moving_;
  // Targets that pools will get once the budget of their servers is known.
  OfPools<std::optional<std::size_t>> owed_ SCIDEX_GUARDED_BY(moving_);

  // Guarded by mutex_.
  mutable base::Mutex mutex_;
  OfPools<ServerObservations> observations_ SCIDEX_GUARDED_BY(mutex_);
  AutoscalerStats stats_ SCIDEX_GUARDED_BY(mutex_);

  // Last: it uses all other members.
  base::PeriodicTask task_;
};

}  // namespace scidex::control
