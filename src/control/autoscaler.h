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
  };

  // Paused until Start(). `scheduler` outlives the autoscaler.
  Autoscaler(const AutoscalerOptions& options, const OfPools<std::optional<ScaledPool>>& pools,
             base::Scheduler& scheduler);
  // As Stop().
  ~Autoscaler();

  // Goes on from what an autoscaler `before` it has counted. Before Start().
  void Inherit(const AutoscalerStats& before) noexcept;
  // Looks after one interval for the first time; in mode off never. In mode on each new pool is
  // taken down to max(1, min_idle) first: what the server can give is not known yet. To be called
  // once.
  void Start() noexcept;

  // Takes what a probe found out about the server of `role`'s pool. A server that did not answer is
  // not known to give anything, and nothing that a probe found is believed for long.
  void OnProbe(routing::PoolRole role, const ProbeResult& result);

  // Ends the looks, and waits for the one under way. Idempotent.
  void Stop();

  AutoscalerStats Stats() const;

 private:
  // What is known of one pool; used by runs of the task alone.
  struct Scaled {
    ScaledPool pool;
    ScalingHistory history;
    // What was logged last, until something else is decided.
    std::optional<ScalingDecision> logged;
  };

  void ShrinkNewPools();
  base::TimePoint Run();
  std::vector<ServerLimit> Limits(base::TimePoint now) const;
  void Carry(routing::PoolRole role, Scaled& scaled, const ScalingDecision& decision,
             std::optional<std::size_t> budget);
  void LogOnce(Scaled& scaled, const ScalingDecision& decision, std::optional<std::size_t> budget);

  const AutoscalerOptions options_;
  base::Clock& clock_;
  OfPools<std::optional<std::size_t>> servers_;
  OfPools<std::optional<Scaled>> pools_;

  mutable base::Mutex mutex_;
  OfPools<ServerObservations> observations_ SCIDEX_GUARDED_BY(mutex_);
  AutoscalerStats stats_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses everything above.
  base::PeriodicTask task_;
};

}  // namespace scidex::control
