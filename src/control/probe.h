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
#include "control/options.h"
#include "control/probe_stats.h"
#include "control/session_inspector.h"
#include "pool/pool.h"

namespace scidex::control {

// What one probe found.
struct ProbeResult {
  // kOk or why there was no answer.
  routing::Reason reason = routing::Reason::kOk;
  // For people.
  std::string message;
  // Holds only for kOk.
  ServerFacts facts;
};

// Thread safe.
class Probe final : private pool::SessionObserver {
 public:
  // Called on the probe's thread after each probe that tells something about the server.
  using OnResult = std::function<void(const ProbeResult&)>;

  // Probes at once, then at each interval, and goes on from what a probe `before` it has counted.
  // The references outlive the probe.
  Probe(const ProbeOptions& options, pool::Pool& pool, std::shared_ptr<pool::Connector> connector,
        SessionInspector& inspector, base::Clock& clock, OnResult on_result,
        const ProbeStats& before = {});
  // As Stop().
  ~Probe() override;

  // Ends a probe under way, and closes its session; the numbers stay. Idempotent.
  void Stop();

  // Probes now: something happened that makes the last answer doubtful. Never blocks.
  void Trigger();

  // Has the next probe open a session anew: what the name of the server leads to may have changed.
  void Reconnect();

  ProbeStats Stats() const;

 private:
  // Of the reserved session: the moment to look.
  void OnPeerGone() override { task_->Trigger(); }
  void OnWrongServer() override { task_->Trigger(); }

  base::TimePoint Run(const std::stop_token& stop);
  // Nothing where the attempt tells nothing about the server.
  std::optional<ProbeResult> Ask(base::TimePoint deadline, const std::stop_token& stop);
  std::optional<ProbeResult> AskThroughPool(ProbeResult refusal, base::TimePoint deadline,
                                            const std::stop_token& stop);
  ProbeResult Inspect(pool::Connection& connection, base::TimePoint deadline,
                      const std::stop_token& stop, bool& lost);
  void Record(const std::optional<ProbeResult>& result, base::Duration took);

  const ProbeOptions options_;
  pool::Pool& pool_;
  const std::shared_ptr<pool::Connector> connector_;
  SessionInspector& inspector_;
  base::Clock& clock_;
  const OnResult on_result_;

  std::atomic<bool> reconnect_{false};
  // Used by the task's thread alone.
  std::unique_ptr<pool::Connection> reserved_;

  mutable base::Mutex mutex_;
  ProbeStats stats_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses everything above.
  std::unique_ptr<base::PeriodicTask> task_;
};

}  // namespace scidex::control
