#include "app/database.h"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "app/watched_connector.h"
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

namespace {

// Of what is asked for: the same server.
template <typename Wanted>
bool SameServer(const std::optional<Wanted>& a, const std::optional<Wanted>& b) {
  return a.has_value() == b.has_value() && (!a || a->session == b->session);
}

}  // namespace

Database::Database(const DatabaseOptions& options, base::Clock& clock)
    : clock_(clock),
      on_auth_failed_(options.on_auth_failed),
      watchdog_(clock),
      connectors_("connector", options.connector_threads),
      resolver_(std::make_shared<postgres::Resolver>()),
      hangups_(std::make_shared<base::HangupWatch>()),
      options_(options) {
  const MutexLock changing(changing_);
  const AllWanted wanted = WantedOf(options);
  Servers servers;
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (wanted[role]) servers[role] = MakeServer(role, *wanted[role]);
  }
  router_ = std::make_unique<routing::Router>(PoolsOf(servers), options.routing, clock_);
  replica_watch_ = std::make_unique<control::ReplicaWatch>(
      options.routing, options.primary.has_value(), clock_,
      [this](routing::Reason verdict) { OnReplicaVerdict(verdict); });
  {
    const MutexLock lock(mutex_);
    servers_ = servers;
  }
  ReplacePoolLogger();
  ReplaceAutoscaler({});
  try {
    for (const PoolRole role : base::kEnumValues<PoolRole>) StartProbe(role, false);
    queries_ = std::make_unique<control::QueryRunner>(
        options.queries,
        [this](control::QueryFrom from, base::TimePoint deadline, const std::stop_token& stop) {
          if (from == control::QueryFrom::kRoute) return AcquireRead({deadline, stop});
          return router_->AcquireFallthrough({deadline, stop});
        },
        rows_, clock_);
  } catch (...) {
    Stop();
    throw;
  }
}

Database::~Database() { Stop(); }

void Database::Stop() {
  {
    const MutexLock lock(mutex_);
    pool_logger_.reset();
  }
  queries_.reset();
  AutoscalerNow()->Stop();
  router_->Close();
  const Servers servers = ServersNow();
  for (const PoolRole role : {PoolRole::kRoFallthrough, PoolRole::kRo, PoolRole::kPrimary}) {
    if (!servers[role].pool) continue;
    StopProbe(servers[role]);
    servers[role].pool->Close();
  }
}

Database::AllWanted Database::WantedOf(const DatabaseOptions& options) {
  AllWanted wanted;
  const auto want = [&](PoolRole role, postgres::SessionOptions session, pool::PoolOptions pool) {
    session.read_only = role != PoolRole::kPrimary;
    session.of_replica = role == PoolRole::kRo;
    pool.autoscaled = options.autoscaler.mode == control::AutoscalerMode::kOn;
    wanted[role] = {std::move(session), pool};
  };
  if (options.primary) want(PoolRole::kPrimary, *options.primary, options.primary_pool);
  if (options.replica) want(PoolRole::kRo, *options.replica, options.ro_pool);
  const routing::Servers servers{options.primary.has_value(), options.replica.has_value()};
  const bool falls_through = routing::WithoutReplica(servers, options.routing.fallthrough) ==
                             routing::Route::kPrimaryFallthrough;
  const bool is_queried =
      std::any_of(options.queries.begin(), options.queries.end(),
                  [](const auto& query) { return query.from == control::QueryFrom::kPrimary; });
  if (falls_through || (is_queried && options.primary)) {
    want(PoolRole::kRoFallthrough, *options.primary, options.ro_fallthrough_pool);
  }
  return wanted;
}

routing::Router::Pools Database::PoolsOf(const Servers& servers) {
  routing::Router::Pools pools;
  for (const PoolRole role : base::kEnumValues<PoolRole>) pools[role] = servers[role].pool;
  return pools;
}

Database::Servers Database::ServersNow() const {
  const MutexLock lock(mutex_);
  return servers_;
}

std::shared_ptr<control::Autoscaler> Database::AutoscalerNow() const {
  const MutexLock lock(mutex_);
  return autoscaler_;
}

