// Logs when queries fail and when they succeed again.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "queries/query_stats.h"

namespace scidex::queries {

// Time that a run waited for a connection, time that it used one, and when it ended.
struct RunTimes {
  base::Duration waited{0};
  base::Duration used{0};
  base::TimePoint ended{};
};

// Runs that fail because they get no connection have one cause: only the first is logged, and one
// line reports when the last of these queries has recovered. A continuing failure is logged again
// after an hour. Thread-safe.
class QueryLog {
 public:
  // Called when a run has ended that changed the statistics from `before` to `after`.
  void OnRun(const QueryStats& before, const QueryStats& after, const RunTimes& times,
             const std::string& error);
  // The query no longer exists.
  void Forget(const std::string& name) noexcept;

 private:
  // Of a single query that got a connection.
  struct Failure {
    base::TimePoint since{};
    base::TimePoint reminder{};
  };

  void OnFailure(const QueryStats& before, const QueryStats& after, const RunTimes& times,
                 const std::string& error);
  void OnSuccess(const QueryStats& before, const QueryStats& after, base::TimePoint ended);

  base::Mutex mutex_;
  // Queries whose latest run got no connection, since when there have been any, those of them that
  // have recovered, and when the continuing failure is logged again.
  std::set<std::string> without_connection_ SCIDEX_GUARDED_BY(mutex_);
  base::TimePoint since_ SCIDEX_GUARDED_BY(mutex_){};
  std::set<std::string> back_ SCIDEX_GUARDED_BY(mutex_);
  base::TimePoint joint_reminder_ SCIDEX_GUARDED_BY(mutex_){};
  std::map<std::string, Failure> failures_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::queries
