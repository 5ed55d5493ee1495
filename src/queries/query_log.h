// What the log says of the runs of the queries: that one fails, and that it no longer does.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "queries/query_stats.h"

namespace scidex::queries {

// What of a run was waiting for a connection, and what was with it.
struct RunTimes {
  base::Duration waited{0};
  base::Duration used{0};
};

// Runs that fail for want of a connection have one cause: the first of them is logged, and when the
// last of them has ended, one line tells of all. A failure that goes on is logged again after an
// hour. Thread safe.
class QueryLog {
 public:
  explicit QueryLog(base::Clock& clock) : clock_(clock) {}

  // A run has ended that made `after` of `before`.
  void OnRun(const QueryStats& before, const QueryStats& after, const RunTimes& times,
             const std::string& error);
  // There is no such query any more.
  void Forget(const std::string& name) noexcept;

 private:
  void OnFailure(const QueryStats& before, const QueryStats& after, const RunTimes& times,
                 const std::string& error);
  void OnSuccess(const QueryStats& before, const QueryStats& after);

  base::Clock& clock_;
  base::Mutex mutex_;
  // Queries whose latest run found no connection, since when there are any, and those that were
  // among them and run again.
  std::set<std::string> without_connection_ SCIDEX_GUARDED_BY(mutex_);
  base::TimePoint since_ SCIDEX_GUARDED_BY(mutex_){};
  std::set<std::string> back_ SCIDEX_GUARDED_BY(mutex_);
  // When a failure that goes on is logged again: the one for want of a connection, and that of each
  // other query.
  base::TimePoint joint_reminder_ SCIDEX_GUARDED_BY(mutex_){};
  std::map<std::string, base::TimePoint> reminders_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::queries
