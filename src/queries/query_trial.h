// One run of a query for people: what comes back, and what would become of it.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/explanation.h"
#include "base/time.h"
#include "queries/options.h"
#include "queries/query_run.h"
#include "queries/query_stats.h"
#include "queries/row_reader.h"

namespace scidex::queries {

struct QueryTrial {
  struct Column {
    std::string name;
    // As format_type() has it; empty where the server did not tell.
    std::string type;
  };
  // In the order of the result; empty where there was none.
  std::vector<Column> columns;
  // Those that were read.
  std::uint64_t rows = 0;
  std::uint64_t series = 0;
  // Over max_series; at least so many, if not all was read.
  std::uint64_t dropped = 0;
  // With the connection.
  base::Duration took{0};
  // Why there would be no series.
  std::optional<QueryError> error;
  // Holds no value of a row; as of Explanation, `heard` is for the log alone.
  base::Explanation message;
};

// Acquires a connection within `acquire_within`, then runs the query once within its own timeout.
QueryTrial TryQuery(const QueryOptions& options, const QueryAcquire& acquire, RowReader& reader,
                    base::Clock& clock, base::Duration acquire_within,
                    const std::stop_token& stop = {});

}  // namespace scidex::queries
