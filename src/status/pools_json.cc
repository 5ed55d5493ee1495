#include "status/pools_json.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/call_site.h"
#include "base/enum.h"
#include "status/json.h"
#include "status/page_content.h"
#include "status/text.h"

namespace scidex::status {
namespace {

using base::EnumArray;
using base::Seconds;
using base::WallTime;
using routing::PoolRole;

Json ToJson(std::uint64_t value) { return value; }
Json ToJson(base::Duration value) { return Seconds(value); }
template <typename E, typename T>
Json ToJson(const EnumArray<E, T>& values, E first = E{}) {
  Json json = Json::Object();
  for (const E key : base::kEnumValues<E>) {
    if (key >= first) json.Add(base::Name(key), ToJson(values[key]));
  }
  return json;
}

Json ToJson(bool value) { return value; }
template <typename E>
  requires std::is_enum_v<E>
Json ToJson(E value) {
  return base::Name(value);
}
Json ToJson(const routing::ServerAddress& address) {
  return {{"host", address.host}, {"port", address.port}, {"dbname", address.dbname}};
}
template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? ToJson(*value) : Json();
}

template <typename Range>
Json Texts(const Range& texts) {
  Json json = Json::Array();
  for (const std::string& text : texts) json.Append(text);
  return json;
}

Json TimeOrNull(WallTime time) { return time == WallTime{} ? Json() : Json(IsoTime(time)); }

Json ToJson(const pool::Histogram& histogram) {
  return {{"count", histogram.total()}, {"sum_seconds", Seconds(histogram.sum())}};
}

Json Leases(const pool::PoolStats& stats) {
  Json json = Json::Array();
  for (const pool::LeaseInfo& lease : stats.oldest_leases) {
    json.Append({{"borrower", base::ToString(lease.borrower)},
                 {"client", lease.client.empty() ? Json() : Json(lease.client)},
                 {"backend_pid", lease.backend_pid == 0 ? Json() : Json(lease.backend_pid)},
                 {"age_seconds", Seconds(lease.age)}});
  }
  return json;
}

Json LastConnectError(const pool::PoolStats& stats) {
  if (stats.last_connect_outcome == pool::ConnectOutcome::kOk) return Json();
  return {{"outcome", base::Name(stats.last_connect_outcome)},
          {"message", stats.last_connect_message}};
}

Json ReadOnly(const pool::PoolStats& stats) {
  return {{"proofs", ToJson(stats.read_only_proofs, pool::ReadOnlyProof::kReported)},
          {"violations", stats.read_only_violations},
          {"tampered", stats.read_only_tampered},
          {"writes", stats.read_only_writes},
          {"unproven", stats.read_only_unproven}};
}

Json ToJson(const pool::PoolStats& stats) {
  return {{"size", stats.size},
          {"connecting", stats.connecting},
          {"idle", stats.idle},
          {"in_use", stats.in_use},
          {"max_size", stats.max_size},
          {"target_size", stats.target_size},
          {"min_idle", stats.min_idle},
          {"waiters", stats.waiters},
          {"max_waiters", stats.max_waiters},
          {"oldest_waiter_seconds", Seconds(stats.oldest_waiter)},
          {"oldest_lease_seconds", Seconds(stats.oldest_lease())},
          {"acquire_timeout_seconds", Seconds(stats.acquire_timeout)},
          {"requests", stats.requests},
          {"acquires", ToJson(stats.acquires)},
          {"connects", ToJson(stats.connects)},
          {"evictions", ToJson(stats.evictions)},
          {"resizes", ToJson(stats.resizes)},
          {"leases_leaked", stats.leases_leaked},
          {"retired_leases", stats.retired_leases},
          {"read_only", ReadOnly(stats)},
          {"acquire_wait", ToJson(stats.acquire_wait)},
          {"use", ToJson(stats.use)},
          {"connect", ToJson(stats.connect)},
          {"oldest_leases", Leases(stats)},
          {"last_connect_error", LastConnectError(stats)}};
}

Json ToJson(const control::CanaryStats& stats) {
  return {{"success", OrNull(stats.success)},
          {"proof_of", OrNull(stats.proof)},
          {"last_run", TimeOrNull(stats.last_run)}};
}

Json ToJson(PoolRole role, const control::ControlStats& control) {
  const control::ProbeStats& stats = control.probes[role];
  return {{"up", stats.up},
          {"in_recovery", stats.in_recovery},
          {"writable", OrNull(stats.writable)},
          {"behind_pooler", stats.behind_pooler},
          {"server", stats.address ? ToJson(*stats.address) : Json()},
          {"read_only_enforcement", OrNull(control::EnforcementOf(role, stats))},
          {"read_only_canary", ToJson(control.canaries[role])},
          {"reason", base::Name(stats.last_reason)},
          {"last_run", TimeOrNull(stats.last_run)},
          {"last_success", TimeOrNull(stats.last_success)},
          {"duration_seconds", Seconds(stats.duration)},
          {"probes", stats.probes},
          {"failures", ToJson(stats.failures, routing::Reason::kNameNotResolved)}};
}

Json ToJson(const control::AutoscalerStats& stats) {
  Json pools = Json::Object();
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    const control::ScalingStats& pool = stats.pools[role];
    Json json;
    if (pool.latest) {
      json = {{"decision", base::Name(pool.latest->reason)},
              {"target_size", pool.latest->target_size},
              {"budget", OrNull(pool.budget)}};
    }
    pools.Add(base::Name(role), json);
  }
  return {{"mode", base::Name(stats.mode)}, {"pools", pools}};
}

