// The steps of one run of a query, for the schedule and for a trial.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/explanation.h"
#include "base/time.h"
#include "pool/lease.h"
#include "queries/options.h"
#include "queries/query_result.h"
#include "queries/query_stats.h"
#include "queries/row_reader.h"

namespace scidex::queries {

// A lease of a read-only session by `deadline`, for the query with these options; throws a
// pool::AcquireError.
using QueryAcquire = std::function<pool::Lease(
    const QueryOptions& options, base::TimePoint deadline, const std::stop_token& stop)>;

// What a run found: a result, or an error with its explanation.
struct QueryOutcome {
  std::shared_ptr<const QueryResult> result;
  std::optional<QueryError> error;
  base::Explanation message;
};

// A lease, or why there is none in `failure`. Throws what is no pool::AcquireError.
pool::Lease AcquireForQuery(const QueryAcquire& acquire, const QueryOptions& options,
                            base::TimePoint deadline, const std::stop_token& stop,
                            std::optional<QueryOutcome>& failure);

// Runs the statement and makes a result of its rows, which go to `sink`: `builder`, or what passes
// them on to it. Evicts the session where it cannot be used again.
QueryOutcome ReadForQuery(pool::Lease& lease, RowReader& reader, const QueryOptions& options,
                          base::TimePoint deadline, const std::stop_token& stop,
                          QueryResultBuilder& builder, RowSink& sink);

}  // namespace scidex::queries
