#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/mutex.h"
#include "control/probe_stats.h"
#include "database/change.h"
#include "database/database.h"
#include "postgres/dsn.h"

namespace scidex::database {

using base::MutexLock;
using routing::PoolRole;

Database::Required Database::RequiredParts(const DatabaseOptions& options) {
  Required required;
  const auto want = [&](PoolRole role, pool::PoolOptions pool) {
    pool.autoscaled = options.autoscaler.mode == control::AutoscalerMode::kOn;
    required.pools[role] = pool;
  };
  required.servers[ServerRole::kPrimary] = options.primary;
  required.servers[ServerRole::kReplica] = options.replica;
  if (options.primary) want(PoolRole::kPrimary, options.primary_pool);
  if (options.replica) want(PoolRole::kRo, options.ro_pool);
  const routing::Servers servers{options.primary.has_value(), options.replica.has_value()};
  const bool falls_through = routing::WithoutReplica(servers, options.routing.fallthrough) ==
                             routing::Route::kPrimaryFallthrough;
  const bool is_queried =
      std::any_of(options.queries.begin(), options.queries.end(),
                  [](const auto& query) { return query.from == queries::QueryFrom::kPrimary; });
  if (falls_through || (is_queried && options.primary)) {
    want(PoolRole::kRoFallthrough, options.ro_fallthrough_pool);
  }
  return required;
}

void Database::Reconfigure(const DatabaseOptions& options) {
  const MutexLock changing(changing_);
  Change change = Prepare(options);
  Apply(change);
}

Database::Change Database::Prepare(const DatabaseOptions& options) {
  if (options.connects_per_server != options_.connects_per_server) {
    throw std::invalid_argument("connects_per_server cannot change while the process runs");
  }
  Change change;
  change.options = options;
  change.before = RequiredParts(options_);
  change.required = RequiredParts(options);
  change.old = PartsNow();
  change.next = change.old;
  change.same_probes =
      options.probe == options_.probe && WantsConnections(options) == WantsConnections(options_);
  for (const ServerRole role : base::kEnumValues<ServerRole>) {
    const auto& before = change.before.servers[role];
    const auto& after = change.required.servers[role];
    change.moved[role] = before.has_value() != after.has_value() ||
                         (after && !postgres::LeadToSameServer(before->dsn, after->dsn));
  }
  PreparePools(change);
  bool same_pools = true;
  SameServers same_but_login;
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    same_pools = same_pools && change.IsSame(role);
    const auto& before = change.before.servers[ServerOf(role)];
    const auto& after = change.required.servers[ServerOf(role)];
    same_but_login[role] = change.old.units[role].pool && before && after &&
                           postgres::DifferInLoginAlone(before->dsn, after->dsn);
  }
  if (!same_pools || options.autoscaler != options_.autoscaler) {
    change.autoscaler = MakeAutoscaler(options.autoscaler, change.old, change.next, same_but_login);
  }
  if (options.pool_logger != options_.pool_logger)
    change.pool_logger = MakePoolLogger(options.pool_logger);
  change.routes = router_->Prepare(PoolsOf(change.next.units), RoutingOf(options),
                                   !change.IsSameServer(ServerRole::kReplica));
  change.queries = queries_->Prepare(Scheduled(options));
  return change;
}

void Database::PreparePools(Change& change) {
  Parts& next = change.next;
  for (const ServerRole role : base::kEnumValues<ServerRole>) {
    if (change.IsSame(role)) continue;
    const Server* const same = change.IsSameServer(role) ? change.old.servers[role].get() : nullptr;
    next.servers[role] =
        change.required.servers[role] ? MakeServer(role, change.required, same) : nullptr;
  }
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    PoolUnit& unit = next.units[role];
    const std::optional<pool::PoolOptions>& required = change.required.pools[role];
    const bool same = change.IsSame(role);
    if (!same) unit = {};
    if (!same && required) unit.pool = next.servers[ServerOf(role)]->MakePool(role, *required);
    if (unit.pool && !(same && change.same_probes))
      unit.canary = MakeCanary(role, change.options.probe, *unit.pool);
  }
  for (const ServerRole role : base::kEnumValues<ServerRole>) {
    const std::shared_ptr<Server>& server = next.servers[role];
    if (!server) continue;
    if (change.IsSame(role) && change.same_probes) {
      change.pools[role] = PoolsOn(role, next.units);
    } else {
      change.probing[role] = MakeProbing(role, *server, change.options, next.units);
    }
  }
}