Json ToJson(const queries::QueryStats& stats) {
  Json latest_error;
  if (stats.latest_error) {
    latest_error = {{"reason", base::Name(*stats.latest_error)}, {"message", stats.latest_message}};
  }
  return {{"name", stats.options->name},
          {"from", base::Name(stats.options->from)},
          {"interval_seconds", Seconds(stats.options->interval)},
          {"timeout_seconds", Seconds(stats.options->timeout)},
          {"activity", base::Name(stats.activity)},
          {"runs", stats.runs},
          {"missed_runs", stats.missed},
          {"errors", ToJson(stats.errors)},
          {"latest_error", latest_error},
          {"last_run", TimeOrNull(stats.last_run)},
          {"last_success", TimeOrNull(stats.last_success)},
          {"duration_seconds", Seconds(stats.duration)},
          {"wait_seconds", Seconds(stats.waited)},
          {"use_seconds", Seconds(stats.used)},
          {"rows", stats.rows},
          {"series_dropped", stats.dropped_series}};
}

Json Queries(const queries::QueriesStats& stats) {
  Json json = Json::Array();
  for (const queries::QueryStats& query : stats) json.Append(ToJson(query));
  return json;
}

Json TransitionsJson(const routing::RouteStats& stats) {
  Json json = Json::Array();
  for (const routing::Transition& transition : stats.recent) {
    json.Append({{"from", base::Name(transition.from)},
                 {"to", base::Name(transition.to)},
                 {"reason", base::Name(transition.reason)},
                 {"at", IsoTime(transition.at)}});
  }
  return json;
}

Json ToJson(const PageContent& content) {
  Json rows = Json::Object();
  for (const auto& [table, of_table] : content.rows) {
    Json json = Json::Array();
    for (const PageRow& row : of_table)
      json.Append({{"cells", Texts(row.cells)}, {"alarm", row.alarm}});
    rows.Add(table, json);
  }
  Json texts = Json::Object();
  for (const auto& [id, text] : content.texts) texts.Add(id, text);
  return {{"title", content.title},
          {"state", content.state},
          {"texts", texts},
          {"alarms", Texts(content.alarms)},
          {"rows", rows}};
}

}  // namespace

std::string PoolsJson(const database::DatabaseStats& stats, WallTime now) {
  const control::ControlStats& control = stats.control;
  const routing::RouteStats& route = stats.pools.route;
  Json pools = Json::Object();
  Json probes = Json::Object();
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    const std::string name(base::Name(role));
    pools.Add(name, stats.pools.pools[role] ? ToJson(*stats.pools.pools[role]) : Json());
    probes.Add(name, stats.pools.pools[role] ? ToJson(role, control) : Json());
  }
  const Json json{{"at", IsoTime(now)},
                  {"ro_dsn_configured", stats.pools.ro_dsn_configured},
                  {"ro_routes_to", stats.pools.ro_routes_to()},
                  {"route", base::Name(route.route)},
                  {"reason", base::Name(route.reason)},
                  {"decided", route.decided},
                  {"since", IsoTime(now - route.current_in_force)},
                  {"route_seconds", ToJson(route.in_force)},
                  {"read_acquires", ToJson(route.acquires)},
                  {"transitions", TransitionsJson(route)},
                  {"pools", pools},
                  {"probes", probes},
                  {"replica",
                   {{"lag_seconds", OrNull(control.replica.lag)},
                    {"lag_bytes", OrNull(control.replica.lag_bytes)},
                    {"max_lag_seconds", Seconds(stats.pools.max_lag)},
                    {"stale", control.replica.stale},
                    {"wal_receiver_up", OrNull(control.replica.wal_receiver_up)}}},
                  {"autoscaler", ToJson(control.autoscaler)},
                  {"queries", Queries(stats.queries)},
                  {"page", ToJson(ContentOf(stats, now))}};
  return json.Text() + '\n';
}

}  // namespace scidex::status