void Database::Reconfigure(const DatabaseOptions& options) {
  const MutexLock changing(changing_);
  if (options.connector_threads != options_.connector_threads) {
    throw std::invalid_argument("connector_threads cannot change while the process runs");
  }
  const AllWanted before = WantedOf(options_);
  const AllWanted wanted = WantedOf(options);
  const Servers old = ServersNow();
  Servers next = old;
  bool same_pools = true;
  // What can fail comes first.
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (wanted[role] == before[role]) continue;
    same_pools = false;
    next[role] = wanted[role] ? MakeServer(role, *wanted[role]) : Server{};
  }
  const bool same_probes = options.probe == options_.probe;
  const bool same_autoscaler = same_pools && options.autoscaler == options_.autoscaler;
  const bool same_pool_logger = options.pool_logger == options_.pool_logger;
  const bool new_primary = !SameServer(before[PoolRole::kPrimary], wanted[PoolRole::kPrimary]);
  const bool new_replica = !SameServer(before[PoolRole::kRo], wanted[PoolRole::kRo]);
  options_ = options;
  // No probe speaks of a server that is no longer asked for. What it has counted is shown until the
  // next one goes on from it.
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (!old[role].pool || (same_probes && next[role].pool == old[role].pool)) continue;
    StopProbe(old[role]);
    if (!next[role].pool) continue;
    next[role].probe = old[role].probe;
    next[role].canary = old[role].canary;
  }
  if (new_primary) primary_in_recovery_ = false;
  if (!same_autoscaler) AutoscalerNow()->Stop();
  replica_watch_->Reconfigure(options.routing, options.primary.has_value(), new_primary,
                              new_replica);
  router_->Reconfigure(PoolsOf(next), options.routing, new_replica);
  {
    const MutexLock lock(mutex_);
    servers_ = next;
  }
  if (!same_autoscaler) ReplaceAutoscaler(old);
  if (!same_pool_logger) ReplacePoolLogger();
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (same_probes && next[role].pool == old[role].pool) continue;
    StartProbe(role, SameServer(before[role], wanted[role]));
  }
  queries_->Reconfigure(options.queries);
  std::erase_if(gates_, [](const auto& gate) { return gate.second.use_count() == 1; });
}

void Database::OnReplicaVerdict(routing::Reason verdict) {
  router_->OnReplicaVerdict(verdict);
  if (!routing::IsMisled(verdict)) return;
  // The name may lead elsewhere by now, but a session stays where it is.
  const Server ro = ServersNow()[PoolRole::kRo];
  if (ro.handle) ro.handle->Reconnect();
}

// A primary in recovery was demoted, or its name leads to a replica: nobody can write there. Where
// the name leads to may have changed; sessions stay where they were opened.
void Database::OnPrimaryAnswer(const control::ServerFacts& facts) {
  const Servers servers = ServersNow();
  if (facts.in_recovery && servers[PoolRole::kPrimary].handle) {
    servers[PoolRole::kPrimary].handle->Reconnect();
  }
  if (facts.in_recovery == primary_in_recovery_) return;
  primary_in_recovery_ = facts.in_recovery;
  if (facts.in_recovery) {
    base::LogWarn("the primary is in recovery and takes no writes; its sessions are replaced");
  } else {
    base::LogInfo("the primary is no longer in recovery; its sessions are replaced");
  }
  for (const PoolRole role : {PoolRole::kPrimary, PoolRole::kRoFallthrough}) {
    if (servers[role].pool) servers[role].pool->Drain();
  }
}

Database::Server Database::MakeServer(PoolRole role, const Wanted& wanted) {
  const std::string name(base::Name(role));
  Server server;
  try {
    server.connector = std::make_shared<WatchedConnector>(
        std::make_shared<postgres::SessionConnector>(name, wanted.session, resolver_, hangups_),
        on_auth_failed_);
  } catch (const postgres::DsnError& error) {
    throw postgres::DsnError((role == PoolRole::kRo ? "replica.dsn: " : "primary.dsn: ") +
                             std::string(error.what()));
  }
  server.handle = std::make_shared<ProbeHandle>();
  std::shared_ptr<pool::ConnectGate>& gate = gates_[wanted.session.dsn.Reveal()];
  if (!gate) {
    gate = std::make_shared<pool::ConnectGate>(wanted.pool.backoff, std::random_device{}());
  }
  server.gate = gate;
  server.pool = std::make_shared<pool::Pool>(
      name, wanted.pool,
      pool::Pool::Dependencies{server.connector, connectors_, clock_,
                               [handle = server.handle] { handle->Trigger(); }, gate});
  return server;
}

