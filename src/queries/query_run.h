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

// Acquires a lease of a read-only session for the query by `deadline`. Throws a pool::AcquireError.
using QueryAcquire = std::function<pool::Lease(
    const QueryOptions& options, base::TimePoint deadline, const std::stop_token& stop)>;

// The outcome of a run: a result, or an error with its explanation.
struct QueryOutcome {
  std::shared_ptr<const QueryResult> result;
  std::optional<QueryError> error;
  base::Explanation message;
};

// Returns a lease; if that fails, sets `failure` and returns an empty lease. Exceptions other than
// pool::AcquireError are passed on.
pool::Lease AcquireForQuery(const QueryAcquire& acquire, const QueryOptions& options,
                            base::TimePoint deadline, const std::stop_token& stop,
                            std::optional<QueryOutcome>& failure);

// Runs the statement and builds a result from its rows, which go to `sink`: `builder` itself, or a
// sink that forwards to it. Evicts the session if it cannot be reused.
QueryOutcome ReadForQuery(pool::Lease& lease, RowReader& reader, const QueryOptions& options,
                          base::TimePoint deadline, const std::stop_token& stop,
                          QueryResultBuilder& builder, RowSink& sink);

}  // namespace scidex::queries
