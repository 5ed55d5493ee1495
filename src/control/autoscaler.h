// Looks at the pools at each interval, and moves their target_size by the rules of scaling_policy.h
// within what server_budget.h finds that their servers can give.
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

// Thread safe.
class Autoscaler {
 public:
  struct ScaledPool {
    std::shared_ptr<pool::Pool> pool;
    // What it connects to: pools with the same number share a server.
    std::size_t server = 0;
    // No other autoscaler has moved it.
    bool is_new = true;
    // The pool that it replaces, if any, and whether that one was on the same server.
    std::shared_ptr<pool::Pool> before = nullptr;
    bool same_server = false;
  };

  // Paused until Start(). `scheduler` outlives the autoscaler.
  Autoscaler(const AutoscalerOptions& options, const OfPools<std::optional<ScaledPool>>& pools,
             base::Scheduler& scheduler);
  // As Stop().
  ~Autoscaler();

  // Goes on from what an autoscaler `before` it has counted, and from what its pools were to get
  // but have not yet. `before` has stopped. Before SizeNewPools().
  void Inherit(const Autoscaler& before) noexcept;
  // In mode on: sets the target_size of each new pool, before anyone acquires from it. One that
  // replaces a pool of the same server goes on with what that one had, which was within the budget.
  // Any other begins with max(1, min_idle), as what its server can give is not known yet; if it
  // replaces a pool, it gets what that one had once it is known. Leases that are out of the pool
  // before, of the same server, are not taken for others' sessions at first: they are about to end,
  // and the new pool is not to shrink for them.
  void SizeNewPools() noexcept;
  // Looks after one interval for the first time; in mode off never. To be called once.
  void Start() noexcept;

  // The pool of `role` serves from now on what a pool of this target_size has served. In mode on it
  // gets the same, as far as its server can give it: now, or as soon as that is known.
  void TakeOver(routing::PoolRole role, std::size_t target) noexcept;

  // Takes what a probe found out about the server of `role`'s pool, always under the same one of a
  // server's pools. A server that did not answer is
  // not known to give anything, and nothing that a probe found is believed for long.
  void OnProbe(routing::PoolRole role, const ProbeResult& result);

  // Ends the looks, and waits for the one under way. Idempotent.
  void Stop();

  AutoscalerStats Stats() const;

 private:
  // What is known of one pool.
  struct Scaled {
    ScaledPool pool;
    ScalingHistory history;
    // What was logged last, until something else is decided.
    std::optional<ScalingDecision> logged;
  };

  base::TimePoint Run();
  std::vector<ServerLimit> Limits(base::TimePoint now) const;
  void PayOwed() SCIDEX_REQUIRES(moving_);
  void Raise(routing::PoolRole role, const std::vector<ServerLimit>& limits, std::size_t target)
      SCIDEX_REQUIRES(moving_);
  void Carry(routing::PoolRole role, Scaled& scaled, const ScalingDecision& decision,
             std::optional<std::size_t> budget) SCIDEX_REQUIRES(moving_);
  void LogOnce(Scaled& scaled, const ScalingDecision& decision, std::optional<std::size_t> budget)
      SCIDEX_REQUIRES(moving_);

  const AutoscalerOptions options_;
  base::Clock& clock_;
  OfPools<std::optional<std::size_t>> servers_;
  // Which there are, and the pool of each, does not change after Start().
  OfPools<std::optional<Scaled>> pools_;
  // Set before Start().
  base::TimePoint before_counts_until_ = base::TimePoint::min();
  // From looking at the pools to having moved them, so that no move undoes another. Used with
  // pools_' histories.
  mutable base::Mutex moving_;
  // Targets that pools are to have once it is known what their servers can give.
  OfPools<std::optional<std::size_t>> owed_ SCIDEX_GUARDED_BY(moving_);

  mutable base::Mutex mutex_;
  OfPools<ServerObservations> observations_ SCIDEX_GUARDED_BY(mutex_);
  AutoscalerStats stats_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses everything above.
  base::PeriodicTask task_;
};

}  // namespace scidex::control