// What was counted goes on; what was found is of the same server alone.
void Database::StartProbe(PoolRole role, bool same_server) {
  const Server server = ServersNow()[role];
  if (!server.pool) return;
  control::ProbeStats probed;
  control::CanaryStats tried;
  if (server.probe && same_server) {
    probed = server.probe->Stats();
  } else if (server.probe) {
    probed.failures = server.probe->Stats().failures;
  }
  if (server.canary && same_server) tried = server.canary->Stats();
  auto probe = std::make_shared<control::Probe>(
      options_.probe, *server.pool, server.connector, inspector_, clock_,
      [this, role](const control::ProbeResult& result) { OnProbe(role, result); }, probed);
  std::shared_ptr<control::Canary> canary;
  if (role != PoolRole::kPrimary) {
    canary =
        std::make_shared<control::Canary>(options_.probe, *server.pool, inspector_, clock_, tried);
  }
  server.handle->Aim(probe.get());
  const MutexLock lock(mutex_);
  servers_[role].probe = std::move(probe);
  servers_[role].canary = std::move(canary);
}

void Database::StopProbe(const Server& server) {
  server.handle->Aim(nullptr);
  if (server.canary) server.canary->Stop();
  if (server.probe) server.probe->Stop();
}

void Database::OnProbe(PoolRole role, const control::ProbeResult& result) {
  AutoscalerNow()->OnProbe(role, result);
  if (role == PoolRole::kPrimary) {
    if (result.reason == routing::Reason::kOk) OnPrimaryAnswer(result.facts);
    replica_watch_->OnPrimaryProbe(result);
  } else if (role == PoolRole::kRo) {
    replica_watch_->OnReplicaProbe(result);
  }
}

void Database::ReplacePoolLogger() {
  auto logger = std::make_unique<control::PoolLogger>(options_.pool_logger, clock_,
                                                      [this] { return pool_stats(); });
  const MutexLock lock(mutex_);
  std::swap(pool_logger_, logger);
  if (logging_) pool_logger_->Start();
}

bool Database::start_pool_logger() {
  const MutexLock lock(mutex_);
  logging_ = true;
  return pool_logger_->Start();
}

void Database::ReplaceAutoscaler(const Servers& before) {
  const std::shared_ptr<control::Autoscaler> old = AutoscalerNow();
  auto autoscaler = MakeAutoscaler(before, old ? old->Stats() : control::AutoscalerStats{});
  const MutexLock lock(mutex_);
  autoscaler_ = std::move(autoscaler);
}

std::shared_ptr<control::Autoscaler> Database::MakeAutoscaler(
    const Servers& before, const control::AutoscalerStats& stats) {
  control::OfPools<std::optional<control::Autoscaler::ScaledPool>> pools;
  std::vector<const pool::ConnectGate*> gates;
  const Servers servers = ServersNow();
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    const Server& server = servers[role];
    if (!server.pool) continue;
    // The pools of one DSN have one gate.
    const auto known = std::find(gates.begin(), gates.end(), server.gate.get());
    const auto number = static_cast<std::size_t>(known - gates.begin());
    if (known == gates.end()) gates.push_back(server.gate.get());
    pools[role] = {server.pool, number, server.pool != before[role].pool};
  }
  return std::make_shared<control::Autoscaler>(options_.autoscaler, pools, clock_, stats);
}

control::ControlStats Database::control_stats() const {
  control::ControlStats stats;
  const Servers servers = ServersNow();
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (servers[role].probe) stats.probes[role] = servers[role].probe->Stats();
    if (servers[role].canary) stats.canaries[role] = servers[role].canary->Stats();
  }
  stats.replica = replica_watch_->Stats();
  // A probe that was answered by what is no replica, or one too far behind, has failed too.
  for (const routing::Reason reason : base::kEnumValues<routing::Reason>) {
    stats.probes[PoolRole::kRo].failures[reason] += stats.replica.judged_unfit[reason];
  }
  stats.autoscaler = AutoscalerNow()->Stats();
  if (queries_) stats.queries = queries_->Stats();
  return stats;
}

}  // namespace scidex::app
