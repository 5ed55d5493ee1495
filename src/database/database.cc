#include "database/database.h"

#include <algorithm>
#include <exception>
#include <random>
#include <utility>

#include "base/log.h"
#include "database/change.h"

namespace scidex::database {

using base::MutexLock;
using routing::PoolRole;

Database::Database(const DatabaseOptions& options, std::shared_ptr<Runtime> runtime)
    : runtime_(std::move(runtime)), options_(options) {
  const MutexLock changing(changing_);
  const Required required = RequiredParts(options);
  Parts parts;
  for (const ServerRole role : base::kEnumValues<ServerRole>) {
    if (required.servers[role]) parts.servers[role] = MakeServer(role, required, nullptr);
  }
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (!required.pools[role]) continue;
    PoolUnit& unit = parts.units[role];
    unit.pool = parts.servers[ServerOf(role)]->MakePool(role, *required.pools[role]);
    unit.canary = MakeCanary(role, options.probe, *unit.pool);
  }
  for (const ServerRole role : base::kEnumValues<ServerRole>) {
    Server* const server = parts.servers[role].get();
    if (server != nullptr) server->Replace(MakeProbing(role, *server, options, parts.units), {});
  }
  base::Clock& clock = runtime_->scheduler.clock();
  router_ = std::make_unique<routing::Router>(PoolsOf(parts.units), RoutingOf(options), clock);
  replica_watch_ = std::make_unique<control::ReplicaWatch>(
      RoutingOf(options), options.primary.has_value(), clock,
      [this](routing::Reason verdict, base::TimePoint probed_at) {
        OnReplicaVerdict(verdict, probed_at);
      });
  queries_ = std::make_unique<queries::QueryRunner>(
      Scheduled(options),
      [this](const queries::QueryOptions& asked, base::TimePoint deadline,
             const std::stop_token& stop) { return AcquireForQuery(asked, deadline, stop); },
      rows_, runtime_->scheduler);
  auto autoscaler = MakeAutoscaler(options.autoscaler, {}, parts, {});
  auto pool_logger = MakePoolLogger(options.pool_logger);
  // Nothing below can fail.
  {
    const MutexLock lock(mutex_);
    parts_ = parts;
    autoscaler_ = std::move(autoscaler);
    pool_logger_ = std::move(pool_logger);
  }
  AutoscalerNow()->SizeNewPools();
  AutoscalerNow()->Start();
  for (const auto& server : parts.servers) {
    if (server) server->Start();
  }
  for (const PoolUnit& unit : parts.units) {
    if (unit.canary) unit.canary->Start();
  }
}

Database::~Database() {
  if (!fork_check_.Forked()) {
    Stop();
    return;
  }
  // Destroying any of these would close sockets that the parent uses, take locks that threads of
  // the parent held, or wait for these threads.
  struct Inherited {
    std::shared_ptr<Runtime> runtime;
    Parts parts;
    std::shared_ptr<control::Autoscaler> autoscaler;
    std::shared_ptr<control::PoolLogger> pool_logger;
  };
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory)
  new Inherited{runtime_, std::move(parts_), std::move(autoscaler_), std::move(pool_logger_)};
  static_cast<void>(queries_.release());
  static_cast<void>(router_.release());
  static_cast<void>(replica_watch_.release());
}

void Database::Stop() {
  std::shared_ptr<control::PoolLogger> pool_logger;
  {
    const MutexLock lock(mutex_);
    pool_logger.swap(pool_logger_);
  }
  pool_logger.reset();
  queries_->Stop();
  AutoscalerNow()->Stop();
  router_->Close();
  const Parts parts = PartsNow();
  for (const PoolUnit& unit : parts.units) {
    if (unit.canary) unit.canary->Stop();
  }
  for (const auto& server : parts.servers) {
    if (server) server->Stop();
  }
  for (const PoolUnit& unit : parts.units) {
    if (unit.pool) unit.pool->Close();
  }
}

std::vector<queries::QueryOptions> Database::Scheduled(const DatabaseOptions& options) {
  return options.schedule_queries ? options.queries : std::vector<queries::QueryOptions>();
}

pool::Lease Database::AcquireForQuery(const queries::QueryOptions& query, base::TimePoint deadline,
                                      const std::stop_token& stop) {
  const pool::AcquireOptions options{deadline, stop,
                                     std::make_shared<const std::string>(query.name)};
  if (query.from == queries::QueryFrom::kRoute) return AcquireRead(options);
  return router_->AcquireFallthrough(options);
}

