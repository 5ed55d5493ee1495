// Options of a database: its servers, its pools and its periodic work. The values here are the
// defaults.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "control/options.h"
#include "pool/options.h"
#include "postgres/options.h"
#include "queries/options.h"
#include "routing/options.h"

namespace scidex::database {

// Smaller than the other pools, because it takes connections of the primary, which writers need.
inline pool::PoolOptions DefaultFallthroughPool() {
  pool::PoolOptions options;
  options.min_idle = 1;
  options.max_size = 5;
  return options;
}

struct DatabaseOptions {
  // An empty DSN means libpq's defaults; no value means that there is no such server. read_only is
  // set for each pool and ignored here.
  std::optional<postgres::SessionOptions> primary = postgres::SessionOptions{};
  std::optional<postgres::SessionOptions> replica;
  pool::PoolOptions primary_pool;
  pool::PoolOptions ro_pool;
  pool::PoolOptions ro_fallthrough_pool = DefaultFallthroughPool();
  routing::RoutingOptions routing;
  control::ProbeOptions probe;
  control::PoolLoggerOptions pool_logger;
  control::AutoscalerOptions autoscaler;
  // A query from the primary creates the pool ro_fallthrough even if no read may fall through.
  std::vector<queries::QueryOptions> queries;
  // If false, queries run only when TryQuery() is called.
  bool schedule_queries = true;
  // Maximum number of concurrent connects to one server. Reconfigure() cannot change it.
  std::size_t connects_per_server = 4;
};

}  // namespace scidex::database
