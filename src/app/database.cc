#include "app/database.h"

#include <algorithm>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "app/watched_connector.h"
#include "base/log.h"
#include "base/mutex.h"
#include "control/probe.h"
#include "postgres/dsn.h"
#include "postgres/judged_connector.h"
#include "postgres/server_address.h"

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

// Limits of a server are of use to the autoscaler alone.
bool WantsConnections(const DatabaseOptions& options) {
  return options.autoscaler.mode != control::AutoscalerMode::kOff;
}

// The same server; the login may differ.
template <typename Wanted>
bool SameServerButLogin(const std::optional<Wanted>& a, const std::optional<Wanted>& b) {
  return a && b && postgres::DifferInLoginAlone(a->session.dsn, b->session.dsn);
}

}  // namespace

// What is changed by Apply(), which cannot fail.
struct Database::Change {
  DatabaseOptions options;
  AllWanted before;
  AllWanted wanted;
  Servers old;
  Servers next;
  bool same_probes = false;
  bool new_primary = false;
  bool new_replica = false;
  // Null where they stay as they are.
  std::shared_ptr<control::Autoscaler> autoscaler;
  std::shared_ptr<control::PoolLogger> pool_logger;
  std::shared_ptr<routing::Router::Plan> routes;
  std::shared_ptr<control::QueryRunner::Change> queries;

  bool ProbeStays(PoolRole role) const { return same_probes && next[role].pool == old[role].pool; }
};

Database::Database(const DatabaseOptions& options, std::shared_ptr<Runtime> runtime)
    : runtime_(std::move(runtime)), options_(options) {
  const MutexLock changing(changing_);
  const AllWanted wanted = WantedOf(options);
  Servers servers;
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (!wanted[role]) continue;
    servers[role] = MakeServer(role, *wanted[role]);
    AddProbe(role, options, servers[role]);
  }
  base::Clock& clock = runtime_->scheduler.clock();
  router_ = std::make_unique<routing::Router>(PoolsOf(servers), RoutingOf(options), clock);
  replica_watch_ = std::make_unique<control::ReplicaWatch>(
      options.routing, options.primary.has_value(), clock,
      [this](routing::Reason verdict, base::TimePoint probed_at) {
        OnReplicaVerdict(verdict, probed_at);
      });
  queries_ = std::make_unique<control::QueryRunner>(
      Scheduled(options),
      [this](control::QueryFrom from, base::TimePoint deadline, const std::stop_token& stop) {
        return AcquireForQuery(from, deadline, stop);
      },
      rows_, runtime_->scheduler);
  auto autoscaler = MakeAutoscaler(options.autoscaler, {}, servers, {});
  auto pool_logger = MakePoolLogger(options.pool_logger);
  // Nothing below can fail.
  {
    const MutexLock lock(mutex_);
    servers_ = servers;
    autoscaler_ = std::move(autoscaler);
    pool_logger_ = std::move(pool_logger);
  }
  AutoscalerNow()->SizeNewPools();
  AutoscalerNow()->Start();
  for (const Server& server : servers) StartProbe(server);
}

Database::~Database() { Stop(); }

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
  const Servers servers = ServersNow();
  for (const PoolRole role : {PoolRole::kRoFallthrough, PoolRole::kRo, PoolRole::kPrimary}) {
    if (!servers[role].pool) continue;
    StopProbe(servers[role]);
    servers[role].pool->Close();
  }
}

std::vector<control::QueryOptions> Database::Scheduled(const DatabaseOptions& options) {
  return options.schedule_queries ? options.queries : std::vector<control::QueryOptions>();
}

pool::Lease Database::AcquireForQuery(control::QueryFrom from, base::TimePoint deadline,
                                      const std::stop_token& stop) {
  if (from == control::QueryFrom::kRoute) return AcquireRead({deadline, stop});
  return router_->AcquireFallthrough({deadline, stop});
}

