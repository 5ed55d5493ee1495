#include "queries/query_log.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "base/joined.h"
#include "base/log.h"

namespace scidex::queries {

using base::MutexLock;

namespace {

constexpr base::Duration kRemindAfter = std::chrono::hours(1);

// The statement is not always the cause.
std::string_view AdviceOn(QueryError error) {
  switch (error) {
    case QueryError::kNoRoute:
      return "check the route of reads and read_only.fallthrough";
    case QueryError::kAcquireTimeout:
    case QueryError::kQueueFull:
      return "check what holds the pool's connections, and whether its connects fail";
    case QueryError::kTimeout:
      return "check for locks and load, or raise the query's timeout";
    case QueryError::kLost:
      return "check the server of the query's pool";
    default:
      return "correct the query; --config.check.connect runs it once";
  }
}

std::string Shown(const std::set<std::string>& names) {
  constexpr std::size_t kMost = 10;
  return base::Joined(names, ",", std::identity(), kMost);
}

}  // namespace

void QueryLog::OnRun(const QueryStats& before, const QueryStats& after, const RunTimes& times,
                     const std::string& error) {
  if (after.latest_error) return OnFailure(before, after, times, error);
  OnSuccess(before, after, times.ended);
  if (after.dropped > 0 && before.dropped == 0) {
    base::LogWarn("query has more series than max_series; further series are dropped",
                  {{"query", after.options->name}, {"max_series", after.options->max_series}});
  }
}

void QueryLog::OnFailure(const QueryStats& before, const QueryStats& after, const RunTimes& times,
                         const std::string& error) {
  const std::string& name = after.options->name;
  const bool is_joint = LacksConnection(*after.latest_error);
  bool is_news = after.latest_error != before.latest_error;
  {
    const MutexLock lock(mutex_);
    const base::TimePoint now = times.ended;
    if (is_joint) {
      is_news = without_connection_.empty();
      if (is_news) since_ = now;
      without_connection_.insert(name);
      back_.erase(name);
    } else if (without_connection_.erase(name) > 0 && without_connection_.empty()) {
      back_.clear();
    }
    base::TimePoint& reminder =
        is_joint ? joint_reminder_
                 : failures_.try_emplace(name, Failure{now, {}}).first->second.reminder;
    if (!is_news && now < reminder) return;
    reminder = base::Add(now, kRemindAfter);
  }
  base::LogWarn(is_news ? "query failed" : "query still fails",
                {{"query", name},
                 {"reason", base::Name(*after.latest_error)},
                 {"waited_seconds", times.waited},
                 {"ran_seconds", times.used},
                 {"error", error},
                 {"advice", AdviceOn(*after.latest_error)}});
}

void QueryLog::OnSuccess(const QueryStats& before, const QueryStats& after, base::TimePoint ended) {
  const std::string& name = after.options->name;
  std::set<std::string> back{name};
  base::TimePoint since;
  {
    const MutexLock lock(mutex_);
    const auto failure = failures_.extract(name);
    if (without_connection_.erase(name) > 0) {
      back_.insert(name);
      if (!without_connection_.empty()) return;
      back = std::exchange(back_, {});
      since = since_;
    } else if (before.latest_error) {
      since = failure ? failure.mapped().since : ended;
    } else {
      return;
    }
  }
  const bool one = back.size() == 1;
  base::LogInfo(one ? "query answers again" : "queries answer again",
                {{one ? "query" : "queries", Shown(back)}, {"after_seconds", ended - since}});
}

void QueryLog::Forget(const std::string& name) noexcept {
  const MutexLock lock(mutex_);
  back_.erase(name);
  failures_.erase(name);
  if (without_connection_.erase(name) > 0 && without_connection_.empty()) back_.clear();
}

}  // namespace scidex::queries
