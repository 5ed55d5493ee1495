// The response of /-/ready.
#pragma once

#include <optional>
#include <string>

#include "database/stats.h"
#include "routing/route.h"

namespace scidex::status {

struct Readiness {
  // True from the first verdict on the replica on, or if none is configured, even if reads are
  // refused; with `wanted`, only if that is the route.
  bool ready = false;
  // "ready route=replica reason=ok read_only_enforcement=session" with a line feed, or why not
  // ready.
  std::string text;
};

// If `wanted` is set, readiness requires this route.
Readiness Ready(const database::DatabaseStats& stats,
                std::optional<routing::Route> wanted = std::nullopt);

}  // namespace scidex::status
