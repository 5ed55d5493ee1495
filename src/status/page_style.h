// How the page looks. Every pair of text and background has a contrast of at least 4.5 to 1, light
// and dark; a test computes it.
#pragma once

#include <string_view>

namespace scidex::status {

inline constexpr std::string_view kPageStyle = R"(
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b1f24; --quiet: #57606a; --link: #0550ae; --line: #d0d7de;
  --card: #f3f5f7; --good: #dafbe1; --good-text: #0f5323; --bad: #ffe5e2; --bad-text: #82071e;
  --off: #f0e6ff; --off-text: #512a97;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --text: #e6edf3; --quiet: #9da7b3; --link: #79c0ff; --line: #3d444d;
    --card: #161b22; --good: #0f2d1a; --good-text: #7ee2a0; --bad: #3d1418; --bad-text: #ffb3ad;
    --off: #2a1f47; --off-text: #d2b8ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif;
}
header { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; }
header span, footer, caption, th[scope=row] { color: var(--quiet); }
h1 { font-size: 1rem; margin: 0; }
h2 { font-size: 1.125rem; margin: 2rem 0 .5rem; }
a { color: var(--link); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: .5rem 0; }
nav a { padding: .25rem 0; }
.route { padding: 1.25rem; border-radius: .5rem; margin: .5rem 0; }
.route h2 { font-size: clamp(1.5rem, 6vw, 2.25rem); line-height: 1.2; margin: 0 0 .5rem; }
.route p { margin: .25rem 0; }
.replica { background: var(--good); color: var(--good-text); }
.primary_fallthrough { background: var(--bad); color: var(--bad-text); }
.primary_disabled { background: var(--off); color: var(--off-text); }
.undecided { background: var(--card); color: var(--text); }
code { font: .9375em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .25rem; }
th, td {
  text-align: right; vertical-align: top; padding: .375rem 0 .375rem .5rem;
  border-bottom: 1px solid var(--line); font-weight: normal;
}
td { overflow-wrap: anywhere; }
thead th { font-weight: 600; }
th[scope=row] { text-align: left; padding-left: 0; }
ul { padding: 0; margin: 0; list-style: none; }
li { padding: .375rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
footer { margin-top: 2rem; font-size: .875rem; }
@media (max-width: 30rem) { table { font-size: .8125rem; } }
)";

}  // namespace scidex::status