control::QueryTrial Database::Try(const control::QueryOptions& query,
                                  base::Duration acquire_within) {
  return control::TryQuery(
      query,
      [this](control::QueryFrom from, base::TimePoint deadline, const std::stop_token& stop) {
        return AcquireForQuery(from, deadline, stop);
      },
      rows_, runtime_->scheduler.clock(), acquire_within);
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

routing::RoutingOptions Database::RoutingOf(const DatabaseOptions& options) {
  routing::RoutingOptions routing = options.routing;
  routing.good_probe_distance = options.probe.interval;
  return routing;
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
  Change change = Prepare(options);
  Apply(change);
}

Database::Change Database::Prepare(const DatabaseOptions& options) {
  if (options.connects_per_server != options_.connects_per_server) {
    throw std::invalid_argument("connects_per_server cannot change while the process runs");
  }
  Change change;
  change.options = options;
  change.before = WantedOf(options_);
  change.wanted = WantedOf(options);
  change.old = ServersNow();
  change.next = change.old;
  change.same_probes =
      options.probe == options_.probe && WantsConnections(options) == WantsConnections(options_);
  const auto same_server = [&](PoolRole role) {
    return SameServer(change.before[role], change.wanted[role]);
  };
  change.new_primary = !same_server(PoolRole::kPrimary);
  change.new_replica = !same_server(PoolRole::kRo);
  bool same_pools = true;
  SameServers same_but_login;
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    const bool same_pool = change.wanted[role] == change.before[role];
    same_pools = same_pools && same_pool;
    if (!same_pool) {
      change.next[role] = change.wanted[role] ? MakeServer(role, *change.wanted[role]) : Server{};
    }
    same_but_login[role] = SameServerButLogin(change.before[role], change.wanted[role]);
    if (change.next[role].pool && !change.ProbeStays(role)) {
      AddProbe(role, options, change.next[role]);
    }
  }
  if (!same_pools || options.autoscaler != options_.autoscaler)
    change.autoscaler = MakeAutoscaler(options.autoscaler, change.old, change.next, same_but_login);
  if (options.pool_logger != options_.pool_logger)
    change.pool_logger = MakePoolLogger(options.pool_logger);
  change.routes = router_->Prepare(PoolsOf(change.next), RoutingOf(options), change.new_replica);
  change.queries = queries_->Prepare(Scheduled(options));
  return change;
}

void Database::Apply(Change& change) noexcept {
  std::swap(options_, change.options);
  // No probe speaks of a server that is no longer asked for.
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (change.ProbeStays(role)) continue;
    if (change.old[role].pool) StopProbe(change.old[role]);
    InheritProbe(role, change.next[role], change.old[role],
                 SameServer(change.before[role], change.wanted[role]));
  }
  if (change.new_primary) primary_in_recovery_ = false;
  const std::shared_ptr<control::Autoscaler> autoscaler = AutoscalerNow();
  if (change.autoscaler) {
    autoscaler->Stop();
    change.autoscaler->Inherit(autoscaler->Stats());
    change.autoscaler->SizeNewPools();
  }
  replica_watch_->Reconfigure(options_.routing, options_.primary.has_value(), change.new_primary,
                              change.new_replica);
  const std::optional<routing::RouteChange> route = router_->Apply(change.routes);
  bool logging = false;
  {
    const MutexLock lock(mutex_);
    servers_ = change.next;
    if (change.autoscaler) autoscaler_ = change.autoscaler;
    // The one before is destroyed with `change`, without the lock.
    if (change.pool_logger) std::swap(pool_logger_, change.pool_logger);
    logging = logging_;
  }
  if (change.autoscaler) change.autoscaler->Start();
  if (route) OnRouteChange(change.old, *route);
  ChangeBackoffs(change);
  if (logging) start_pool_logger();
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (!change.ProbeStays(role)) StartProbe(change.next[role]);
  }
  queries_->Apply(*change.queries);
  change.old = {};
  std::erase_if(gates_, [](const auto& gate) { return gate.second.use_count() == 1; });
  std::erase_if(events_, [](const auto& events) { return events.second.use_count() == 1; });
}

// Pools that share a gate go by the options of the first of them.
void Database::ChangeBackoffs(const Change& change) noexcept {
  for (const PoolRole role : {PoolRole::kRoFallthrough, PoolRole::kRo, PoolRole::kPrimary}) {
    if (!change.next[role].gate) continue;
    change.next[role].gate->ChangeBackoff(change.wanted[role]->pool.backoff,
                                          runtime_->scheduler.clock().Now());
  }
}

// What the pool that has lost the reads could serve at once, the one that has them now can.
void Database::OnRouteChange(const Servers& before, const routing::RouteChange& change) noexcept {
  if (!change.from || !change.to || !before[*change.from].pool) return;
  AutoscalerNow()->TakeOver(*change.to, before[*change.from].pool->target_size());
}

void Database::OnReplicaVerdict(routing::Reason verdict, base::TimePoint probed_at) {
  const auto change = router_->OnReplicaVerdict(verdict, probed_at);
  if (change) OnRouteChange(ServersNow(), *change);
  if (!routing::IsMisled(verdict)) return;
  // The name may lead elsewhere by now, but a session stays where it is.
  const Server ro = ServersNow()[PoolRole::kRo];
  if (ro.handle) ro.handle->Reconnect();
}

