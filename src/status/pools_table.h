// The pools as an HTML table: a column for each pool, a row for each number.
#pragma once

#include <string>

#include "control/probe_stats.h"
#include "routing/stats.h"

namespace scidex::status {

std::string PoolsTable(const routing::PoolsStats& stats, const control::ControlStats& control);

}  // namespace scidex::status
