// What /-/ready answers.
#pragma once

#include <optional>
#include <string>

#include "database/stats.h"
#include "routing/route.h"

namespace scidex::status {

struct Readiness {
  // From the first verdict on the replica on: the route may still be that reads are refused, unless
  // another one was asked for.
  bool ready = false;
  // "ready route=replica reason=ok read_only_enforcement=session" with a line feed, or why not yet.
  std::string text;
};

// `wanted`: whoever asks needs this route to be in force.
Readiness Ready(const database::DatabaseStats& stats,
                std::optional<routing::Route> wanted = std::nullopt);

}  // namespace scidex::status