queries::QueryTrial Database::TryQuery(const queries::QueryOptions& query,
                                       base::Duration acquire_within) {
  return queries::TryQuery(
      query,
      [this](const queries::QueryOptions& asked, base::TimePoint deadline,
             const std::stop_token& stop) { return AcquireForQuery(asked, deadline, stop); },
      rows_, runtime_->scheduler.clock(), acquire_within);
}

routing::RoutingOptions Database::RoutingOf(const DatabaseOptions& options) {
  routing::RoutingOptions routing = options.routing;
  routing.good_probe_distance = options.probe.interval;
  routing.primary_known_within = options.probe.timeout;
  return routing;
}

routing::Router::Pools Database::PoolsOf(const PoolUnits& units) {
  routing::Router::Pools pools;
  for (const PoolRole role : base::kEnumValues<PoolRole>) pools[role] = units[role].pool;
  return pools;
}

std::shared_ptr<const Server::Pools> Database::PoolsOn(ServerRole server, const PoolUnits& units) {
  auto pools = std::make_shared<Server::Pools>();
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (units[role].pool && ServerOf(role) == server) pools->push_back(units[role].pool);
  }
  return pools;
}

Database::Parts Database::PartsNow() const {
  const MutexLock lock(mutex_);
  return parts_;
}

std::shared_ptr<control::Autoscaler> Database::AutoscalerNow() const {
  const MutexLock lock(mutex_);
  return autoscaler_;
}

std::shared_ptr<Server> Database::MakeServer(ServerRole role, const Required& required,
                                             const Server* before) {
  const postgres::SessionOptions& session = *required.servers[role];
  std::shared_ptr<pool::ConnectGate>& gate = gates_[session.dsn.Reveal()];
  if (!gate) {
    gate = std::make_shared<pool::ConnectGate>(
        pool::ConnectGateOptions{required.pools[MainPoolOf(role)]->backoff,
                                 options_.connects_per_server},
        std::random_device{}());
  }
  return std::make_shared<Server>(
      role, session, gate, *runtime_, [this] { OnAuthFailed(); }, before);
}

// Only the autoscaler needs a server's limits.
bool WantsConnections(const DatabaseOptions& options) {
  return options.autoscaler.mode != control::AutoscalerMode::kOff;
}

std::shared_ptr<Server::Probing> Database::MakeProbing(ServerRole role, Server& server,
                                                       const DatabaseOptions& options,
                                                       const PoolUnits& units) {
  return server.MakeProbing(
      options.probe, WantsConnections(options), PoolsOn(role, units),
      [this, role](const control::ProbeResult& result) { OnProbe(role, result); });
}

std::shared_ptr<control::Canary> Database::MakeCanary(PoolRole role,
                                                      const control::ProbeOptions& options,
                                                      pool::Pool& pool) {
  if (role == PoolRole::kPrimary) return nullptr;
  return std::make_shared<control::Canary>(options, pool, canary_writer_, runtime_->scheduler);
}

std::shared_ptr<control::PoolLogger> Database::MakePoolLogger(
    const control::PoolLoggerOptions& options) {
  return std::make_shared<control::PoolLogger>(options, runtime_->scheduler,
                                               [this] { return pool_stats(); });
}

std::shared_ptr<control::Autoscaler> Database::MakeAutoscaler(
    const control::AutoscalerOptions& options, const Parts& before, const Parts& next,
    const SameServers& same_server) {
  control::OfPools<std::optional<control::Autoscaler::ScaledPool>> pools;
  std::vector<const pool::ConnectGate*> gates;
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    const std::shared_ptr<pool::Pool>& pool = next.units[role].pool;
    if (!pool) continue;
    // Servers with the same DSN share a gate and count as one.
    const pool::ConnectGate* const gate = next.servers[ServerOf(role)]->gate().get();
    const auto known = std::find(gates.begin(), gates.end(), gate);
    const auto number = static_cast<std::size_t>(known - gates.begin());
    if (known == gates.end()) gates.push_back(gate);
    const std::shared_ptr<pool::Pool>& old = before.units[role].pool;
    const bool is_new = pool != old;
    pools[role] = {pool, number, is_new, is_new ? old : nullptr, same_server[role]};
  }
  return std::make_shared<control::Autoscaler>(options, pools, runtime_->scheduler);
}

// The pool that takes over the reads can serve immediately what its predecessor could.
void Database::OnRouteChange(const PoolUnits& before, const routing::RouteChange& change) noexcept {
  if (!change.from || !change.to || !before[*change.from].pool) return;
  AutoscalerNow()->TakeOver(*change.to, before[*change.from].pool->target_size());
}

