// Runs the configured queries, each on its own schedule, and keeps what they found.
//
// A run is due every interval, from a random moment on, so that queries spread; a schedule does not
// drift. A run takes a connection as any borrower does: where the pools do not suffice, it is a
// waiter that can be seen. Each has its deadline, after which nothing of it is left: a query that
// hangs holds one connection until then, and a thread, and keeps no other query waiting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"
#include "control/options.h"
#include "control/query_log.h"
#include "control/query_run.h"
#include "control/query_stats.h"
#include "control/row_reader.h"

namespace scidex::control {

// Thread safe.
class QueryRunner {
 public:
  // The first run of each query is due within its interval, and within kFirstRunWithin. The
  // references outlive the runner.
  QueryRunner(const std::vector<QueryOptions>& queries, QueryAcquire acquire, RowReader& reader,
              base::Scheduler& scheduler, std::uint32_t seed = std::random_device{}());
  // As Stop().
  ~QueryRunner();

  // What is under way to become the queries of the runner.
  class Change;
  // Everything of a change that can fail; to be applied before the next one is prepared.
  std::shared_ptr<Change> Prepare(const std::vector<QueryOptions>& queries);

  // Goes on with these queries. One that has not changed keeps its schedule and its result; one
  // that has changed has no result until its next run; the counters of both go on, by name.
  void Apply(Change& change) noexcept;

  // Ends all runs under way, and returns when they have ended. Idempotent.
  void Stop();

  QueriesStats Stats() const;

 private:
  struct Query {
    QueryStats stats;
    base::TimePoint due{};
  };
  struct Outcome : QueryOutcome {
    // This runner is ending.
    bool stopped = false;
    RunTimes times = {};
  };

  base::TimePoint StartDue();
  void Submit(const std::shared_ptr<Query>& query, base::TimePoint deadline)
      SCIDEX_REQUIRES(mutex_);
  // It was not taken away by a change.
  bool IsThere(const Query& query) const SCIDEX_REQUIRES(mutex_);
  class UnderWay;
  void OnEnded(Query& query) noexcept;
  void Run(const std::shared_ptr<Query>& query, const std::shared_ptr<const QueryOptions>& options,
           base::TimePoint deadline);
  Outcome RunOnce(Query& query, const QueryOptions& options, base::TimePoint deadline);
  void Record(Query& query, const QueryOptions& options, Outcome outcome, base::Duration took);

  const QueryAcquire acquire_;
  RowReader& reader_;
  base::Scheduler& scheduler_;
  base::Clock& clock_;
  std::stop_source stop_;
  QueryLog log_;

  mutable base::Mutex mutex_;
  base::CondVar ended_;
  // Runs that were submitted and have not ended.
  std::size_t under_way_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::minstd_rand random_ SCIDEX_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Query>> queries_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses everything above.
  base::PeriodicTask task_;
};

}  // namespace scidex::control
