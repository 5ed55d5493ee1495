// The style of the page. Text has a contrast of at least 4.5 to 1 against its background, parts of
// bars at least 3 to 1, in light and dark mode; a test computes it.
#pragma once

#include <string_view>

namespace scidex::status {

inline constexpr std::string_view kPageStyle = R"(:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b1f24; --quiet: #57606a; --link: #0550ae; --line: #d0d7de;
  --card: #f3f5f7; --good: #dafbe1; --good-text: #0f5323; --bad: #ffe5e2; --bad-text: #82071e;
  --off: #f0e6ff; --off-text: #512a97; --bar: #0550ae; --bar-soft: #cfe3fb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --text: #e6edf3; --quiet: #9da7b3; --link: #79c0ff; --line: #3d444d;
    --card: #161b22; --good: #0f2d1a; --good-text: #7ee2a0; --bad: #3d1418; --bad-text: #ffb3ad;
    --off: #2a1f47; --off-text: #d2b8ff; --bar: #79c0ff; --bar-soft: #12304f;
  }
}
* { box-sizing: border-box; }
[hidden], .absent .figures { display: none; }
body {
  margin: 0 auto; padding: 1rem 1rem 2rem; max-width: 72rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums;
}
h1, h2, h3, p { margin: 0; }
h1, h3 { font-size: 1rem; }
h2 { font-size: 1.125rem; margin: 0 0 .25rem; }
a { color: var(--link); }
code, h3 { font-family: ui-monospace, monospace; }
code { font-size: .9375em; }
header { display: flex; flex-wrap: wrap; gap: 0 .75rem; align-items: baseline; }
header p, th { color: var(--quiet); }
.at { margin-left: auto; font-size: .875rem; }
#stale {
  position: sticky; top: 0; margin: .5rem 0; padding: .5rem 1.25rem; border-radius: .5rem;
  background: var(--text); color: var(--page);
}
main, .halves { display: grid; grid-template-columns: minmax(0, 1fr); gap: 2rem 2.5rem; }
main { margin-top: .75rem; }
.halves { grid-template-columns: repeat(2, minmax(0, 1fr)); }
#stale:not([hidden]) {
  display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between;
}
#state { padding: 1.25rem; border-radius: .5rem; }
#state h2 { font-size: clamp(1.75rem, 6vw, 3rem); line-height: 1.15; margin: 0 0 .5rem; }
#explanation { font-size: 1.125rem; }
#state.replica { background: var(--good); color: var(--good-text); }
#state.primary_fallthrough { background: var(--bad); color: var(--bad-text); }
#state.primary_disabled { background: var(--off); color: var(--off-text); }
#state.undecided, .stale #state { background: var(--card); color: var(--text); }
article {
  display: grid; grid-template-columns: 14rem 1fr; gap: .25rem 1.5rem; padding: .75rem 0;
  border-bottom: 1px solid var(--line);
}
.figures p { display: flex; flex-wrap: wrap; gap: 0 1rem; }
.bar { display: block; width: 100%; height: 1.25rem; margin: .125rem 0 .25rem; overflow: visible; }
.key {
  width: .875rem; height: .875rem; margin-right: .375rem; vertical-align: -.0625rem;
  overflow: visible;
}
rect { stroke: var(--bar); stroke-width: 1.5; fill: none; vector-effect: non-scaling-stroke; }
.free { stroke: var(--quiet); stroke-width: 1; }
.in_use { fill: var(--bar); }
.idle { fill: var(--bar-soft); }
.connecting { stroke-dasharray: 3 3; fill: var(--page); }
.figures span:last-child { margin-left: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td {
  text-align: left; vertical-align: top; padding: .3125rem 1rem .3125rem 0;
  border-bottom: 1px solid var(--line); font-weight: normal;
}
td:last-child { padding-right: 0; }
td:last-child, article p { overflow-wrap: anywhere; }
table:not(.counters) th, .halves td:first-child { white-space: nowrap; }
.counters { table-layout: fixed; }
.counters thead td { width: 31%; }
.counters td, .counters thead th { text-align: right; padding-right: 0; }
.alarm { color: var(--bad-text); font-weight: 600; }
footer { margin-top: 2rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
nav a { padding: .25rem 0; }
@media (max-width: 50rem) {
  .halves { grid-template-columns: minmax(0, 1fr); }
  .at { margin-left: 0; }
}
@media (max-width: 40rem) {
  article { grid-template-columns: 1fr; }
  article div:first-child { display: flex; flex-wrap: wrap; gap: 0 .75rem; align-items: baseline; }
  .figures span:last-child { margin-left: 0; }
  table { font-size: .8125rem; }
  th, td { padding-right: .5rem; }
  .halves td:first-child { white-space: normal; }
}
)";

}  // namespace scidex::status
