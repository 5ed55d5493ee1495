#include "status/pools_table.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/enum.h"
#include "status/html.h"
#include "status/text.h"

namespace scidex::status {
namespace {

using control::ProbeStats;
using pool::AcquireOutcome;
using pool::PoolStats;
using routing::PoolRole;

struct Row {
  std::string_view title;
  std::string (*text)(const PoolStats&, const ProbeStats&);
};

std::string Of(std::size_t current, std::size_t limit) {
  return std::to_string(current) + " of " + std::to_string(limit);
}

std::string TimeOrNone(base::Duration duration) {
  return duration == base::Duration::zero() ? "none" : DurationText(duration);
}

std::string ServerText(const ProbeStats& probe) {
  if (probe.up) return probe.in_recovery ? "answers, in recovery" : "answers";
  if (probe.last_run == base::WallTime{}) return "not probed yet";
  std::string text = "does not answer: ";
  text += base::Name(probe.last_reason);
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

constexpr Row kRows[] = {
    {"Server", [](const PoolStats&, const ProbeStats& probe) { return ServerText(probe); }},
    {"In use",
     [](const PoolStats& pool, const ProbeStats&) { return std::to_string(pool.in_use); }},
    {"Idle", [](const PoolStats& pool, const ProbeStats&) { return std::to_string(pool.idle); }},
    {"Connecting",
     [](const PoolStats& pool, const ProbeStats&) { return std::to_string(pool.connecting); }},
    {"Size",
     [](const PoolStats& pool, const ProbeStats&) { return Of(pool.size, pool.target_size); }},
    {"Waiting",
     [](const PoolStats& pool, const ProbeStats&) { return Of(pool.waiters, pool.max_waiters); }},
    {"Oldest waiter",
     [](const PoolStats& pool, const ProbeStats&) { return TimeOrNone(pool.oldest_waiter); }},
    {"Oldest lease",
     [](const PoolStats& pool, const ProbeStats&) { return TimeOrNone(pool.oldest_lease()); }},
    {"Acquires",
     [](const PoolStats& pool, const ProbeStats&) { return std::to_string(pool.requests); }},
    {"Failed acquires",
     [](const PoolStats& pool, const ProbeStats&) { return std::to_string(Failed(pool)); }},
    {"Failed connects",
     [](const PoolStats& pool, const ProbeStats&) { return std::to_string(FailedConnects(pool)); }},
    {"Leases leaked",
     [](const PoolStats& pool, const ProbeStats&) { return std::to_string(pool.leases_leaked); }},
    {"Writes refused", [](const PoolStats& pool,
                          const ProbeStats&) { return std::to_string(pool.read_only_violations); }},
};

std::string RowHtml(const Row& row, const routing::PoolsStats& stats,
                    const control::ControlStats& control) {
  std::string html = "<tr><th scope=\"row\">";
  html += row.title;
  html += "</th>";
  for (std::size_t i = 0; i < base::kEnumCount<PoolRole>; ++i) {
    const auto role = static_cast<PoolRole>(i);
    const auto& pool = stats.pools[role];
    html += "<td>" + (pool ? Escaped(row.text(*pool, control.probes[role])) : "–") + "</td>";
  }
  return html + "</tr>\n";
}

}  // namespace

std::string PoolsTable(const routing::PoolsStats& stats, const control::ControlStats& control) {
  std::string html =
      "<table>\n<caption>A dash stands for a pool that is not configured.</caption>\n"
      "<thead><tr><td></td>";
  for (const std::string_view name : base::EnumNames<PoolRole>::kNames) {
    html += "<th scope=\"col\">";
    // The column is as narrow as a phone's: the name may break where a word ends.
    for (const char c : name) html += c == '_' ? std::string("_<wbr>") : std::string(1, c);
    html += "</th>";
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const Row& row : kRows) html += RowHtml(row, stats, control);
  return html + "</tbody>\n</table>\n";
}

}  // namespace scidex::status
