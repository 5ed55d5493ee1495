#include "control/server_budget.h"

#include <algorithm>
#include <utility>

namespace scidex::control {

using routing::ConnectionFacts;
using routing::PoolRole;

namespace {

// Short-lived changes of other clients are ignored: growth is limited to the least that was free in
// this many observations, ...
constexpr std::size_t kGrowWindow = 10;
// ... and a pool shrinks only to the most that was free in this many.
constexpr std::size_t kKeepWindow = 3;

constexpr std::size_t Less(std::size_t amount, std::size_t by) {
  return amount > by ? amount - by : 0;
}

// The pools and probes under a limit, and the number of connections reserved for others.
struct Share {
  OfPools<bool> binds;
  std::size_t probes = 0;
  std::size_t reserve = 0;
};

// Returns the number of connections available to the pools under a limit. `count` is the server's
// number of sessions under it.
std::size_t Room(std::size_t limit, std::size_t count, const ServerObservation& observation,
                 const Share& share) {
  std::size_t open = 0;
  for (const PoolRole pool : base::kEnumValues<PoolRole>) {
    if (share.binds[pool]) open += observation.open[pool];
  }
  const std::size_t others = Less(count, open + share.probes);
  return Less(limit, others + share.probes + share.reserve);
}

// `limit_of` and `count_of` extract one kind of limit from the facts.
template <typename LimitOf, typename CountOf>
void AddLimit(const ServerObservations& observations, const Share& share, LimitOf limit_of,
              CountOf count_of, std::vector<ServerLimit>& limits) {
  if (!limit_of(observations.latest().facts)) return;
  ServerLimit limit{share.binds, 0, SIZE_MAX};
  const auto& all = observations.all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const ConnectionFacts& facts = all[i].facts;
    const std::optional<std::size_t> most = limit_of(facts);
    if (!most) continue;
    const std::size_t room = Room(*most, count_of(facts), all[i], share);
    limit.grow = std::min(limit.grow, room);
    if (i + kKeepWindow >= all.size()) limit.keep = std::max(limit.keep, room);
  }
  limits.push_back(limit);
}

// Returns the latest observation of the server that `pool` connects to, or null.
const ServerObservation* LatestOf(PoolRole pool, const OfPools<ServerObservations>& observations,
                                  const OfPools<std::optional<std::size_t>>& servers) {
  if (!observations[pool].empty()) return &observations[pool].latest();
  const ServerObservation* latest = nullptr;
  for (const PoolRole other : base::kEnumValues<PoolRole>) {
    if (servers[other] == servers[pool] && !observations[other].empty())
      latest = &observations[other].latest();
  }
  return latest;
}

// Raises `have` towards `goal`, by one at a time for the pool that has the fewest, while all limits
// hold. A pool whose size exceeds `have` counts with its size.
void Fill(const std::vector<ServerLimit>& limits, std::size_t ServerLimit::*most,
          const OfPools<std::size_t>& connections, OfPools<std::size_t> goal,
          OfPools<std::size_t>& have) {
  const auto fits = [&](PoolRole one_more) {
    return std::all_of(limits.begin(), limits.end(), [&](const ServerLimit& limit) {
      if (!limit.binds[one_more]) return true;
      std::size_t sum = 0;
      for (const PoolRole pool : base::kEnumValues<PoolRole>) {
        if (limit.binds[pool])
          sum += std::max(connections[pool], have[pool] + (pool == one_more ? 1 : 0));
      }
      return sum <= limit.*most;
    });
  };
  for (;;) {
    std::optional<PoolRole> next;
    for (const PoolRole pool : base::kEnumValues<PoolRole>) {
      if (have[pool] < goal[pool] && (!next || have[pool] < have[*next])) next = pool;
    }
    if (!next) return;
    if (fits(*next)) {
      ++have[*next];
    } else {
      goal[*next] = have[*next];
    }
  }
}

}  // namespace

void ServerObservations::Add(ServerObservation observation) {
  if (!observations_.empty() && latest().instance != observation.instance) Clear();
  observations_.push_back(std::move(observation));
  if (observations_.size() > kGrowWindow) observations_.pop_front();
}

std::vector<ServerLimit> LimitsOf(const OfPools<ServerObservations>& observations,
                                  const OfPools<std::optional<std::size_t>>& servers,
                                  std::size_t reserve) {
  std::vector<ServerLimit> limits;
  for (const PoolRole observer : base::kEnumValues<PoolRole>) {
    if (observations[observer].empty() || !servers[observer]) continue;
    const ServerObservation& seen = observations[observer].latest();
    Share on_server{.binds = {}, .reserve = reserve};
    Share of_role = on_server;
    Share of_database = on_server;
    for (const PoolRole pool : base::kEnumValues<PoolRole>) {
      if (!servers[pool]) continue;
      const ServerObservation* const latest = LatestOf(pool, observations, servers);
      const bool same = servers[pool] == servers[observer];
      const bool met =
          latest != nullptr && !seen.instance.empty() && latest->instance == seen.instance;
      on_server.binds[pool] = same || met;
      of_role.binds[pool] = same || (met && latest->facts.role == seen.facts.role);
      of_database.binds[pool] = same || (met && latest->facts.database == seen.facts.database);
      if (observations[pool].empty()) continue;
      // Each observing probe has a session.
      for (Share* const share : {&on_server, &of_role, &of_database}) {
        if (share->binds[pool]) ++share->probes;
      }
    }
    using Facts = ConnectionFacts;
    AddLimit(
        observations[observer], on_server,
        [](const Facts& f) { return std::optional(Less(f.max_connections, f.reserved)); },
        [](const Facts& f) { return f.sessions; }, limits);
    AddLimit(
        observations[observer], of_role, [](const Facts& f) { return f.role_limit; },
        [](const Facts& f) { return f.sessions_of_role; }, limits);
    AddLimit(
        observations[observer], of_database, [](const Facts& f) { return f.database_limit; },
        [](const Facts& f) { return f.sessions_of_database; }, limits);
  }
  return limits;
}

OfPools<std::optional<std::size_t>> AllocateBudget(
    const std::vector<ServerLimit>& limits, const OfPools<std::optional<BudgetClaim>>& claims) {
  OfPools<std::size_t> nothing;
  OfPools<std::size_t> sizes;
  OfPools<std::size_t> share;
  OfPools<std::size_t> wanted;
  for (const PoolRole pool : base::kEnumValues<PoolRole>) {
    if (!claims[pool]) continue;
    share[pool] = claims[pool]->floor;
    wanted[pool] = claims[pool]->wanted;
    sizes[pool] = claims[pool]->size;
  }
  Fill(limits, &ServerLimit::keep, nothing, wanted, share);

  OfPools<std::size_t> granted;
  for (const PoolRole pool : base::kEnumValues<PoolRole>) {
    if (claims[pool]) granted[pool] = std::min(claims[pool]->target_size, share[pool]);
  }
  Fill(limits, &ServerLimit::grow, sizes, share, granted);

  OfPools<std::optional<std::size_t>> result;
  for (const PoolRole pool : base::kEnumValues<PoolRole>) {
    if (claims[pool] && TightestLimit(limits, pool)) result[pool] = granted[pool];
  }
  return result;
}

std::optional<std::size_t> TightestLimit(const std::vector<ServerLimit>& limits, PoolRole pool) {
  std::optional<std::size_t> least;
  for (const ServerLimit& limit : limits) {
    if (limit.binds[pool]) least = std::min(least.value_or(limit.grow), limit.grow);
  }
  return least;
}

}  // namespace scidex::control
