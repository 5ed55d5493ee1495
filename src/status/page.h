// The status page: where reads go and why, and the state of the pools.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "database/stats.h"

namespace scidex::status {

inline constexpr std::string_view kPageStylePath = "/status.css";
inline constexpr std::string_view kPageScriptPath = "/status.js";

// The page's Content-Security-Policy: it may use only the style and the script of this exporter,
// the script may send requests only to this exporter, and it must not create markup from text.
inline constexpr std::string_view kPageSecurityPolicy =
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'";

struct PageOptions {
  std::string version;
  std::string metrics_path = "/metrics";
};

// Returns a complete HTML document in UTF-8 with the state at `now`. Its style (kPageStyle) and the
// script that keeps it up to date (kPageScript) are served at the paths above.
std::string Page(const database::DatabaseStats& stats, const PageOptions& options,
                 base::WallTime now);

}  // namespace scidex::status
