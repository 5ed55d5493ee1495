// A database: its servers, its pools, and what runs on a timer. The values here are the defaults.
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

struct DatabaseOptions {
  // The servers; an empty DSN is libpq's defaults, no value is no such server. read_only is set for
  // each pool here.
  std::optional<postgres::SessionOptions> primary = postgres::SessionOptions{};
  std::optional<postgres::SessionOptions> replica;
  pool::PoolOptions primary_pool;
  pool::PoolOptions ro_pool;
  pool::PoolOptions ro_fallthrough_pool;
  routing::RoutingOptions routing;
  control::ProbeOptions probe;
  control::PoolLoggerOptions pool_logger;
  control::AutoscalerOptions autoscaler;
  // One from the primary has a pool ro_fallthrough made, also where no read may fall through.
  std::vector<queries::QueryOptions> queries;
  // Otherwise they run where Try() is called alone.
  bool schedule_queries = true;
  // Connects under way at once to one server. Of the constructor's options alone.
  std::size_t connects_per_server = 4;
};

}  // namespace scidex::database