void Database::Apply(Change& change) noexcept {
  std::swap(options_, change.options);
  // From here on, no probe reports on a server that is no longer configured.
  StopOld(change);
  for (const ServerRole role : base::kEnumValues<ServerRole>) ReplaceProbing(role, change);
  RetainCountersOfRemoved(change);
  const bool new_primary = !change.IsSameServer(ServerRole::kPrimary);
  if (new_primary) primary_in_recovery_ = primary_read_only_ = false;
  const std::shared_ptr<control::Autoscaler> autoscaler = AutoscalerNow();
  if (change.autoscaler) {
    autoscaler->Stop();
    change.autoscaler->Inherit(*autoscaler);
    change.autoscaler->SizeNewPools();
  }
  replica_watch_->Reconfigure(RoutingOf(options_), options_.primary.has_value(),
                              change.moved[ServerRole::kPrimary],
                              change.moved[ServerRole::kReplica]);
  const std::optional<routing::RouteChange> route = router_->Apply(change.routes);
  bool logging = false;
  {
    const MutexLock lock(mutex_);
    parts_ = change.next;
    if (change.autoscaler) autoscaler_ = change.autoscaler;
    // The previous one is destroyed with `change`, without the lock.
    if (change.pool_logger) std::swap(pool_logger_, change.pool_logger);
    logging = logging_;
  }
  if (change.autoscaler) change.autoscaler->Start();
  if (route) OnRouteChange(change.old.units, *route);
  ChangeBackoffs(change);
  if (logging) start_pool_logger();
  StartNew(change);
  queries_->Apply(*change.queries);
  change.old = {};
  std::erase_if(gates_, [](const auto& gate) { return gate.second.use_count() == 1; });
}

void Database::StopOld(const Change& change) noexcept {
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    const std::shared_ptr<control::Canary>& old = change.old.units[role].canary;
    const std::shared_ptr<control::Canary>& next = change.next.units[role].canary;
    if (!old || old == next) continue;
    old->Stop();
    // Its findings apply only to the same server.
    if (next && change.IsSame(ServerOf(role))) next->Inherit(old->Stats());
  }
  for (const ServerRole role : base::kEnumValues<ServerRole>) {
    const std::shared_ptr<Server>& old = change.old.servers[role];
    const bool stays = change.IsSame(role) && change.same_probes;
    if (old && !stays) old->Stop();
  }
}

// Counters continue; findings apply only to the same server.
void Database::ReplaceProbing(ServerRole role, Change& change) noexcept {
  const std::shared_ptr<Server>& server = change.next.servers[role];
  if (!server) return;
  if (!change.probing[role]) {
    server->SetPools(change.pools[role]);
    return;
  }
  control::ProbeStats before;
  if (change.old.servers[role]) {
    before = change.old.servers[role]->Stats();
  } else {
    const MutexLock lock(mutex_);
    before = removed_probes_[MainPoolOf(role)];
  }
  if (!change.IsSameServer(role)) before = control::CountsOf(before);
  server->Replace(change.probing[role], before);
}

void Database::RetainCountersOfRemoved(const Change& change) noexcept {
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (!change.old.units[role].pool || change.next.units[role].pool) continue;
    const control::ProbeStats probed = change.old.servers[ServerOf(role)]->Stats();
    const MutexLock lock(mutex_);
    removed_probes_[role] = control::CountsOf(probed);
  }
}

void Database::StartNew(const Change& change) noexcept {
  for (const auto& server : change.next.servers) {
    if (server) server->Start();
  }
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    const std::shared_ptr<control::Canary>& canary = change.next.units[role].canary;
    if (canary && canary != change.old.units[role].canary) canary->Start();
  }
}

// If pools share a gate, the options of `primary` take precedence, then those of `ro`.
void Database::ChangeBackoffs(const Change& change) noexcept {
  for (const PoolRole role : {PoolRole::kRoFallthrough, PoolRole::kRo, PoolRole::kPrimary}) {
    if (!change.next.units[role].pool) continue;
    change.next.servers[ServerOf(role)]->gate()->ChangeBackoff(change.required.pools[role]->backoff,
                                                               runtime_->scheduler.clock().Now());
  }
}

}  // namespace scidex::database
