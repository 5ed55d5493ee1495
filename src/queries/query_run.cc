#include "queries/query_run.h"

#include <exception>
#include <utility>

#include "pool/errors.h"

namespace scidex::queries {
namespace {

QueryError ErrorOf(Reading::Result result) {
  switch (result) {
    case Reading::Result::kNoRows:
      return QueryError::kNoRows;
    case Reading::Result::kRefused:
      return QueryError::kRefused;
    case Reading::Result::kWriteRefused:
      return QueryError::kWriteRefused;
    case Reading::Result::kTimeout:
      return QueryError::kTimeout;
    case Reading::Result::kWhole:
    case Reading::Result::kCut:
    case Reading::Result::kLost:
      break;
  }
  return QueryError::kLost;
}

}  // namespace

pool::Lease AcquireForQuery(const QueryAcquire& acquire, const QueryOptions& options,
                            base::TimePoint deadline, const std::stop_token& stop,
                            std::optional<QueryOutcome>& failure) {
  const auto fail = [&failure](QueryError error, const std::exception& why) {
    failure = QueryOutcome{nullptr, error, {why.what(), ""}};
    return pool::Lease();
  };
  try {
    return acquire(options, deadline, stop).Forward();
  } catch (const pool::AcquireTimeout& error) {
    return fail(QueryError::kAcquireTimeout, error);
  } catch (const pool::QueueFull& error) {
    return fail(QueryError::kQueueFull, error);
  } catch (const pool::AcquireError& error) {
    return fail(QueryError::kNoRoute, error);
  }
}

QueryOutcome ReadForQuery(pool::Lease& lease, RowReader& reader, const QueryOptions& options,
                          base::TimePoint deadline, const std::stop_token& stop,
                          QueryResultBuilder& builder, RowSink& sink) {
  Reading reading = reader.Read(lease.connection(), options.sql, deadline, stop, sink);
  if (!reading.reusable) {
    lease.Evict(reading.result == Reading::Result::kCut ? pool::EvictReason::kBorrower
                                                        : pool::EvictReason::kDead);
  }
  if (reading.result == Reading::Result::kNoRows) {
    reading.message = {"the statement does not return rows; write a SELECT", ""};
  }
  if (reading.result != Reading::Result::kWhole && reading.result != Reading::Result::kCut) {
    return {nullptr, ErrorOf(reading.result), std::move(reading.message)};
  }
  if (builder.failure())
    return {nullptr, builder.failure()->error, {builder.failure()->message, ""}};
  return {std::make_shared<const QueryResult>(builder.Take()), std::nullopt, {}};
}

}  // namespace scidex::queries
