#include "app/query_trials.h"

#include <cstdlib>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "base/log.h"
#include "base/quoted.h"
#include "base/timer.h"
#include "database/database.h"
#include "database/runtime.h"

namespace scidex::app {
namespace {

using queries::QueryError;
using queries::QueryFrom;
using queries::QueryOptions;
using queries::QueryTrial;
using queries::QueryValue;

constexpr auto kAcquireWithin = std::chrono::seconds(10);
constexpr auto kLogFlushedWithin = std::chrono::milliseconds(500);

std::string Count(std::uint64_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing;
}

std::string UseOf(const std::string& column, const QueryOptions& query) {
  for (const std::string& label : query.labels) {
    if (label == column) return "label";
  }
  for (const QueryValue& value : query.values) {
    if (value.column == column) return std::string(base::Name(value.type)) + " " + value.metric;
  }
  return "not used";
}

void Print(const QueryOptions& query, const QueryTrial& trial, const std::string& source,
           std::ostream& out) {
  const auto took = std::chrono::ceil<std::chrono::milliseconds>(trial.took);
  out << query.name << ": ";
  if (trial.error) {
    out << "error " << base::Name(*trial.error) << ": " << trial.message.words;
  } else {
    out << Count(trial.rows, "rows") << ", " << Count(trial.series, "series");
    if (trial.dropped > 0) out << ", " << Count(trial.dropped, "dropped over max_series");
  }
  out << " (" << source << ", " << took.count() << "ms)\n";
  for (const QueryTrial::Column& column : trial.columns) {
    out << "  " << base::Quoted(column.name) << ' '
        << (column.type.empty() ? "of an unknown type" : column.type) << ": "
        << UseOf(column.name, query) << '\n';
  }
}

class Trials {
 public:
  Trials(database::Database& database, std::ostream& out) : database_(database), out_(out) {}

  // Returns whether the query succeeded.
  bool Run(const QueryOptions& query) {
    std::optional<QueryTrial>& without = without_connection_[query.from == QueryFrom::kRoute];
    const QueryTrial trial = without ? *without : database_.TryQuery(query, kAcquireWithin);
    if (trial.error == QueryError::kAcquireTimeout || trial.error == QueryError::kNoRoute)
      without = trial;
    Print(query, trial, SourceOf(query), out_);
    if (trial.error) {
      base::LogWarn("query failed", {{"query", query.name},
                                     {"reason", base::Name(*trial.error)},
                                     {"error", trial.message.ForLog()}});
    }
    return !trial.error;
  }

 private:
  std::string SourceOf(const QueryOptions& query) const {
    if (query.from == QueryFrom::kPrimary) return "from primary";
    return "from route " + std::string(base::Name(database_.pool_stats().route.route));
  }

  database::Database& database_;
  std::ostream& out_;
  // Why a source has no connection: index 1 is the route, 0 the primary.
  std::optional<QueryTrial> without_connection_[2];
};

}  // namespace

bool TryQueries(const config::Config& config, std::ostream& out) {
  database::DatabaseOptions options = config.database;
  options.schedule_queries = false;
  options.probe.canary_interval = base::Duration::zero();
  options.autoscaler.mode = control::AutoscalerMode::kOff;
  const auto runtime = std::make_shared<database::Runtime>();
  auto database = std::make_unique<database::Database>(options, runtime);
  Trials trials(*database, out);
  std::size_t failed = 0;
  for (const QueryOptions& query : config.database.queries) {
    if (!trials.Run(query)) ++failed;
  }
  out << config.database.queries.size() << " queries were run, " << failed << " failed\n"
      << std::flush;
  // A hung server may delay the end.
  const base::Timer::Entry limit(runtime->scheduler.timer(),
                                 base::Add(base::RealClock().Now(), config.shutdown_timeout),
                                 [failed] {
                                   base::FlushLog(kLogFlushedWithin);
                                   std::_Exit(failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
                                 });
  database.reset();
  return failed == 0;
}

}  // namespace scidex::app
