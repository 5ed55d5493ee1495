// Asks one pool's server at each interval whether it answers, on a connection reserved for that:
// beyond the pool's, so that a pool that is full, or slow to serve its queue, is never taken for a
// server that is down.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"
#include "control/options.h"
#include "control/probe_result.h"
#include "control/probe_stats.h"
#include "control/server_events.h"
#include "pool/pool.h"
#include "routing/evidence.h"

namespace scidex::control {

// Thread safe.
class Probe final : private pool::SessionObserver {
 public:
  // Called by the task after each probe that tells something about the server.
  using OnResult = std::function<void(const ProbeResult&)>;

  // Paused until Start(). The references outlive the probe. Null for a server that no other pool is
  // on.
  Probe(const ProbeOptions& options, pool::Pool& pool, std::shared_ptr<pool::Connector> connector,
        routing::ServerInspector& inspector, base::Scheduler& scheduler, OnResult on_result,
        std::shared_ptr<ServerEvents> events = nullptr);
  // As Stop().
  ~Probe() override;

  // Goes on from what a probe `before` it has counted. Before Start().
  void Inherit(const ProbeStats& before) noexcept;
  // Probes at once, then at each interval. To be called once.
  void Start() noexcept;

  // Ends a probe under way, and closes its session; the numbers stay. Idempotent.
  void Stop();

  // Probes now, by a new session: something happened that makes the last answer doubtful, such as a
  // connect of the pool that failed. Probes for that reason keep a distance of
  // ProbeOptions::min_trigger_distance. Never blocks.
  void Trigger() noexcept;

  // Has the next probe open a session anew: what the name of the server leads to may have changed.
  void Reconnect();

  ProbeStats Stats() const;

 private:
  // Of the reserved session: the moment to look.
  void OnPeerGone() override { task_.Trigger(); }
  void OnWrongServer() override { task_.Trigger(); }

  base::TimePoint Run(const std::stop_token& stop);
  // Nothing where the attempt tells nothing about the server.
  std::optional<ProbeResult> Ask(base::TimePoint deadline, const std::stop_token& stop);
  // What became of a new session, in place of the reserved one.
  enum class Renewal {
    kAdopted,
    kKept,     // the one that there was goes on
    kRefused,  // and there is no session to ask
    kNoRoom,   // the sessions of the pool can be asked
    kNothing,  // this process could not try
  };
  Renewal Renew(base::TimePoint deadline, const std::stop_token& stop, ProbeResult& refusal);
  bool NewSessionIsDue();
  bool StaysWhereItIs(const pool::Connection& fresh);
  void Adopt(std::unique_ptr<pool::Connection> session, bool lost_before);
  std::optional<ProbeResult> AskThroughPool(ProbeResult refusal, base::TimePoint deadline,
                                            const std::stop_token& stop);
  // Nothing where there was no time left to ask.
  std::optional<ProbeResult> Inspect(pool::Connection& connection, base::TimePoint deadline,
                                     const std::stop_token& stop, bool& lost);
  void Record(const ProbeResult& result, base::Duration took);

  const ProbeOptions options_;
  pool::Pool& pool_;
  const std::shared_ptr<pool::Connector> connector_;
  routing::ServerInspector& inspector_;
  base::Clock& clock_;
  const OnResult on_result_;
  const std::shared_ptr<ServerEvents> events_;

  std::atomic<bool> reconnect_{false};
  std::atomic<bool> new_session_wanted_{false};
  // Used by runs of the task alone.
  std::unique_ptr<pool::Connection> reserved_;
  base::TimePoint opened_at_ = base::TimePoint::min();
  // The latest new session was refused.
  bool refused_ = false;
  // New sessions that led to another server than the one that is judged.
  int elsewhere_in_a_row_ = 0;
  // The session before had answered earlier, and then did not in time.
  bool went_silent_ = false;

  mutable base::Mutex mutex_;
  ProbeStats stats_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses everything above.
  base::PeriodicTask task_;
};

}  // namespace scidex::control
