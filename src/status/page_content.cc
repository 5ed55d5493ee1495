#include "status/page_content.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <utility>

#include "base/call_site.h"
#include "base/enum.h"
#include "routing/advice.h"
#include "status/text.h"
#include "status/wording.h"

namespace scidex::status {
namespace {

using base::Name;
using base::WallTime;
using pool::AcquireOutcome;
using pool::PoolStats;
using routing::PoolRole;
using Rows = std::vector<PageRow>;

void AddRoute(const routing::RouteStats& route, const control::ReplicaStats& replica, WallTime now,
              PageContent& content) {
  content.state = route.decided ? Name(route.route) : "undecided";
  content.texts["headline"] =
      route.decided ? Headline(route.route) : "Reads wait for the first verdict";
  content.texts["explanation"] = Explanation(route.reason, replica);
  content.texts["route"] = Name(route.route);
  content.texts["reason"] = Name(route.reason);
  content.texts["since"] = TimeText(now - route.current_in_force);
  content.texts["in-force"] = DurationText(route.current_in_force);
}

std::string ServerText(const control::ProbeStats& probe) {
  if (probe.up) return probe.in_recovery ? "answers, in recovery" : "answers";
  if (probe.last_run == WallTime{}) return "not probed yet";
  return Joined({routing::OutageOf(probe.last_reason), ": ", Name(probe.last_reason)});
}

// "db1:5432/shop"; an IPv6 address is in brackets.
std::string AddressText(const routing::ServerAddress& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  std::string text = is_ipv6 ? '[' + address.host + ']' : address.host;
  if (!address.port.empty()) text += ':' + address.port;
  if (!address.dbname.empty()) text += '/' + address.dbname;
  return text;
}

std::string SizeText(const PoolStats& pool) {
  std::string text = "size " + std::to_string(pool.size) + " of " + std::to_string(pool.max_size);
  if (pool.target_size < pool.max_size) text += ", target " + std::to_string(pool.target_size);
  return text;
}

std::string WaitersText(const PoolStats& pool) {
  if (pool.waiters == 0) return "no waiters";
  return std::to_string(pool.waiters) + " waiting (of " + std::to_string(pool.max_waiters) +
         "), oldest " + DurationText(pool.oldest_waiter);
}

std::string LeaseText(const PoolStats& pool) {
  if (pool.oldest_leases.empty()) return "no active leases";
  return "oldest lease " + DurationText(pool.oldest_lease());
}

std::string HolderText(const pool::LeaseInfo& lease) {
  std::string text = base::ToString(lease.borrower);
  if (!lease.client.empty()) text = "the query " + lease.client;
  if (lease.backend_pid != 0) text += ", process " + std::to_string(lease.backend_pid);
  return text;
}

std::uint64_t Failed(const PoolStats& pool) {
  std::uint64_t total = 0;
  for (const std::uint64_t count : pool.acquires) total += count;
  return total - pool.acquires[AcquireOutcome::kImmediate] - pool.acquires[AcquireOutcome::kWaited];
}

std::uint64_t FailedConnects(const PoolStats& pool) {
  std::uint64_t total = 0;
  for (const std::uint64_t count : pool.connects) total += count;
  return total - pool.connects[pool::ConnectOutcome::kOk];
}

void AddPool(PoolRole role, const PoolStats& pool, const control::ProbeStats& probe,
             PageContent& content) {
  const std::string prefix = std::string(Name(role)) + '-';
  const auto text = [&](const char* what) -> auto& { return content.texts[prefix + what]; };
  const auto count = [&](const char* what, std::uint64_t n) { text(what) = std::to_string(n); };
  text("server") = ServerText(probe);
  text("address") = probe.address ? AddressText(*probe.address) : "";
  count("in_use", pool.in_use);
  count("idle", pool.idle);
  count("connecting", pool.connecting);
  text("size") = SizeText(pool);
  text("waiters") = WaitersText(pool);
  text("lease") = LeaseText(pool);
  count("acquires", pool.requests);
  count("failed_acquires", Failed(pool));
  count("failed_connects", FailedConnects(pool));
  count("leaked", pool.leases_leaked);
  count("refused", pool.read_only_violations);
  if (!probe.up && probe.last_run != WallTime{}) content.alarms.insert(prefix + "server");
  if (pool.waiters > 0) content.alarms.insert(prefix + "waiters");
}

void AddNoPool(PoolRole role, PageContent& content) {
  const std::string prefix = std::string(Name(role)) + '-';
  content.texts[prefix + "server"] = "not configured";
  for (const char* what : {"acquires", "failed_acquires", "failed_connects", "leaked", "refused"})
    content.texts[prefix + what] = "–";
}

void AddPools(const routing::PoolsStats& stats, const control::ControlStats& control,
              PageContent& content) {
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    if (const auto& pool = stats.pools[role]) {
      AddPool(role, *pool, control.probes[role], content);
    } else {
      AddNoPool(role, content);
    }
  }
}

Rows ConnectErrors(const routing::PoolsStats& stats) {
  Rows rows;
  for (const auto& pool : stats.pools) {
    if (!pool || pool->last_connect_outcome == pool::ConnectOutcome::kOk) continue;
    rows.push_back({{pool->name, Joined({Name(pool->last_connect_outcome), ": ",
                                         pool->last_connect_message})}});
  }
  return rows;
}

Rows Replica(const routing::PoolsStats& stats, const control::ReplicaStats& replica) {
  if (!stats.ro_dsn_configured) return {};
  const bool bounded = stats.max_lag > base::Duration::zero();
  std::string lag = replica.lag ? DurationText(*replica.lag) : "unknown";
  if (replica.stale) lag += ", stale";
  return {{{lag, bounded ? DurationText(stats.max_lag) : "no maximum",
            !replica.wal_receiver_up   ? "unknown"
            : *replica.wal_receiver_up ? "up"
                                       : "down"}}};
}

std::string CanaryText(const control::CanaryStats& canary) {
  if (!canary.success) return "no write attempted yet";
  const std::string ago = DurationText(canary.since_last_run) + " ago";
  if (!*canary.success) return "the write attempted " + ago + " was not refused";
  const bool recovery = canary.proof == control::CanaryProof::kRecovery;
  return "the write attempted " + ago + " was refused" + (recovery ? ", in recovery" : "");
}

// How writes are prevented in the sessions of each read pool, and whether a canary has verified it.
Rows ReadOnly(const routing::PoolsStats& stats, const control::ControlStats& control) {
  Rows rows;
  for (const PoolRole role : {PoolRole::kRo, PoolRole::kRoFallthrough}) {
    if (!stats.pools[role]) continue;
    const auto enforcement = control::EnforcementOf(role, control.probes[role]);
    std::string how = "unknown yet";
    if (enforcement == control::Enforcement::kSession) how = "by a setting of each session";
    if (enforcement == control::Enforcement::kTransaction)
      how = "only by transaction, because of a pooler";
    const control::CanaryStats& canary = control.canaries[role];
    rows.push_back({{std::string(Name(role)), how, CanaryText(canary)}, canary.success == false});
  }
  return rows;
}

Rows Leases(const routing::PoolsStats& stats) {
  Rows rows;
  for (const auto& pool : stats.pools) {
    if (!pool) continue;
    for (const pool::LeaseInfo& lease : pool->oldest_leases)
      rows.push_back({{pool->name, DurationText(lease.age), HolderText(lease)}});
  }
  return rows;
}

// Queries that wait for a connection come first, then the most expensive ones, to show which one
// fills a queue.
Rows QueryRows(const queries::QueriesStats& stats) {
  std::vector<const queries::QueryStats*> queries;
  for (const queries::QueryStats& query : stats) queries.push_back(&query);
  std::stable_sort(queries.begin(), queries.end(), [](const auto* a, const auto* b) {
    const auto rank = [](const queries::QueryStats& query) {
      return std::pair(query.activity == queries::QueryActivity::kWaiting,
                       query.waited + query.used);
    };
    return rank(*a) > rank(*b);
  });
  constexpr std::size_t kShown = 20;
  if (queries.size() > kShown) queries.resize(kShown);
  Rows rows;
  for (const queries::QueryStats* query : queries) {
    std::string found = "no result yet";
    if (query->latest_error) {
      found = Joined({Name(*query->latest_error), ": ", query->latest_message});
    } else if (query->last_success != WallTime{}) {
      found = std::to_string(query->rows) + (query->rows == 1 ? " row, " : " rows, ") +
              DurationText(query->since_last_success) + " ago";
    }
    rows.push_back(
        {{query->options->name,
          Joined({Name(query->activity), ", from ", Name(query->options->from)}),
          "waited " + DurationText(query->waited) + ", used " + DurationText(query->used), found},
         query->latest_error.has_value()});
  }
  return rows;
}

// Newest first.
Rows Transitions(const routing::RouteStats& route) {
  Rows rows;
  for (const routing::Transition& last : std::views::reverse(route.recent)) {
    rows.push_back({{TimeText(last.at),
                     Joined({Name(last.from), " → ", Name(last.to), ": ", Name(last.reason)})}});
  }
  return rows;
}

}  // namespace

PageContent ContentOf(const database::DatabaseStats& stats, WallTime now) {
  const routing::PoolsStats& pools = stats.pools;
  const control::ControlStats& control = stats.control;
  PageContent content;
  content.title = std::string(Name(pools.route.route)) + " – scidex_pg_exporter";
  content.texts["at"] = TimeText(now);
  AddRoute(pools.route, control.replica, now, content);
  AddPools(pools, control, content);
  content.rows = {
      {"connect-errors", ConnectErrors(pools)}, {"replica", Replica(pools, control.replica)},
      {"read-only", ReadOnly(pools, control)},  {"leases", Leases(pools)},
      {"queries", QueryRows(stats.queries)},    {"transitions", Transitions(pools.route)}};
  return content;
}

}  // namespace scidex::status