void Database::OnReplicaVerdict(routing::Reason verdict, base::TimePoint probed_at) {
  const auto change = router_->OnReplicaVerdict(verdict, probed_at);
  if (change) OnRouteChange(PartsNow().units, *change);
  if (!routing::IsWrongServer(verdict)) return;
  // The name may lead elsewhere by now, but an open session stays where it is.
  const std::shared_ptr<Server> replica = PartsNow().servers[ServerRole::kReplica];
  if (replica) replica->Reconnect();
}

// A primary in recovery was demoted, or its name leads to a replica: no session there can write.
// The name may lead elsewhere by now, but open sessions stay where they are.
void Database::OnPrimaryAnswer(const routing::ServerFacts& facts) {
  const Parts parts = PartsNow();
  const std::shared_ptr<Server>& primary = parts.servers[ServerRole::kPrimary];
  if (facts.in_recovery && primary) primary->Reconnect();
  const std::shared_ptr<pool::Pool>& pool = parts.units[PoolRole::kPrimary].pool;
  // Sessions opened meanwhile still refuse writes if the setting was one of the role or the
  // database.
  if (AcceptsWritesAgain(facts) && pool) pool->Drain();
  if (facts.in_recovery == primary_in_recovery_) return;
  primary_in_recovery_ = facts.in_recovery;
  const routing::ServerAddress server = facts.address.value_or(routing::ServerAddress{});
  if (facts.in_recovery) {
    base::LogWarn(
        "the primary is in recovery and accepts no writes; replacing its sessions",
        {{"host", server.host},
         {"port", server.port},
         {"advice", "find out which server accepts writes, and point primary.dsn at it"}});
  } else {
    base::LogInfo("the primary is no longer in recovery; replacing its sessions",
                  {{"host", server.host}, {"port", server.port}});
  }
  for (const PoolRole role : {PoolRole::kPrimary, PoolRole::kRoFallthrough}) {
    if (parts.units[role].pool) parts.units[role].pool->Drain();
  }
}

// A standby has no default that matters: it never accepts writes.
bool Database::AcceptsWritesAgain(const routing::ServerFacts& facts) {
  if (facts.in_recovery || !facts.read_only_by_default) return false;
  if (*facts.read_only_by_default == primary_read_only_) return false;
  primary_read_only_ = *facts.read_only_by_default;
  const routing::ServerAddress server = facts.address.value_or(routing::ServerAddress{});
  if (primary_read_only_) {
    base::LogWarn("the primary refuses writes: default_transaction_read_only is on",
                  {{"host", server.host},
                   {"port", server.port},
                   {"advice",
                    "find out who set it, for the server, the role or the database; some providers "
                    "do when the disk is nearly full"}});
  } else {
    base::LogInfo("the primary no longer refuses writes; replacing its sessions",
                  {{"host", server.host}, {"port", server.port}});
  }
  return !primary_read_only_;
}

void Database::OnProbe(ServerRole role, const control::ProbeResult& result) {
  AutoscalerNow()->OnProbe(MainPoolOf(role), result);
  if (role == ServerRole::kReplica) {
    replica_watch_->OnReplicaProbe(result);
    return;
  }
  if (result.reason == routing::Reason::kOk) OnPrimaryAnswer(result.facts);
  replica_watch_->OnPrimaryProbe(result);
}

void Database::OnAuthFailed() noexcept {
  try {
    const MutexLock calling(calling_);
    if (on_auth_failed_) on_auth_failed_();
  } catch (const std::exception& error) {
    base::LogFailure("handling a refused login failed", error);
  } catch (...) {
    base::LogError("handling a refused login failed: an exception of unknown type");
  }
}

void Database::SetOnAuthFailed(std::function<void()> call) {
  const MutexLock calling(calling_);
  on_auth_failed_ = std::move(call);
}

bool Database::start_pool_logger() {
  const MutexLock lock(mutex_);
  logging_ = true;
  return pool_logger_->Start();
}

DatabaseStats Database::stats() const {
  DatabaseStats stats;
  stats.pools = pool_stats();
  control::ControlStats& control = stats.control;
  Parts parts;
  {
    const MutexLock lock(mutex_);
    parts = parts_;
    control.probes = removed_probes_;
  }
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    const PoolUnit& unit = parts.units[role];
    if (unit.pool) control.probes[role] = parts.servers[ServerOf(role)]->Stats();
    if (unit.canary) control.canaries[role] = unit.canary->Stats();
  }
  control.replica = replica_watch_->Stats();
  // A probe also failed if the answer came from a server that is not a replica, or lags too much.
  for (const routing::Reason reason : base::kEnumValues<routing::Reason>) {
    control.probes[PoolRole::kRo].failures[reason] += control.replica.judged_unfit[reason];
  }
  control.autoscaler = AutoscalerNow()->Stats();
  stats.queries = queries_->Stats();
  return stats;
}

}  // namespace scidex::database
