// The page for people: where reads go and why, in large, and the pools behind it.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "database/stats.h"

namespace scidex::status {

inline constexpr std::string_view kPageStylePath = "/status.css";
inline constexpr std::string_view kPageScriptPath = "/status.js";

// What a browser may do with the page, for the header Content-Security-Policy: apply the style and
// run the script that this exporter serves, which may ask this exporter alone and make no markup of
// text.
inline constexpr std::string_view kPageSecurityPolicy =
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'";

struct PageOptions {
  std::string version;
  std::string metrics_path = "/metrics";
};

// A whole HTML document, in UTF-8, with all that there is to say at `now`. Its style (kPageStyle)
// and the script that keeps it up to date (kPageScript) are at the paths above.
std::string Page(const database::DatabaseStats& stats, const PageOptions& options,
                 base::WallTime now);

}  // namespace scidex::status
