#include "status/page.h"

#include <cstddef>
#include <ranges>
#include <vector>

#include "base/call_site.h"
#include "base/enum.h"
#include "status/html.h"
#include "status/page_style.h"
#include "status/pools_table.h"
#include "status/since.h"
#include "status/text.h"
#include "status/wording.h"

namespace scidex::status {
namespace {

using base::Name;
using base::WallTime;

std::string Code(std::string_view text) { return "<code>" + Escaped(text) + "</code>"; }

std::string TimeHtml(WallTime time) {
  const std::string text = IsoTime(time);
  return "<time datetime=\"" + text + "\">" + text + "</time>";
}

// Nothing for an empty list.
std::string ListSection(std::string_view title, const std::vector<std::string>& items) {
  if (items.empty()) return "";
  std::string html = "<section>\n<h2>";
  html += title;
  html += "</h2>\n<ul>\n";
  for (const std::string& item : items) html += "<li>" + item + "</li>\n";
  return html + "</ul>\n</section>\n";
}

std::string RouteHtml(const routing::RouteStats& route, WallTime now) {
  const WallTime since = Since(route, now);
  std::string html = "<section class=\"route ";
  html += route.decided ? Name(route.route) : "undecided";
  html += "\">\n<h2>";
  html += route.decided ? Headline(route.route) : "Reads wait for the first verdict";
  html += "</h2>\n<p>";
  html += Escaped(Explanation(route.reason));
  html += "</p>\n<p>Route " + Code(Name(route.route)) + ", reason " + Code(Name(route.reason)) +
          ", since " + TimeHtml(since) + " (" + DurationText(now - since) + ")</p>\n</section>\n";
  return html;
}

std::string LinksHtml(const PageOptions& options) {
  std::string html = "<nav aria-label=\"For programs\">\n";
  for (const std::string& path : {options.metrics_path, std::string("/api/v1/pools"),
                                  std::string("/-/ready"), std::string("/-/healthy")}) {
    html += "<a href=\"" + Escaped(path) + "\">" + Escaped(path) + "</a>\n";
  }
  return html + "</nav>\n";
}

std::vector<std::string> ReplicaItems(const routing::PoolsStats& stats,
                                      const control::ReplicaStats& replica) {
  if (!stats.ro_dsn_configured) return {};
  std::string lag = replica.lag ? DurationText(*replica.lag) : "not known yet";
  if (stats.max_lag > base::Duration::zero())
    lag += " (bound: " + DurationText(stats.max_lag) + ")";
  return {"Behind the primary: " + lag, replica.wal_receiver_up
                                            ? "Streams from its primary"
                                            : "Does not stream from its primary"};
}

std::string CanaryHtml(const control::CanaryStats& canary, WallTime now) {
  if (!canary.success) return "no write was tried yet";
  const std::string ago = DurationText(now - canary.last_run) + " ago";
  if (!*canary.success) return "<strong>the write tried " + ago + " was not refused</strong>";
  const bool recovery = canary.proof == control::CanaryProof::kRecovery;
  return "the write tried " + ago + " was refused" + (recovery ? ", in recovery" : "");
}

// How the sessions of each read pool are kept from writing, and whether that was seen to work.
std::vector<std::string> ReadOnlyItems(const routing::PoolsStats& stats,
                                       const control::ControlStats& control, WallTime now) {
  using routing::PoolRole;
  std::vector<std::string> items;
  for (const PoolRole role : {PoolRole::kRo, PoolRole::kRoFallthrough}) {
    if (!stats.pools[role]) continue;
    const auto enforcement = control::EnforcementOf(role, control.probes[role]);
    std::string how = "not known yet";
    if (enforcement == control::Enforcement::kSession) how = "by a setting of each session";
    if (enforcement == control::Enforcement::kTransaction)
      how = "by transaction alone, as a pooler is in between";
    items.push_back(Code(Name(role)) + ' ' + how + "; " + CanaryHtml(control.canaries[role], now));
  }
  return items;
}

std::vector<std::string> ConnectErrors(const routing::PoolsStats& stats) {
  std::vector<std::string> items;
  for (const auto& pool : stats.pools) {
    if (!pool || pool->last_connect_outcome == pool::ConnectOutcome::kOk) continue;
    items.push_back(Code(pool->name) + ' ' + Code(Name(pool->last_connect_outcome)) + ' ' +
                    Escaped(pool->last_connect_message));
  }
  return items;
}

std::vector<std::string> Leases(const routing::PoolsStats& stats) {
  std::vector<std::string> items;
  for (const auto& pool : stats.pools) {
    if (!pool) continue;
    for (const pool::LeaseInfo& lease : pool->oldest_leases) {
      items.push_back(Code(pool->name) + " for " + DurationText(lease.age) + " by " +
                      Code(base::ToString(lease.borrower)));
    }
  }
  return items;
}

std::vector<std::string> Transitions(const routing::RouteStats& route) {
  std::vector<std::string> items;
  for (const routing::Transition& last : std::views::reverse(route.recent)) {
    items.push_back(TimeHtml(last.at) + ' ' + Code(Name(last.from)) + " → " + Code(Name(last.to)) +
                    ", reason " + Code(Name(last.reason)));
  }
  return items;
}

std::string Head(const routing::RouteStats& route) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>";
  html += Name(route.route);
  html += " – scidex_pg_exporter</title>\n<style>";
  html += kPageStyle;
  return html + "</style>\n</head>\n";
}

}  // namespace

std::string Page(const routing::PoolsStats& stats, const control::ControlStats& control,
                 const PageOptions& options, WallTime now) {
  std::string html = Head(stats.route);
  html += "<body>\n<header><h1>scidex_pg_exporter</h1><span>" + Escaped(options.version) +
          "</span></header>\n";
  html += LinksHtml(options);
  html += "<main>\n" + RouteHtml(stats.route, now);
  html += "<section>\n<h2>Pools</h2>\n" + PoolsTable(stats, control) + "</section>\n";
  html += ListSection("Replica", ReplicaItems(stats, control.replica));
  html += ListSection("Read-only", ReadOnlyItems(stats, control, now));
  html += ListSection("Last failed connects", ConnectErrors(stats));
  html += ListSection("Longest held leases", Leases(stats));
  html += ListSection("Changes of the route", Transitions(stats.route));
  html += "</main>\n<footer>As of " + TimeHtml(now) + ", UTC. Reload for newer numbers.</footer>\n";
  return html + "</body>\n</html>\n";
}

}  // namespace scidex::status
