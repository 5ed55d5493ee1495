// Runs the configured queries, each on its own schedule, and keeps their results.
//
// A query is due once per interval, starting at a random moment so that queries are spread out; the
// schedule does not drift. After a run that failed for lack of a connection, further runs are due
// earlier, until one does not: 15 s after its end, then after twice as long each time, up to 5 min.
// They do not change the schedule, and leave the next run of the schedule its time. A run acquires
// a connection like any borrower, so if the pools are too small, it appears as a waiter. At its
// deadline a run is ended: a query that hangs occupies one connection and one thread until then,
// and does not delay other queries.
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
#include "queries/options.h"
#include "queries/query_log.h"
#include "queries/query_run.h"
#include "queries/query_stats.h"
#include "queries/row_reader.h"

namespace scidex::queries {

// Thread-safe.
class QueryRunner {
 public:
  // Maximum number of removed queries whose counters are kept.
  static constexpr std::size_t kMaxRemoved = 1000;

  // The first run of each query is due within its interval, and within kFirstRunWithin. `reader`
  // and `scheduler` must outlive the runner.
  QueryRunner(const std::vector<QueryOptions>& queries, QueryAcquire acquire, RowReader& reader,
              base::Scheduler& scheduler, std::uint32_t seed = std::random_device{}());
  // Calls Stop().
  ~QueryRunner();

  // A prepared change of the queries.
  class Change;
  // Does everything that can fail. The change must be applied before the next one is prepared.
  std::shared_ptr<Change> Prepare(const std::vector<QueryOptions>& queries);

  // Replaces the queries. An unchanged query keeps its schedule and result; a changed one has no
  // result until its next run. The counters of both continue, by name; so do those of a query that
  // was removed and is added again, unless kMaxRemoved others were removed after it.
  void Apply(Change& change) noexcept;

  // Stops all runs in progress and waits for them. Idempotent.
  void Stop();

  QueriesStats Stats() const;

 private:
  struct Query {
    // Without since_last_success.
    QueryStats stats;
    // End of the latest successful run.
    base::TimePoint succeeded_at{};
    base::TimePoint due{};
    // An additional run before `due`; kNever if there is none.
    base::TimePoint retry = base::kNever;
    // Delay before it was due; 0 if the latest run did not lack a connection.
    base::Duration retry_after{0};
  };
  struct Outcome : QueryOutcome {
    // This runner is being stopped.
    bool stopped = false;
    RunTimes times = {};
  };

  base::TimePoint StartDue();
  void Submit(const std::shared_ptr<Query>& query, base::TimePoint deadline)
      SCIDEX_REQUIRES(mutex_);
  // The existing or removed query of this name; null if there is none.
  std::shared_ptr<Query> Find(const std::string& name) const SCIDEX_REQUIRES(mutex_);
  // Those of removed_ once `queries` are the existing ones.
  std::vector<std::shared_ptr<Query>> RemovedAfter(
      const std::vector<std::shared_ptr<Query>>& queries) const SCIDEX_REQUIRES(mutex_);
  // Whether the query still exists after changes.
  bool IsThere(const Query& query) const SCIDEX_REQUIRES(mutex_);
  class UnderWay;
  void OnEnded(Query& query) noexcept;
  void Run(const std::shared_ptr<Query>& query, const std::shared_ptr<const QueryOptions>& options,
           base::TimePoint deadline);
  Outcome RunOnce(Query& query, const QueryOptions& options, base::TimePoint deadline);
  void Record(Query& query, const QueryOptions& options, Outcome outcome, base::Duration took);
  void ScheduleRetry(Query& query) SCIDEX_REQUIRES(mutex_);

  const QueryAcquire acquire_;
  RowReader& reader_;
  base::Scheduler& scheduler_;
  base::Clock& clock_;
  std::stop_source stop_;
  QueryLog log_;

  mutable base::Mutex mutex_;
  base::CondVar ended_;
  // Number of submitted runs that have not ended.
  std::size_t under_way_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::minstd_rand random_ SCIDEX_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Query>> queries_ SCIDEX_GUARDED_BY(mutex_);
  // Removed queries, for their counters; oldest first.
  std::vector<std::shared_ptr<Query>> removed_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses all other members.
  base::PeriodicTask task_;
};

}  // namespace scidex::queries
