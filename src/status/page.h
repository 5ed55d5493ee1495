// The page for people: where reads go and why, in large, and the pools behind it.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "control/probe_stats.h"
#include "routing/stats.h"

namespace scidex::status {

// What a browser may do with the page, for the header Content-Security-Policy: apply its style, and
// nothing else.
inline constexpr std::string_view kPageSecurityPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

struct PageOptions {
  std::string version;
  std::string metrics_path = "/metrics";
};

// A whole HTML document, in UTF-8: one file, no script, and nothing that a browser would fetch.
std::string Page(const routing::PoolsStats& stats, const control::ControlStats& control,
                 const PageOptions& options, base::WallTime now);

}  // namespace scidex::status
