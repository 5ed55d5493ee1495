// Checks at each interval whether a server answers, on a connection reserved for this purpose: a
// full pool, or one with a slow queue, is never mistaken for a server that is down.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

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

// Thread-safe.
class Probe final : private pool::SessionObserver {
 public:
  // Called by the task after each probe that is evidence about the server.
  using OnResult = std::function<void(const ProbeResult&)>;
  // The pools with sessions on the server.
  using Pools = std::vector<std::shared_ptr<pool::Pool>>;

  // Paused until Start(). The references must outlive the probe.
  Probe(const ProbeOptions& options, std::shared_ptr<const Pools> pools,
        std::shared_ptr<pool::Connector> connector, routing::ServerInspector& inspector,
        std::shared_ptr<ServerEvents> events, base::Scheduler& scheduler, OnResult on_result);
  // Calls Stop().
  ~Probe() override;

  // Continues the statistics of its predecessor. Must be called before Start().
  void Inherit(const ProbeStats& before) noexcept;
  // Sets the list of pools on the server.
  void SetPools(std::shared_ptr<const Pools> pools) noexcept;
  // Probes immediately, then at each interval. Must be called once.
  void Start() noexcept;

  // Ends a probe in progress and closes its session; the statistics remain. Idempotent.
  void Stop();

  // Probes now, with a new session, because an event such as a failed connect of a pool puts the
  // last answer in doubt. Triggered probes start at least ProbeOptions::min_trigger_distance apart.
  // Never blocks.
  void Trigger() noexcept;

  // Makes the next probe open a new session, because the server's name may lead elsewhere by now.
  void Reconnect();

  ProbeStats Stats() const;

 private:
  // The reserved session reports a problem: probe now.
  void OnPeerGone() override { task_.Trigger(); }
  void OnWrongServer() override { task_.Trigger(); }

  base::TimePoint Run(const std::stop_token& stop);
  // Returns nothing if the attempt is not evidence about the server.
  std::optional<ProbeResult> Ask(base::TimePoint deadline, const std::stop_token& stop);
  // Result of opening a new session to replace the reserved one.
  enum class Renewal {
    kAdopted,
    kKept,     // the existing session is kept
    kRefused,  // there is no session to query
    kNoRoom,   // the pools' sessions can be queried
    kNothing,  // this process could not try
  };
  Renewal Renew(base::TimePoint deadline, const std::stop_token& stop, ProbeResult& refusal);
  bool NewSessionIsDue();
  bool KeepsItsServer(const pool::Connection& fresh);
  void Adopt(std::unique_ptr<pool::Connection> session, bool lost_before);
  std::optional<ProbeResult> AskThroughPools(ProbeResult refusal, base::TimePoint deadline,
                                             const std::stop_token& stop);
  std::shared_ptr<const Pools> PoolsNow() const;
  routing::ServerAddress AddressNow() const;
  // Whether a pool has a session, lent or idle.
  bool PoolsHaveSessions() const;
  // No pool has one, and the latest connect of one of them led only to other servers.
  bool PoolsReachOnlyOthers() const;
  void NotifyPoolsOfAnswer();
  // Returns nothing if there was no time left to query.
  std::optional<ProbeResult> Inspect(pool::Connection& connection, base::TimePoint deadline,
                                     const std::stop_token& stop, bool& lost);
  void Record(const ProbeResult& result, base::Duration took);

  const ProbeOptions options_;
  const std::shared_ptr<pool::Connector> connector_;
  routing::ServerInspector& inspector_;
  base::Clock& clock_;
  const OnResult on_result_;
  const std::shared_ptr<ServerEvents> events_;

  std::atomic<bool> reconnect_{false};
  std::atomic<bool> new_session_wanted_{false};
  // Used only by runs of the task.
  std::unique_ptr<pool::Connection> reserved_;
  base::TimePoint opened_at_ = base::TimePoint::min();
  // The latest attempt to open a session was refused.
  bool refused_ = false;
  // Number of consecutive new sessions that led to another server than the judged one.
  int elsewhere_in_a_row_ = 0;
  // The previous session answered at first, but then not in time.
  bool went_silent_ = false;

  mutable base::Mutex mutex_;
  std::shared_ptr<const Pools> pools_ SCIDEX_GUARDED_BY(mutex_);
  ProbeStats stats_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses all other members.
  base::PeriodicTask task_;
};

}  // namespace scidex::control