// A primary in recovery was demoted, or its name leads to a replica: nobody can write there. Where
// the name leads to may have changed; sessions stay where they were opened.
void Database::OnPrimaryAnswer(const routing::ServerFacts& facts) {
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
        name,
        std::make_shared<postgres::SessionConnector>(name, wanted.session, runtime_->resolver,
                                                     runtime_->hangups),
        [this] { OnAuthFailed(); });
  } catch (const postgres::DsnError& error) {
    throw postgres::DsnError((role == PoolRole::kRo ? "replica.dsn: " : "primary.dsn: ") +
                             std::string(error.what()));
  }
  server.expected = postgres::ExpectedAddress(postgres::Dsn::Parse(wanted.session.dsn));
  server.handle = std::make_shared<ProbeHandle>();
  std::shared_ptr<pool::ConnectGate>& gate = gates_[wanted.session.dsn.Reveal()];
  if (!gate) {
    gate = std::make_shared<pool::ConnectGate>(
        pool::ConnectGateOptions{wanted.pool.backoff, options_.connects_per_server},
        std::random_device{}());
  }
  server.gate = gate;
  std::shared_ptr<control::ServerEvents>& events = events_[wanted.session.dsn.Reveal()];
  if (!events) events = std::make_shared<control::ServerEvents>(runtime_->scheduler.clock());
  server.events = events;
  server.judged = std::make_shared<postgres::JudgedServer>();
  server.pool = std::make_shared<pool::Pool>(
      name, wanted.pool,
      pool::Pool::Dependencies{
          std::make_shared<postgres::JudgedConnector>(server.connector, server.judged),
          runtime_->scheduler, runtime_->scheduler.clock(),
          [handle = server.handle] { handle->Trigger(); }, gate});
  return server;
}

void Database::AddProbe(PoolRole role, const DatabaseOptions& options, Server& server) {
  base::Clock& clock = runtime_->scheduler.clock();
  server.facts = std::make_shared<postgres::FactsReader>(
      postgres::FactsOptions{.name = server.pool->name(),
                             .connections = WantsConnections(options),
                             .judged = server.judged,
                             .lag_query = role == PoolRole::kRo ? options.probe.lag_query : "",
                             .expected = server.expected},
      clock);
  server.probe = std::make_shared<control::Probe>(
      options.probe, *server.pool, server.connector, *server.facts, runtime_->scheduler,
      [this, role](const control::ProbeResult& result) { OnProbe(role, result); }, server.events);
  server.canary = role == PoolRole::kPrimary
                      ? nullptr
                      : std::make_shared<control::Canary>(options.probe, *server.pool, inspector_,
                                                          runtime_->scheduler);
}

// What was counted goes on; what was found is of the same server alone.
void Database::InheritProbe(PoolRole role, const Server& server, const Server& before,
                            bool same_server) noexcept {
  control::ProbeStats probed;
  control::CanaryStats tried;
  if (before.probe) probed = before.probe->Stats();
  {
    const MutexLock lock(mutex_);
    if (!before.probe) probed = gone_probes_[role];
    gone_probes_[role] = control::CountsOf(probed);
  }
  if (!server.pool) return;
  if (!same_server) probed = control::CountsOf(probed);
  if (before.canary && same_server) tried = before.canary->Stats();
  server.probe->Inherit(probed);
  if (server.canary) server.canary->Inherit(tried);
}

void Database::StartProbe(const Server& server) noexcept {
  if (!server.pool) return;
  server.handle->Aim(server.probe.get());
  server.probe->Start();
  if (server.canary) server.canary->Start();
}

void Database::StopProbe(const Server& server) noexcept {
  server.handle->Aim(nullptr);
  if (server.canary) server.canary->Stop();
  if (server.probe) server.probe->Stop();
}

void Database::OnAuthFailed() noexcept {
  try {
    const MutexLock calling(calling_);
    if (on_auth_failed_) on_auth_failed_();
  } catch (const std::exception& error) {
    base::LogFailure("a refused login was not handled", error);
  }
}

void Database::SetOnAuthFailed(std::function<void()> call) {
  const MutexLock calling(calling_);
  on_auth_failed_ = std::move(call);
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

std::shared_ptr<control::PoolLogger> Database::MakePoolLogger(
    const control::PoolLoggerOptions& options) {
  return std::make_shared<control::PoolLogger>(options, runtime_->scheduler,
                                               [this] { return pool_stats(); });
}

bool Database::start_pool_logger() {
  const MutexLock lock(mutex_);
  logging_ = true;
  return pool_logger_->Start();
}

std::shared_ptr<control::Autoscaler> Database::MakeAutoscaler(
    const control::AutoscalerOptions& options, const Servers& before, const Servers& servers,
    const SameServers& same_server) {
  control::OfPools<std::optional<control::Autoscaler::ScaledPool>> pools;
  std::vector<const pool::ConnectGate*> gates;
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    const Server& server = servers[role];
    if (!server.pool) continue;
    // The pools of one DSN have one gate.
    const auto known = std::find(gates.begin(), gates.end(), server.gate.get());
    const auto number = static_cast<std::size_t>(known - gates.begin());
    if (known == gates.end()) gates.push_back(server.gate.get());
    const bool is_new = server.pool != before[role].pool;
    pools[role] = {server.pool, number, is_new, is_new ? before[role].pool : nullptr,
                   same_server[role]};
  }
  return std::make_shared<control::Autoscaler>(options, pools, runtime_->scheduler);
}

control::ControlStats Database::control_stats() const {
  control::ControlStats stats;
  Servers servers;
  {
    const MutexLock lock(mutex_);
    servers = servers_;
    for (const PoolRole role : base::kEnumValues<PoolRole>) stats.probes[role] = gone_probes_[role];
  }
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
  stats.queries = queries_->Stats();
  return stats;
}

}  // namespace scidex::app
