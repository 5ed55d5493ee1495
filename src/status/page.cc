#include "status/page.h"

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>

#include "base/enum.h"
#include "status/html.h"
#include "status/page_content.h"
#include "status/text.h"

namespace scidex::status {
namespace {

using pool::PoolStats;
using routing::PoolRole;

// The states of a connection, in the order of a bar.
struct State {
  std::string_view name;
  std::string_view title;
  std::size_t PoolStats::*count;
};
constexpr std::array<State, 3> kStates{{{"in_use", "in use", &PoolStats::in_use},
                                        {"idle", "idle", &PoolStats::idle},
                                        {"connecting", "connecting", &PoolStats::connecting}}};

struct Counter {
  std::string_view name;
  std::string_view title;
};
constexpr std::array<Counter, 5> kCounters{{{"acquires", "Acquires"},
                                            {"failed_acquires", "Failed acquires"},
                                            {"failed_connects", "Failed connects"},
                                            {"leaked", "Leases leaked"},
                                            {"refused", "Writes refused"}}};

// The element with this id, and its text, if any.
std::string Element(std::string_view tag, const std::string& id, const PageContent& content) {
  const auto text = content.texts.find(id);
  return Joined({"<", tag, " id=\"", id, "\"",
                 content.alarms.contains(id) ? " class=\"alarm\"" : "", ">",
                 text == content.texts.end() ? "" : Escaped(text->second), "</", tag, ">"});
}

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
)";

std::string HeadHtml(const PageContent& content) {
  return Joined({kHead, "<link rel=\"stylesheet\" href=\"", kPageStylePath, "\">\n<script src=\"",
                 kPageScriptPath, "\" defer></script>\n<title>", Escaped(content.title),
                 "</title>\n</head>\n"});
}

std::string HeaderHtml(const PageContent& content, const std::string& version) {
  return Joined(
      {"<header>\n<h1>scidex_pg_exporter</h1>\n<p>", Escaped(version),
       "</p>\n<p class=\"at\">As of ", Element("span", "at", content),
       " UTC<span id=\"live\" hidden>, updated every two seconds</span>"
       "<noscript>; reload for newer numbers</noscript></p>\n</header>\n"
       // Separate from the alert, in which screen readers would announce the age every two seconds.
       "<div id=\"stale\" hidden>\n<p role=\"alert\"><strong>The exporter does not answer."
       "</strong> This is the state of <span id=\"stale-at\"></span> UTC.</p>\n"
       "<p><span id=\"stale-age\"></span> old; <span id=\"stale-why\"></span></p>\n"
       "</div>\n"});
}

std::string RouteHtml(const PageContent& content) {
  return Joined({"<section id=\"state\" class=\"", content.state,
                 "\">\n<div aria-live=\"polite\">\n", Element("h2", "headline", content), "\n",
                 Element("p", "explanation", content), "\n</div>\n<p>Route ",
                 Element("code", "route", content), ", reason ", Element("code", "reason", content),
                 ", since ", Element("span", "since", content), " UTC (",
                 Element("span", "in-force", content), ")</p>\n</section>\n"});
}

std::string RectHtml(std::string_view state, std::size_t x, std::size_t width) {
  return Joined({"<rect class=\"", state, "\" x=\"", std::to_string(x), "\" width=\"",
                 std::to_string(width), "\" height=\"1\"/>"});
}

// The width of the viewBox is the maximum number of connections.
std::string BarHtml(const std::string& role, const PoolStats& pool) {
  std::string html = Joined({"<svg class=\"bar\" role=\"img\" aria-labelledby=\"", role,
                             "-numbers\" viewBox=\"0 0 ", std::to_string(pool.max_size),
                             " 1\" preserveAspectRatio=\"none\">"});
  html += RectHtml("free", 0, pool.max_size);
  std::size_t x = 0;
  for (const State& state : kStates) {
    html += RectHtml(state.name, x, pool.*state.count);
    x += pool.*state.count;
  }
  return html + "</svg>\n";
}

std::string PoolHtml(const std::string& role, const std::optional<PoolStats>& pool,
                     const PageContent& content) {
  std::string html =
      Joined({"<article id=\"", role, "\"", pool ? "" : " class=\"absent\"", ">\n<div>\n<h3>", role,
              "</h3>\n", Element("p", role + "-server", content), "\n",
              Element("p", role + "-address", content), "\n</div>\n<div class=\"figures\">\n",
              BarHtml(role, pool.value_or(PoolStats{})), "<p id=\"", role, "-numbers\">"});
  for (const State& state : kStates) {
    html += Joined({"<span><svg class=\"key\" viewBox=\"0 0 1 1\" aria-hidden=\"true\">",
                    RectHtml(state.name, 0, 1), "</svg>",
                    Element("b", role + '-' + std::string(state.name), content), " ", state.title,
                    "</span> "});
  }
  return html + Joined({Element("span", role + "-size", content), "</p>\n<p>",
                        Element("span", role + "-waiters", content), " ",
                        Element("span", role + "-lease", content), "</p>\n</div>\n</article>\n"});
}

std::string PoolsHtml(const routing::PoolsStats& stats, const PageContent& content) {
  std::string html = "<section>\n<h2>Pools</h2>\n";
  for (const PoolRole role : base::kEnumValues<PoolRole>) {
    html += PoolHtml(std::string(base::Name(role)), stats.pools[role], content);
  }
  return html + "</section>\n";
}

std::string TableHtml(std::string_view title, const std::string& id,
                      std::initializer_list<std::string_view> columns, const PageContent& content) {
  const std::vector<PageRow>& rows = content.rows.at(id);
  std::string html = Joined(
      {"<section", rows.empty() ? " hidden" : "", ">\n<h2>", title, "</h2>\n<table>\n<thead><tr>"});
  for (const std::string_view column : columns)
    html += Joined({"<th scope=\"col\">", column, "</th>"});
  html += Joined({"</tr></thead>\n<tbody id=\"", id, "\">\n"});
  for (const PageRow& row : rows) {
    html += row.alarm ? "<tr class=\"alarm\">" : "<tr>";
    for (const std::string& cell : row.cells) html += "<td>" + Escaped(cell) + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table>\n</section>\n";
}

std::string CountersHtml(const PageContent& content) {
  std::string html =
      "<section>\n<h2>Counters since startup</h2>\n<table "
      "class=\"counters\">\n<thead><tr><td></td>";
  for (const std::string_view role : base::EnumNames<PoolRole>::kNames) {
    html += "<th scope=\"col\">";
    // The column is narrow on a phone, so the name may be broken at underscores.
    for (const char c : role) html += c == '_' ? std::string("_<wbr>") : std::string(1, c);
    html += "</th>";
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const Counter& counter : kCounters) {
    html += Joined({"<tr><th scope=\"row\">", counter.title, "</th>"});
    for (const std::string_view role : base::EnumNames<PoolRole>::kNames)
      html += Element("td", Joined({role, "-", counter.name}), content);
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table>\n</section>\n";
}

std::string FooterHtml(const PageOptions& options) {
  std::string html = "<footer>\n<nav aria-label=\"For programs\">\n";
  for (const std::string& path : {options.metrics_path, std::string("/api/v1/pools"),
                                  std::string("/-/ready"), std::string("/-/healthy")}) {
    html += "<a href=\"" + Escaped(path) + "\">" + Escaped(path) + "</a>\n";
  }
  return html + "</nav>\n</footer>\n";
}

}  // namespace

std::string Page(const database::DatabaseStats& stats, const PageOptions& options,
                 base::WallTime now) {
  const PageContent content = ContentOf(stats, now);
  return Joined(
      {HeadHtml(content), "<body>\n", HeaderHtml(content, options.version), "<main>\n",
       RouteHtml(content), PoolsHtml(stats.pools, content),
       TableHtml("Last failed connects", "connect-errors", {"Pool", "Reason"}, content),
       "<div class=\"halves\">\n",
       TableHtml("Read-only", "read-only", {"Pool", "Writes prevented", "Last attempt"}, content),
       TableHtml("Replica", "replica", {"Lag", "Maximum", "WAL stream"}, content),
       TableHtml("Longest held leases", "leases", {"Pool", "Held for", "By"}, content),
       TableHtml("Changes of the route", "transitions", {"When (UTC)", "Change: reason"}, content),
       "</div>\n",
       TableHtml("Queries", "queries", {"Query", "State", "All runs", "Latest result"}, content),
       CountersHtml(content), "</main>\n", FooterHtml(options), "</body>\n</html>\n"});
}

}  // namespace scidex::status
