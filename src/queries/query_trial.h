// One run of a query for humans: its columns, and what would become of its rows.
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
    // As formatted by format_type(); empty if the server did not report it.
    std::string type;
  };
  // In the order of the result; empty if there was none.
  std::vector<Column> columns;
  // Number of rows read.
  std::uint64_t rows = 0;
  std::uint64_t series = 0;
  // Number of series above max_series; a lower bound if not all rows were read.
  std::uint64_t dropped = 0;
  // Time spent using the connection.
  base::Duration took{0};
  // Why there would be no series.
  std::optional<QueryError> error;
  // `words` contains no value of a row; `heard` is only for the log.
  base::Explanation message;
};

// Acquires a connection within `acquire_within`, then runs the query once within its own timeout.
QueryTrial TryQuery(const QueryOptions& options, const QueryAcquire& acquire, RowReader& reader,
                    base::Clock& clock, base::Duration acquire_within,
                    const std::stop_token& stop = {});

}  // namespace scidex::queries
