#include "app/database.h"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "control/probe.h"

namespace scidex::app {

using base::MutexLock;
using routing::PoolRole;

class Database::ProbeHandle {
 public:
  void Trigger() {
    MutexLock lock(mutex_);
    if (probe_ != nullptr) probe_->Trigger();
  }
  void Reconnect() {
    MutexLock lock(mutex_);
    if (probe_ != nullptr) probe_->Reconnect();
  }
  void Aim(control::Probe* probe) {
    MutexLock lock(mutex_);
    probe_ = probe;
  }

 private:
  base::Mutex mutex_;
  control::Probe* probe_ SCIDEX_GUARDED_BY(mutex_) = nullptr;
};

Database::Database(const DatabaseOptions& options, base::Clock& clock)
    : clock_(clock),
      watchdog_(clock),
      connectors_("connector", options.connector_threads),
      resolver_(std::make_shared<postgres::Resolver>()),
      hangups_(std::make_shared<base::HangupWatch>()) {
  const auto add = [&](PoolRole role, const postgres::SessionOptions& session,
                       pool::PoolOptions pool) {
    pool.autoscaled = options.autoscaler.mode == control::AutoscalerMode::kOn;
    AddPool(role, session, pool);
  };
  if (options.primary) add(PoolRole::kPrimary, *options.primary, options.primary_pool);
  if (options.replica) add(PoolRole::kRo, *options.replica, options.ro_pool);
  const routing::Servers servers{options.primary.has_value(), options.replica.has_value()};
  if (routing::WithoutReplica(servers, options.routing.fallthrough) ==
      routing::Route::kPrimaryFallthrough) {
    add(PoolRole::kRoFallthrough, *options.primary, options.ro_fallthrough_pool);
  }
  routing::Router::Pools pools;
  for (std::size_t i = 0; i < base::kEnumCount<PoolRole>; ++i) {
    const auto role = static_cast<PoolRole>(i);
    pools[role] = servers_[role].pool.get();
  }
  router_ = std::make_unique<routing::Router>(pools, options.routing, clock_);
  replica_watch_ = std::make_unique<control::ReplicaWatch>(
      options.routing, options.primary.has_value(), clock_,
      [this](routing::Reason verdict) { OnReplicaVerdict(verdict); });
  pool_logger_ = std::make_unique<control::PoolLogger>(options.pool_logger, clock_,
                                                       [this] { return pool_stats(); });
  autoscaler_ = MakeAutoscaler(options.autoscaler);
  try {
    for (const PoolRole role : {PoolRole::kPrimary, PoolRole::kRo, PoolRole::kRoFallthrough}) {
      StartProbe(role, options.probe);
    }
  } catch (...) {
    Stop();
    throw;
  }
}

Database::~Database() { Stop(); }

void Database::Stop() {
  pool_logger_.reset();
  autoscaler_->Stop();
  router_->Close();
  for (const PoolRole role : {PoolRole::kRoFallthrough, PoolRole::kRo, PoolRole::kPrimary}) {
    Server& server = servers_[role];
    if (!server.pool) continue;
    server.handle->Aim(nullptr);
    server.canary.reset();
    server.probe.reset();
    server.pool->Close();
  }
}

void Database::OnReplicaVerdict(routing::Reason verdict) {
  router_->OnReplicaVerdict(verdict);
  // The name may lead elsewhere by now, but a session stays where it is.
  if (routing::IsMisled(verdict)) servers_[PoolRole::kRo].handle->Reconnect();
}

// A primary in recovery was demoted, or its name leads to a replica: nobody can write there. Where
// the name leads to may have changed; sessions stay where they were opened.
void Database::OnPrimaryAnswer(const control::ServerFacts& facts) {
  if (facts.in_recovery) servers_[PoolRole::kPrimary].handle->Reconnect();
  if (facts.in_recovery == primary_in_recovery_) return;
  primary_in_recovery_ = facts.in_recovery;
  if (facts.in_recovery) {
    base::LogWarn("the primary is in recovery and takes no writes; its sessions are replaced");
  } else {
    base::LogInfo("the primary is no longer in recovery; its sessions are replaced");
  }
  for (const PoolRole role : {PoolRole::kPrimary, PoolRole::kRoFallthrough}) {
    if (servers_[role].pool) servers_[role].pool->Drain();
  }
}

void Database::AddPool(PoolRole role, postgres::SessionOptions session,
                       const pool::PoolOptions& options) {
  const std::string name(base::Name(role));
  session.read_only = role != PoolRole::kPrimary;
  Server& server = servers_[role];
  try {
    server.connector =
        std::make_shared<postgres::SessionConnector>(name, session, resolver_, hangups_);
  } catch (const postgres::DsnError& error) {
    throw postgres::DsnError((role == PoolRole::kRo ? "replica.dsn: " : "primary.dsn: ") +
                             std::string(error.what()));
  }
  server.handle = std::make_shared<ProbeHandle>();
  std::shared_ptr<pool::ConnectGate>& gate = gates_[session.dsn.Reveal()];
  if (!gate) gate = std::make_shared<pool::ConnectGate>(options.backoff, std::random_device{}());
  server.pool = std::make_unique<pool::Pool>(
      name, options,
      pool::Pool::Dependencies{server.connector, connectors_, clock_,
                               [handle = server.handle] { handle->Trigger(); }, gate});
  server.gate = gate;
}

void Database::StartProbe(PoolRole role, const control::ProbeOptions& options) {
  Server& server = servers_[role];
  if (!server.pool) return;
  server.probe = std::make_unique<control::Probe>(
      options, *server.pool, server.connector, inspector_, clock_,
      [this, role](const control::ProbeResult& result) { OnProbe(role, result); });
  server.handle->Aim(server.probe.get());
  if (role != PoolRole::kPrimary)
    server.canary = std::make_unique<control::Canary>(options, *server.pool, inspector_, clock_);
}

void Database::OnProbe(PoolRole role, const control::ProbeResult& result) {
  autoscaler_->OnProbe(role, result);
  if (role == PoolRole::kPrimary) {
    if (result.reason == routing::Reason::kOk) OnPrimaryAnswer(result.facts);
    replica_watch_->OnPrimaryProbe(result);
  } else if (role == PoolRole::kRo) {
    replica_watch_->OnReplicaProbe(result);
  }
}

std::unique_ptr<control::Autoscaler> Database::MakeAutoscaler(
    const control::AutoscalerOptions& options) {
  control::OfPools<std::optional<control::Autoscaler::ScaledPool>> pools;
  std::vector<const pool::ConnectGate*> servers;
  for (const PoolRole role : {PoolRole::kPrimary, PoolRole::kRo, PoolRole::kRoFallthrough}) {
    const Server& server = servers_[role];
    if (!server.pool) continue;
    // The pools of one DSN have one gate.
    const auto known = std::find(servers.begin(), servers.end(), server.gate.get());
    const auto number = static_cast<std::size_t>(known - servers.begin());
    if (known == servers.end()) servers.push_back(server.gate.get());
    pools[role] = {server.pool.get(), number};
  }
  return std::make_unique<control::Autoscaler>(options, pools, clock_);
}

control::ControlStats Database::control_stats() const {
  control::ControlStats stats;
  for (std::size_t i = 0; i < base::kEnumCount<PoolRole>; ++i) {
    const auto role = static_cast<PoolRole>(i);
    if (servers_[role].probe) stats.probes[role] = servers_[role].probe->Stats();
    if (servers_[role].canary) stats.canaries[role] = servers_[role].canary->Stats();
  }
  stats.replica = replica_watch_->Stats();
  // A probe that was answered by what is no replica, or one too far behind, has failed too.
  for (std::size_t i = 0; i < base::kEnumCount<routing::Reason>; ++i) {
    const auto reason = static_cast<routing::Reason>(i);
    stats.probes[PoolRole::kRo].failures[reason] += stats.replica.judged_unfit[reason];
  }
  stats.autoscaler = autoscaler_->Stats();
  return stats;
}

}  // namespace scidex::app
