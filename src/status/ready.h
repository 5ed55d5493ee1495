// What /-/ready answers.
#pragma once

#include <string>

#include "control/probe_stats.h"
#include "routing/stats.h"

namespace scidex::status {

struct Readiness {
  // From the first verdict on the replica on: the route may still be that reads are refused.
  bool ready = false;
  // "ready route=replica reason=ok read_only_enforcement=session" with a line feed, or why not yet.
  std::string text;
};

Readiness Ready(const routing::RouteStats& route, const control::ControlStats& control);

}  // namespace scidex::status
