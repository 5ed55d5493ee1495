#include "metrics/catalog.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "metrics/getters.h"

namespace scidex::metrics {
namespace {

using control::AutoscalerMode;
using control::CanaryProof;
using control::CanaryStats;
using control::Enforcement;
using control::ProbeStats;
using control::ScalingReason;
using pool::AcquireOutcome;
using pool::ConnectOutcome;
using pool::EvictReason;
using pool::PoolStats;
using pool::ReadOnlyProof;
using pool::ResizeCause;
using pool::ResizeDirection;
using queries::QueryError;
using queries::QueryStats;
using routing::PoolRole;
using routing::Reason;
using routing::Route;
using routing::RouteStats;
using enum Part;
using enum Type;

// The values of E, beginning at kFirst.
template <typename E, E kFirst = E{}>
constexpr Dimension By(std::string_view label) {
  return {label, base::EnumNames<E>::kNames, static_cast<std::size_t>(kFirst)};
}

constexpr std::array<std::string_view, 3> kStates{"connecting", "idle", "in_use"};

constexpr Dimension kPool = By<PoolRole>("pool");
constexpr Dimension kState{"state", kStates};
constexpr Dimension kHow = By<ReadOnlyProof, ReadOnlyProof::kReported>("how");
// The reasons of failed probes.
constexpr Dimension kFailure = By<Reason, Reason::kNameNotResolved>("reason");
constexpr Dimension kCode{"code", {}, 0, [](const Snapshot& s) {
                            std::vector<std::string> codes;
                            for (const auto& [code, count] : s.exporter.http_requests)
                              codes.push_back(std::to_string(code));
                            return codes;
                          }};
constexpr Dimension kQuery{"query", {}, 0, [](const Snapshot& s) {
                             std::vector<std::string> names;
                             for (const queries::QueryStats& query : s.queries)
                               names.push_back(query.options->name);
                             return names;
                           }};
constexpr Dimension kCollector{"collector", {}, 0, [](const Snapshot& s) {
                                 std::vector<std::string> names;
                                 for (const auto& [name, count] : s.exposition.collector_errors)
                                   names.push_back(name);
                                 return names;
                               }};

template <std::string BuildInfo::*kMember>
constexpr Dimension BuildFact(std::string_view label) {
  return {label, {}, 0, [](const Snapshot& s) {
            return std::vector<std::string>{s.exporter.build.*kMember};
          }};
}

double QueryErrors(const Snapshot& s, const Labels& labels) {
  return ToNumber(QueryOf(s, labels).errors[labels.As<QueryError>(1)]);
}

double Connections(const Snapshot& s, const Labels& labels) {
  const PoolStats& pool = PoolOf(s, labels);
  const std::array<std::size_t, kStates.size()> by_state{pool.connecting, pool.idle, pool.in_use};
  return ToNumber(by_state[labels[1]]);
}

double Resizes(const Snapshot& s, const Labels& labels) {
  return ToNumber(
      PoolOf(s, labels).resizes[labels.As<ResizeDirection>(1)][labels.As<ResizeCause>(2)]);
}

double Transitions(const Snapshot& s, const Labels& labels) {
  return ToNumber(s.pools.route.transitions[labels.As<Route>(0)][labels.As<Route>(1)]);
}

double ProbeFailures(const Snapshot& s, const Labels& labels) {
  return ToNumber(ProbeOf(s, labels).failures[labels.As<Reason>(1)]);
}

double RoutesTo(const Snapshot& s, const Labels&) { return ToNumber(s.pools.ro_routes_to()); }

double RoDsnConfigured(const Snapshot& s, const Labels&) {
  return ToNumber(s.pools.ro_dsn_configured);
}

double RoFallthroughExpected(const Snapshot& s, const Labels&) {
  return ToNumber(s.pools.fallthrough_expected);
}

double QueryInterval(const Snapshot& s, const Labels& labels) {
  return ToNumber(QueryOf(s, labels).options->interval);
}

double MaxLag(const Snapshot& s, const Labels&) { return ToNumber(s.pools.max_lag); }

// NaN if unknown.
template <typename T>
double OrNan(const std::optional<T>& value) {
  return value ? ToNumber(*value) : std::numeric_limits<double>::quiet_NaN();
}

double Lag(const Snapshot& s, const Labels&) { return OrNan(s.control.replica.lag); }

double LagBytes(const Snapshot& s, const Labels&) { return OrNan(s.control.replica.lag_bytes); }

const CanaryStats& CanaryOf(const Snapshot& s, const Labels& labels) {
  return s.control.canaries[labels.As<PoolRole>(0)];
}

double CanarySuccess(const Snapshot& s, const Labels& labels) {
  return OrNan(CanaryOf(s, labels).success);
}

double CanaryProves(const Snapshot& s, const Labels& labels) {
  return ToNumber(CanaryOf(s, labels).proof == labels.As<CanaryProof>(1));
}

double CanaryLastRun(const Snapshot& s, const Labels& labels) {
  return ToNumber(CanaryOf(s, labels).last_run);
}

double IsEnforcedBy(const Snapshot& s, const Labels& labels) {
  return ToNumber(control::EnforcementOf(labels.As<PoolRole>(0), ProbeOf(s, labels)) ==
                  labels.As<Enforcement>(1));
}

double WalReceiverUp(const Snapshot& s, const Labels&) {
  return OrNan(s.control.replica.wal_receiver_up);
}

double ReplicaStale(const Snapshot& s, const Labels&) { return ToNumber(s.control.replica.stale); }

double PrimaryWritable(const Snapshot& s, const Labels&) {
  return OrNan(s.control.probes[PoolRole::kPrimary].writable);
}

double ScalingDecisions(const Snapshot& s, const Labels& labels) {
  const auto& pools = s.control.autoscaler.pools;
  return ToNumber(pools[labels.As<PoolRole>(0)].decisions[labels.As<ScalingReason>(1)]);
}

double Budget(const Snapshot& s, const Labels& labels) {
  return OrNan(s.control.autoscaler.pools[labels.As<PoolRole>(0)].budget);
}

double IsMode(const Snapshot& s, const Labels& labels) {
  return ToNumber(s.control.autoscaler.mode == labels.As<AutoscalerMode>(0));
}

double One(const Snapshot&, const Labels&) { return 1; }

std::vector<std::vector<std::string>> Servers(const Snapshot& s) {
  std::vector<std::vector<std::string>> rows;
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    const auto& address = s.control.probes[role].address;
    if (!address) continue;
    rows.push_back({std::string(base::Name(role)), address->host, address->port, address->dbname});
  }
  return rows;
}

double HttpRequests(const Snapshot& s, const Labels& labels) {
  return ToNumber(s.exporter.http_requests.at(labels[0]).second);
}

double LogMessages(const Snapshot& s, const Labels& labels) {
  return ToNumber(s.exporter.log_messages[labels.As<base::LogLevel>(0)]);
}

double LocalFailures(const Snapshot& s, const Labels& labels) {
  return ToNumber(s.exporter.local_failures[labels.As<base::LocalResource>(0)]);
}

template <std::uint64_t base::TaskCounts::*kField>
double Tasks(const Snapshot& s, const Labels& labels) {
  return ToNumber(s.exporter.tasks[labels.As<base::TaskKind>(0)].*kField);
}

double LastScrape(const Snapshot& s, const Labels&) { return ToNumber(s.exposition.last_scrape); }

double CollectorErrors(const Snapshot& s, const Labels& labels) {
  return ToNumber(s.exposition.collector_errors.at(labels[0]).second);
}

// clang-format off
constexpr Family kFamilies[] = {
    // Names of the system that this exporter replaces: never rename them.
    {kPools, "scidex_pg_pool_ro_size", kGauge, "",
     "Connections of the replica's pool, in every state; 0 if there is no such pool.",
     Of<PoolRole::kRo, &PoolStats::size>},
    {kPools, "scidex_pg_pool_ro_available", kGauge, "",
     "Idle connections of the replica's pool; at 0, the next read waits for a release or a "
     "connect.",
     Of<PoolRole::kRo, &PoolStats::idle>},
    {kPools, "scidex_pg_pool_ro_requests_waiting", kGauge, "",
     "Reads waiting for a connection to the replica; an increase means that the pool is too "
     "small or its leases are held too long.",
     Of<PoolRole::kRo, &PoolStats::waiters>},
    {kPools, "scidex_pg_pool_ro_fallthrough_size", kGauge, "",
     "Connections of the pool that serves reads from the primary, in every state.",
     Of<PoolRole::kRoFallthrough, &PoolStats::size>},
    {kPools, "scidex_pg_pool_ro_fallthrough_available", kGauge, "",
     "Idle connections of the pool that serves reads from the primary.",
     Of<PoolRole::kRoFallthrough, &PoolStats::idle>},
    {kPools, "scidex_pg_pool_ro_routes_to", kGauge, "",
     "Where read-only traffic goes: 1 to the replica, 2 to the primary (fall-through), 3 nowhere "
     "(reads are refused).",
     RoutesTo},
    {kPools, "scidex_pg_pool_size", kGauge, "",
     "Connections of the primary's pool for writers, in every state.",
     Of<PoolRole::kPrimary, &PoolStats::size>},
    {kPools, "scidex_pg_pool_available", kGauge, "",
     "Idle connections of the primary's pool for writers.",
     Of<PoolRole::kPrimary, &PoolStats::idle>},
    {kPools, "scidex_pg_pool_requests_waiting", kGauge, "",
     "Writers waiting for a connection to the primary.",
     Of<PoolRole::kPrimary, &PoolStats::waiters>},
    {kPools, "scidex_pg_pool_ro_fallthrough_requests_waiting", kGauge, "",
     "Reads waiting for a read-only connection to the primary.",
     Of<PoolRole::kRoFallthrough, &PoolStats::waiters>},

    // Each pool.
    {kPools, "scidex_pg_pool_connections", kGauge, "",
     "Connections of a pool by state; the sum over the states is its size.",
     Connections, {kPool, kState}},
    {kPools, "scidex_pg_pool_max_size", kGauge, "",
     "Maximum number of connections in a pool.",
     OfPool<&PoolStats::max_size>, {kPool}},
    {kPools, "scidex_pg_pool_target_size", kGauge, "",
     "Current limit of the number of connections in a pool.",
     OfPool<&PoolStats::target_size>, {kPool}},
    {kPools, "scidex_pg_pool_min_idle", kGauge, "",
     "Minimum number of idle connections that a pool keeps open.",
     OfPool<&PoolStats::min_idle>, {kPool}},
    {kPools, "scidex_pg_pool_waiters", kGauge, "",
     "Acquires waiting for a connection; a lasting increase means that the pool is too small or "
     "its leases are held too long.",
     OfPool<&PoolStats::waiters>, {kPool}},
    {kPools, "scidex_pg_pool_query_waiters", kGauge, "",
     "Waiters that are queries of the exporter itself; the others are acquires of the "
     "application.",
     OfPool<&PoolStats::client_waiters>, {kPool}},
    {kPools, "scidex_pg_pool_max_waiters", kGauge, "",
     "Maximum number of waiting acquires; the next one fails with outcome queue_full.",
     OfPool<&PoolStats::max_waiters>, {kPool}},
    {kPools, "scidex_pg_pool_oldest_waiter_seconds", kGauge, "seconds",
     "How long the oldest waiter has waited; if it is close to the acquire timeout, acquires are "
     "about to fail.",
     OfPool<&PoolStats::oldest_waiter>, {kPool}},
    {kPools, "scidex_pg_pool_oldest_lease_seconds", kGauge, "seconds",
     "How long the oldest lease has been held; a steady increase means that a lease is never "
     "released.",
     OfPool<&PoolStats::oldest_lease>, {kPool}},
    {kPools, "scidex_pg_pool_leak_after_seconds", kGauge, "seconds",
     "The age from which a lease counts as leaked; 0 if leases never do.",
     OfPool<&PoolStats::leak_after>, {kPool}},
    {kPools, "scidex_pg_pool_retired_leases", kGauge, "",
     "Active leases of pools that were replaced by a reload or a new password; the other gauges "
     "of the pool do not include their connections.",
     OfPool<&PoolStats::retired_leases>, {kPool}},
    {kPools, "scidex_pg_pool_handoff_after_seconds", kGauge, "seconds",
     "How long a waiter may be overtaken before the next released connection is handed over to "
     "it. With handoff_after auto, it increases when handing over costs much of a connection's "
     "time: leases are short, or threads wake slowly.",
     OfPool<&PoolStats::handoff_after>, {kPool}},
    {kPools, "scidex_pg_pool_acquire_timeout_seconds", kGauge, "seconds",
     "Timeout of an acquire, unless its caller sets another.",
     OfPool<&PoolStats::acquire_timeout>, {kPool}},
    {kPools, "scidex_pg_pool_acquires_total", kCounter, "",
     "Finished acquires, by outcome; all except immediate and waited failed.",
     OfPoolBy<&PoolStats::acquires, AcquireOutcome>, {kPool, By<AcquireOutcome>("outcome")}},
    {kPools, "scidex_pg_pool_acquire_wait_seconds", kHistogram, "seconds",
     "Time from acquire to lease, including failed acquires; the rate of its sum is the mean "
     "number of waiters.",
     HistogramOfPool<&PoolStats::acquire_wait>, {kPool}},
    {kPools, "scidex_pg_pool_use_seconds", kHistogram, "seconds",
     "Time that leases were held; an increase means slower queries or more work per lease.",
     HistogramOfPool<&PoolStats::use>, {kPool}},
    {kPools, "scidex_pg_pool_connect_seconds", kHistogram, "seconds",
     "Duration of connects, including failed ones; an increase points to the network, name "
     "resolution or a busy server.",
     HistogramOfPool<&PoolStats::connect>, {kPool}},
    {kPools, "scidex_pg_pool_connects_total", kCounter, "",
     "Connects by outcome; all except ok failed, and the outcome is the reason.",
     OfPoolBy<&PoolStats::connects, ConnectOutcome>, {kPool, By<ConnectOutcome>("outcome")}},
    {kPools, "scidex_pg_pool_evictions_total", kCounter, "",
     "Connections closed on purpose, by reason; many with reason dead mean that something "
     "between the exporter and the server drops them.",
     OfPoolBy<&PoolStats::evictions, EvictReason>, {kPool, By<EvictReason>("reason")}},
    {kPools, "scidex_pg_pool_leases_leaked_total", kCounter, "",
     "Leases held longer than leak_after; the log has the call site of each.",
     OfPool<&PoolStats::leases_leaked>, {kPool}},
    {kPools, "scidex_pg_pool_resizes_total", kCounter, "",
     "Changes of the target size, by direction and cause.",
     Resizes, {kPool, By<ResizeDirection>("direction"), By<ResizeCause>("cause")}},
    {kPools, "scidex_pg_pool_read_only_proofs_total", kCounter, "",
     "Read leases by how their session was verified to be read-only: reported by the server, set "
     "again, or by transaction.",
     OfPoolBy<&PoolStats::read_only_proofs, ReadOnlyProof>, {kPool, kHow}},
    {kPools, "scidex_pg_pool_read_only_violations_total", kCounter, "",
     "Writes through a read lease that the server refused; the log has the call site of each.",
     OfPool<&PoolStats::read_only_violations>, {kPool}},
    {kPools, "scidex_pg_pool_read_only_tampered_total", kCounter, "",
     "Read leases whose borrower switched read-only off, or could have done so and written "
     "without a command tag that reveals it; the log has the borrower of each.",
     OfPool<&PoolStats::read_only_tampered>, {kPool}},
    {kPools, "scidex_pg_pool_read_only_writes_total", kCounter, "",
     "Write statements that succeeded through a read lease, because its borrower had switched "
     "read-only off or because read-only does not prevent them, such as VACUUM; the log has the "
     "borrower of each.",
     OfPool<&PoolStats::read_only_writes>, {kPool}},
    {kPools, "scidex_pg_pool_read_only_unproven_total", kCounter, "",
     "Sessions refused because they could not be verified to be read-only; an increase often "
     "means a pooler in front of the server.",
     OfPool<&PoolStats::read_only_unproven>, {kPool}},
    {kPools, "scidex_pg_pool_read_only_enforcement", kGauge, "",
     "1 for what prevents the read sessions of a pool from writing: a session setting, or, "
     "behind a pooler, the transaction in which each is lent, which a borrower can end.",
     IsEnforcedBy, {kPool, By<Enforcement>("mode")}},
    {kPools, "scidex_pg_pool_read_only_canary_success", kGauge, "",
     "1 if the latest attempt to write through a read lease was refused as read-only, 0 if not; "
     "NaN before the first attempt and where sessions may write.",
     CanarySuccess, {kPool}},
    {kPools, "scidex_pg_pool_read_only_canary_proof", kGauge, "",
     "1 for what the latest refused canary has proven: that the setting works, or that the "
     "server was in recovery and forwards no writes, so that no session can write.",
     CanaryProves, {kPool, By<CanaryProof>("of")}},
    {kPools, "scidex_pg_pool_read_only_canary_last_run_timestamp_seconds", kGauge, "seconds",
     "When a write was last attempted through a read lease, in Unix time; 0 if never.",
     CanaryLastRun, {kPool}},

    // The route.
    {kPools, "scidex_pg_pool_ro_route", kGauge, "",
     "1 for the current route of reads, 0 for the others.",
     IsInForce<&RouteStats::route, Route>, {By<Route>("route")}},
    {kPools, "scidex_pg_pool_ro_route_reason", kGauge, "",
     "1 for the reason of the current route, 0 for the others; ok is the reason of route "
     "replica.",
     IsInForce<&RouteStats::reason, Reason>, {By<Reason>("reason")}},
    {kPools, "scidex_pg_pool_ro_route_transitions_total", kCounter, "",
     "Changes of the route; many in a short time mean that the replica is at the edge of its "
     "limits.",
     Transitions, {By<Route>("from"), By<Route>("to")}, true},
    {kPools, "scidex_pg_pool_ro_route_seconds_total", kCounter, "seconds",
     "Total time that each route was in force; its rate is the share of time.",
     OfRouteBy<&RouteStats::in_force>, {By<Route>("route")}},
    {kPools, "scidex_pg_pool_ro_route_last_transition_timestamp_seconds", kGauge, "seconds",
     "When the route last changed, in Unix time; 0 if it never did.",
     OfRoute<&RouteStats::last_transition>},
    {kPools, "scidex_pg_pool_ro_dsn_configured", kGauge, "",
     "1 if a replica is configured, 0 if not.",
     RoDsnConfigured},
    {kPools, "scidex_pg_pool_ro_fallthrough_expected", kGauge, "",
     "1 if read_only.fallthrough_expected says that reads are meant to go to the primary.",
     RoFallthroughExpected},
    {kPools, "scidex_pg_pool_ro_acquires_total", kCounter, "",
     "Read leases by the route that served them.",
     OfRouteBy<&RouteStats::acquires>, {By<Route>("route")}},

    // Servers and probes.
    {kPools, "scidex_pg_pool_backend_up", kGauge, "",
     "1 if the server of a pool answered its latest probe, 0 if not or if there is no such pool.",
     OfProbe<&ProbeStats::up>, {kPool}},
    {kPools, "scidex_pg_pool_backend_in_recovery", kGauge, "",
     "1 if the server of a pool was in recovery when it last answered, as a replica is; 0 for ro "
     "means a promoted or wrong server.",
     OfProbe<&ProbeStats::in_recovery>, {kPool}},
    {kPools, "scidex_pg_pool_backend_behind_pooler", kGauge, "",
     "1 if a pooler was in front of the server of a pool when it last answered; read-only is "
     "then enforced by transaction, which is weaker.",
     OfProbe<&ProbeStats::behind_pooler>, {kPool}},
    {kPools, "scidex_pg_pool_primary_writable", kGauge, "",
     "1 if the primary, when it last answered, was not in recovery and had "
     "default_transaction_read_only off; 0 if writes fail there; NaN if unknown.",
     PrimaryWritable},
    {kPools, "scidex_pg_pool_replica_lag_seconds", kGauge, "seconds",
     "How long the primary has had a transaction that the replica has not replayed; NaN if "
     "unknown.",
     Lag},
    {kPools, "scidex_pg_pool_replica_lag_bytes", kGauge, "bytes",
     "Bytes of the primary's WAL that the replica has not replayed; NaN if unknown.",
     LagBytes},
    {kPools, "scidex_pg_pool_replica_max_lag_seconds", kGauge, "seconds",
     "The lag above which the replica is stale, and loses the route unless on_lag is serve_stale, "
     "until the lag has fallen to half of it; 0 if any lag is accepted.",
     MaxLag},
    {kPools, "scidex_pg_pool_replica_stale", kGauge, "",
     "1 if the replica's lag has exceeded the maximum and has not yet fallen to half of it, whether "
     "or not it serves reads.",
     ReplicaStale},
    {kPools, "scidex_pg_pool_replica_wal_receiver_up", kGauge, "",
     "1 if the replica streams WAL from its primary, 0 if not: its lag will increase as soon as "
     "the primary writes. NaN if the replica does not answer or does not report it.",
     WalReceiverUp},
    {kPools, "scidex_pg_pool_probe_last_run_timestamp_seconds", kGauge, "seconds",
     "When the server of a pool was last probed, in Unix time; 0 if never. If it does not "
     "change, the exporter cannot run probes.",
     OfProbe<&ProbeStats::last_run>, {kPool}},
    {kPools, "scidex_pg_pool_probe_last_success_timestamp_seconds", kGauge, "seconds",
     "When the server of a pool last answered a probe, in Unix time; 0 if never.",
     OfProbe<&ProbeStats::last_success>, {kPool}},
    {kPools, "scidex_pg_pool_probe_duration_seconds", kGauge, "seconds",
     "Duration of the latest probe of a pool's server, answered or not.",
     OfProbe<&ProbeStats::duration>, {kPool}},
    {kPools, "scidex_pg_pool_probe_interval_seconds", kGauge, "seconds",
     "Interval between probes of a pool's server; 0 if there is no such pool.",
     OfProbe<&ProbeStats::interval>, {kPool}},
    {kPools, "scidex_pg_pool_probe_timeout_seconds", kGauge, "seconds",
     "Timeout of a probe of a pool's server, including its connect; 0 if there is no such pool.",
     OfProbe<&ProbeStats::timeout>, {kPool}},
    {kPools, "scidex_pg_pool_probes_total", kCounter, "",
     "Finished probes of a pool's server, including failed ones.",
     OfProbe<&ProbeStats::probes>, {kPool}},
    {kPools, "scidex_pg_pool_probe_failures_total", kCounter, "",
     "Failed probes of a pool's server, by reason.",
     ProbeFailures, {kPool, kFailure}},

    {kServers, "scidex_pg_pool_server_info", kGauge, "",
     "Always 1; the labels name the server of a pool's sessions: with several in the DSN, the "
     "one in use; with a pooler, the pooler. Remains while the server is down. Before the first "
     "session, the labels are those of the DSN.",
     One, {kPool, {"host"}, {"port"}, {"dbname"}}, false, Servers},

    // The autoscaler.
    {kPools, "scidex_pg_pool_autoscaler_mode", kGauge, "",
     "1 for the mode of the autoscaler, 0 for the others.",
     IsMode, {By<AutoscalerMode>("mode")}},
    {kPools, "scidex_pg_pool_autoscaler_decisions_total", kCounter, "",
     "Checks of a pool by the autoscaler, by decision; at_max and at_budget mean that the pool "
     "needs more connections than it may have. In mode dry_run, decisions are counted but not "
     "applied.",
     ScalingDecisions, {kPool, By<ScalingReason>("decision")}},
    {kPools, "scidex_pg_pool_autoscaler_budget", kGauge, "",
     "Maximum number of connections of all pools on a pool's server together: the server's limits "
     "minus the connections of other clients and server_reserve; NaN if unknown.",
     Budget, {kPool}},

    // The exporter itself.
    {kExporter, "scidex_pg_exporter_build_info", kGauge, "",
     "Always 1; the labels are the version, revision and compiler of this build.",
     One, {BuildFact<&BuildInfo::version>("version"), BuildFact<&BuildInfo::revision>("revision"),
           BuildFact<&BuildInfo::compiler>("compiler")}},
    {kExporter, "scidex_pg_exporter_config_last_reload_successful", kGauge, "",
     "1 if the configuration was valid when it was last loaded, 0 if it was refused and the "
     "previous one is in force.",
     OfExporter<&ExporterStats::config_last_reload_successful>},
    {kExporter, "scidex_pg_exporter_config_last_reload_success_timestamp_seconds", kGauge,
     "seconds", "When the configuration in force was loaded, in Unix time.",
     OfExporter<&ExporterStats::config_last_reload_success>},
    {kExporter, "scidex_pg_exporter_config_hash", kGauge, "",
     "Hash of the configuration in force, without passwords.",
     OfExporter<&ExporterStats::config_hash>},
    {kExporter, "scidex_pg_exporter_http_requests_total", kCounter, "",
     "HTTP requests answered, by status code.",
     HttpRequests, {kCode}},
    {kExporter, "scidex_pg_exporter_log_messages_total", kCounter, "",
     "Log messages by level, including dropped ones; those below the configured level are not "
     "counted.",
     LogMessages, {By<base::LogLevel>("level")}},
    {kExporter, "scidex_pg_exporter_log_messages_dropped_total", kCounter, "",
     "Log messages that were dropped because standard error did not accept them in time.",
     OfExporter<&ExporterStats::log_messages_dropped>},
    {kExporter, "scidex_pg_exporter_local_failures_total", kCounter, "",
     "Failures of this process for lack of a file descriptor, memory or a thread. Such a failure "
     "is not evidence about a server and never changes the route; an increase means that a limit "
     "of the process or of the machine is too low.",
     LocalFailures, {By<base::LocalResource>("resource")}},
    {kExporter, "scidex_pg_exporter_task_runs_total", kCounter, "",
     "Runs of background tasks, by kind.",
     Tasks<&base::TaskCounts::runs>, {By<base::TaskKind>("task")}},
    {kExporter, "scidex_pg_exporter_task_failures_total", kCounter, "",
     "Runs of background tasks that ended with an internal error of the exporter, by kind; the "
     "task runs again at its next time, and the log has the error.",
     Tasks<&base::TaskCounts::failures>, {By<base::TaskKind>("task")}},

    {kExporter, "scidex_pg_exporter_textfile_written_timestamp_seconds", kGauge, "seconds",
     "When the file for node_exporter's textfile collector was last written, in Unix time; 0 if "
     "never. In the file itself, it shows the age of the file.",
     OfExporter<&ExporterStats::textfile_written>},
    {kExporter, "scidex_pg_exporter_textfile_writes_total", kCounter, "",
     "Attempts to write the file for node_exporter's textfile collector, including failed ones.",
     OfExporter<&ExporterStats::textfile_writes>},
    {kExporter, "scidex_pg_exporter_textfile_write_failures_total", kCounter, "",
     "Failed attempts to write the file for node_exporter's textfile collector; the previous "
     "file stays, and the log has the reason.",
     OfExporter<&ExporterStats::textfile_write_failures>},

    // The names that every Prometheus client has for its process.
    {kProcess, "process_cpu_seconds_total", kCounter, "seconds",
     "User and system CPU time spent by the exporter.",
     OfProcess<&ProcessStats::cpu>},
    {kProcess, "process_open_fds", kGauge, "",
     "Open file descriptors of the exporter.",
     OfProcess<&ProcessStats::open_fds>},
    {kProcess, "process_max_fds", kGauge, "",
     "Maximum number of open file descriptors of the exporter; close to it, connects and scrapes "
     "fail.",
     OfProcess<&ProcessStats::max_fds>},
    {kProcess, "process_virtual_memory_bytes", kGauge, "bytes",
     "Virtual memory of the exporter.",
     OfProcess<&ProcessStats::virtual_memory_bytes>},
    {kProcess, "process_resident_memory_bytes", kGauge, "bytes",
     "Resident memory of the exporter; an endless increase is a leak.",
     OfProcess<&ProcessStats::resident_memory_bytes>},
    {kProcess, "process_threads", kGauge, "",
     "Threads of the exporter.",
     OfProcess<&ProcessStats::threads>},
    {kProcess, "process_start_time_seconds", kGauge, "seconds",
     "When the exporter was started, in Unix time.",
     OfProcess<&ProcessStats::start>},

    // The queries.
    {kQueries, "scidex_pg_query_runs_total", kCounter, "",
     "Finished runs of the query.",
     OfQuery<&QueryStats::runs>, {kQuery}},
    {kQueries, "scidex_pg_query_errors_total", kCounter, "",
     "Failed runs, by reason; write means that the query tried to write.",
     QueryErrors, {kQuery, By<QueryError>("reason")}},
    {kQueries, "scidex_pg_query_missed_runs_total", kCounter, "",
     "Runs that were due but did not begin, because the previous one had not ended or the "
     "exporter was stalled.",
     OfQuery<&QueryStats::missed>, {kQuery}},
    {kQueries, "scidex_pg_query_last_run_timestamp_seconds", kGauge, "seconds",
     "When the latest run ended, in Unix time; 0 if there was none.",
     OfQuery<&QueryStats::last_run>, {kQuery}},
    {kQueries, "scidex_pg_query_last_success_timestamp_seconds", kGauge, "seconds",
     "When the latest successful run ended, in Unix time; 0 if there was none.",
     OfQuery<&QueryStats::last_success>, {kQuery}},
    {kQueries, "scidex_pg_query_duration_seconds", kGauge, "seconds",
     "Duration of the latest run, including its wait for a connection.",
     OfQuery<&QueryStats::duration>, {kQuery}},
    {kQueries, "scidex_pg_query_wait_seconds_total", kCounter, "seconds",
     "Total time that runs have waited for a connection.",
     OfQuery<&QueryStats::waited>, {kQuery}},
    {kQueries, "scidex_pg_query_use_seconds_total", kCounter, "seconds",
     "Total time that runs have held a connection.",
     OfQuery<&QueryStats::used>, {kQuery}},
    {kQueries, "scidex_pg_query_interval_seconds", kGauge, "seconds",
     "Interval between runs of the query.",
     QueryInterval, {kQuery}},
    {kQueries, "scidex_pg_query_rows", kGauge, "",
     "Rows that currently have series.",
     OfQuery<&QueryStats::rows>, {kQuery}},
    {kQueries, "scidex_pg_query_series_dropped_total", kCounter, "",
     "Series that were dropped because of max_series.",
     OfQuery<&QueryStats::dropped_series>, {kQuery}},
    {kQueries, "scidex_pg_query_last_result_series_dropped", kGauge, "",
     "Series of the latest result that were dropped because of max_series.",
     OfQuery<&QueryStats::dropped>, {kQuery}},

    // The exposition itself.
    {kExposition, "scidex_pg_exporter_scrape_duration_seconds", kGauge, "seconds",
     "Time to produce the exposition of the previous scrape; 0 at the first.",
     LastScrape},
    {kExposition, "scidex_pg_exporter_collector_errors_total", kCounter, "",
     "Scrapes that lack the metrics of a collector because it failed; the log has the reason.",
     CollectorErrors, {kCollector}},
};
// clang-format on

}  // namespace

std::vector<std::string> Dimension::Values(const Snapshot& snapshot) const {
  if (given != nullptr) return given(snapshot);
  return {names.begin() + static_cast<std::ptrdiff_t>(first), names.end()};
}

std::span<const Dimension> Family::Dimensions() const {
  const auto end = std::find_if(dimensions.begin(), dimensions.end(),
                                [](const Dimension& dimension) { return dimension.label.empty(); });
  return {dimensions.begin(), end};
}

std::span<const Family> Catalog() { return kFamilies; }

}  // namespace scidex::metrics
