// All statistics of a database, from which the metrics, the page and /api/v1/pools are produced.
#pragma once

#include "control/probe_stats.h"
#include "queries/query_stats.h"
#include "routing/stats.h"

namespace scidex::database {

struct DatabaseStats {
  routing::PoolsStats pools;
  control::ControlStats control;
  queries::QueriesStats queries;
};

}  // namespace scidex::database
