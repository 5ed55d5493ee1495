#include "queries/query_runner.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <iterator>
#include <utility>

#include "queries/query_result.h"

namespace scidex::queries {

using base::MutexLock;
using base::TimePoint;

namespace {

constexpr base::Duration kFirstRunWithin = std::chrono::seconds(5);
constexpr base::Duration kFirstRetryAfter = std::chrono::seconds(15);
constexpr base::Duration kMaxRetryAfter = std::chrono::minutes(5);

// Whether the statement was not sent: one that was may be what broke the connection.
bool MayRunAgain(QueryError error) {
  return error == QueryError::kNoRoute || error == QueryError::kAcquireTimeout ||
         error == QueryError::kQueueFull;
}

// Only the counters remain, and what the query is doing.
void ForgetLatestRun(QueryStats& stats) noexcept {
  stats.latest_error.reset();
  stats.latest_message.clear();
  stats.last_run = stats.last_success = base::WallTime{};
  stats.duration = base::Duration::zero();
}

}  // namespace

// The future list of queries: for each, the existing query or a new one, and its options if they
// differ.
class QueryRunner::Change {
 public:
  struct Entry {
    std::shared_ptr<Query> query;
    std::shared_ptr<const QueryOptions> options;
  };
  std::vector<Entry> entries;
  std::vector<std::shared_ptr<Query>> queries;
  std::vector<std::shared_ptr<Query>> removed;
};

// Ends a run even if it throws.
class QueryRunner::UnderWay {
 public:
  UnderWay(QueryRunner& runner, Query& query) : runner_(runner), query_(query) {}
  ~UnderWay() { runner_.OnEnded(query_); }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  QueryRunner& runner_;
  Query& query_;
};

QueryRunner::QueryRunner(const std::vector<QueryOptions>& queries, QueryAcquire acquire,
                         RowReader& reader, base::Scheduler& scheduler, std::uint32_t seed)
    : acquire_(std::move(acquire)),
      reader_(reader),
      scheduler_(scheduler),
      clock_(scheduler.clock()),
      random_(seed),
      task_(scheduler, base::TaskKind::kQuerySchedule,
            [this](const std::stop_token&) { return StartDue(); }) {
  Apply(*Prepare(queries));
  task_.Start(base::kNever);
}

QueryRunner::~QueryRunner() { Stop(); }

void QueryRunner::Stop() {
  task_.Stop();
  stop_.request_stop();
  MutexLock lock(mutex_);
  while (under_way_ > 0) ended_.Wait(mutex_);
}

std::shared_ptr<QueryRunner::Change> QueryRunner::Prepare(
    const std::vector<QueryOptions>& queries) {
  auto change = std::make_shared<Change>();
  MutexLock lock(mutex_);
  for (const QueryOptions& options : queries) {
    Change::Entry entry{Find(options.name), nullptr};
    if (entry.query == nullptr) entry.query = std::make_shared<Query>();
    if (!IsThere(*entry.query) || *entry.query->stats.options != options)
      entry.options = std::make_shared<const QueryOptions>(options);
    change->queries.push_back(entry.query);
    change->entries.push_back(std::move(entry));
  }
  change->removed = RemovedAfter(change->queries);
  return change;
}

std::shared_ptr<QueryRunner::Query> QueryRunner::Find(const std::string& name) const {
  for (const auto* queries : {&queries_, &removed_}) {
    for (const auto& query : *queries) {
      if (query->stats.options->name == name) return query;
    }
  }
  return nullptr;
}

std::vector<std::shared_ptr<QueryRunner::Query>> QueryRunner::RemovedAfter(
    const std::vector<std::shared_ptr<Query>>& queries) const {
  std::vector<std::shared_ptr<Query>> removed;
  for (const auto* known : {&removed_, &queries_}) {
    std::copy_if(known->begin(), known->end(), std::back_inserter(removed), [&](const auto& query) {
      return std::find(queries.begin(), queries.end(), query) == queries.end();
    });
  }
  if (removed.size() > kMaxRemoved) {
    removed.erase(removed.begin(), removed.end() - static_cast<std::ptrdiff_t>(kMaxRemoved));
  }
  return removed;
}

void QueryRunner::Apply(Change& change) noexcept {
  {
    MutexLock lock(mutex_);
    for (Change::Entry& entry : change.entries) {
      if (!entry.options) continue;
      Query& query = *entry.query;
      if (!IsThere(query)) ForgetLatestRun(query.stats);
      query.stats.options = std::move(entry.options);
      query.stats.result = nullptr;
      query.stats.rows = query.stats.dropped = 0;
      std::uniform_int_distribution<base::Duration::rep> offset(
          0, std::min(query.stats.options->interval, kFirstRunWithin).count());
      query.due = base::Add(clock_.Now(), base::Duration(offset(random_)));
      query.retry = base::kNever;
      query.retry_after = base::Duration::zero();
    }
    queries_.swap(change.queries);
    removed_.swap(change.removed);
    for (const auto& query : change.queries) {
      if (IsThere(*query)) continue;
      log_.Forget(query->stats.options->name);
      query->stats.result = nullptr;
    }
  }
  task_.Trigger();
}

bool QueryRunner::IsThere(const Query& query) const {
  return std::any_of(queries_.begin(), queries_.end(),
                     [&query](const auto& one) { return one.get() == &query; });
}

QueriesStats QueryRunner::Stats() const {
  MutexLock lock(mutex_);
  QueriesStats stats;
  stats.reserve(queries_.size());
  const TimePoint now = clock_.Now();
  for (const auto& query : queries_) {
    QueryStats& one = stats.emplace_back(query->stats);
    if (one.last_success != base::WallTime{}) one.since_last_success = now - query->succeeded_at;
  }
  return stats;
}

TimePoint QueryRunner::StartDue() {
  const TimePoint now = clock_.Now();
  TimePoint next = base::kNever;
  MutexLock lock(mutex_);
  for (const auto& query : queries_) {
    if (query->due <= now) {
      const QueryOptions& options = *query->stats.options;
      // Runs whose time passed while this process was not running.
      const auto passed = (now - query->due) / options.interval;
      const TimePoint due = query->due + passed * options.interval;
      query->due = base::Add(due, options.interval);
      query->retry = base::kNever;
      query->stats.missed += static_cast<std::uint64_t>(passed);
      if (query->stats.activity != QueryActivity::kIdle) {
        ++query->stats.missed;
      } else {
        Submit(query, std::min(base::Add(now, options.timeout), query->due));
      }
    } else if (query->retry <= now) {
      query->retry = base::kNever;
      Submit(query, std::min(base::Add(now, query->stats.options->timeout), query->due));
    }
    next = std::min({next, query->due, query->retry});
  }
  return next;
}

void QueryRunner::Submit(const std::shared_ptr<Query>& query, TimePoint deadline) {
  scheduler_.executor().Submit(base::TaskKind::kQuery,
                               [this, query, options = query->stats.options, deadline] {
                                 const UnderWay until_the_end(*this, *query);
                                 Run(query, options, deadline);
                               });
  query->stats.activity = QueryActivity::kWaiting;
  ++under_way_;
}

void QueryRunner::OnEnded(Query& query) noexcept {
  MutexLock lock(mutex_);
  query.stats.activity = QueryActivity::kIdle;
  if (--under_way_ == 0) ended_.NotifyAll();
}

void QueryRunner::Run(const std::shared_ptr<Query>& query,
                      const std::shared_ptr<const QueryOptions>& options, TimePoint deadline) {
  const TimePoint started = clock_.Now();
  Outcome outcome;
  try {
    outcome = RunOnce(*query, *options, deadline);
  } catch (const std::exception& error) {
    outcome.error = QueryError::kLost;
    outcome.message = {"the run failed", error.what()};
  }
  Record(*query, *options, std::move(outcome), clock_.Now() - started);
}

QueryRunner::Outcome QueryRunner::RunOnce(Query& query, const QueryOptions& options,
                                          TimePoint deadline) {
  const TimePoint started = clock_.Now();
  std::optional<QueryOutcome> outcome;
  pool::Lease lease = AcquireForQuery(acquire_, options, deadline, stop_.get_token(), outcome);
  const TimePoint acquired = clock_.Now();
  {
    MutexLock lock(mutex_);
    query.stats.waited += acquired - started;
    if (!outcome) query.stats.activity = QueryActivity::kRunning;
  }
  RunTimes times{acquired - started, base::Duration::zero(), {}};
  if (outcome) return {std::move(*outcome), stop_.stop_requested(), times};
  QueryResultBuilder builder(options);
  outcome = ReadForQuery(lease, reader_, options, deadline, stop_.get_token(), builder, builder);
  lease.Release();
  MutexLock lock(mutex_);
  times.used = clock_.Now() - acquired;
  query.stats.used += times.used;
  // An existing result is recorded even during Stop().
  return {std::move(*outcome), !outcome->result && stop_.stop_requested(), times};
}

void QueryRunner::Record(Query& query, const QueryOptions& options, Outcome outcome,
                         base::Duration took) {
  if (outcome.stopped) return;
  QueryStats before;
  QueryStats after;
  bool is_there = false;
  TimePoint retry = base::kNever;
  {
    MutexLock lock(mutex_);
    is_there = IsThere(query);
    QueryStats& stats = query.stats;
    before = stats;
    stats.activity = QueryActivity::kIdle;
    ++stats.runs;
    stats.duration = took;
    stats.last_run = clock_.WallNow();
    outcome.times.ended = clock_.Now();
    // False if the query was changed or removed during the run.
    const bool current = is_there && stats.options.get() == &options;
    if (outcome.result) {
      stats.latest_error.reset();
      stats.latest_message.clear();
      stats.last_success = stats.last_run;
      query.succeeded_at = outcome.times.ended;
      stats.dropped_series += outcome.result->dropped;
      if (current) {
        stats.rows = outcome.result->rows.size();
        stats.dropped = outcome.result->dropped;
        stats.result = std::move(outcome.result);
      }
    } else {
      ++stats.errors[*outcome.error];
      stats.latest_error = outcome.error;
      stats.latest_message = outcome.message.words;
      if (current && options.on_error == QueryOnError::kDrop) {
        stats.result = nullptr;
        stats.rows = 0;
      }
    }
    if (current && stats.latest_error && MayRunAgain(*stats.latest_error)) {
      ScheduleRetry(query);
    } else if (current) {
      query.retry_after = base::Duration::zero();
    }
    after = stats;
    retry = query.retry;
  }
  task_.TriggerAt(retry);
  if (is_there) log_.OnRun(before, after, outcome.times, outcome.message.ForLog());
}

// From the end of the run, so that runs do not overlap.
void QueryRunner::ScheduleRetry(Query& query) {
  query.retry_after = query.retry_after == base::Duration::zero()
                          ? kFirstRetryAfter
                          : std::min(2 * query.retry_after, kMaxRetryAfter);
  const TimePoint retry = base::Add(clock_.Now(), query.retry_after);
  // With less time, the retry could time out at the next run's expense, which would be missed.
  const QueryOptions& options = *query.stats.options;
  const base::Duration needed = std::min(options.timeout, options.interval / 2);
  if (base::Add(retry, needed) <= query.due) query.retry = retry;
}

}  // namespace scidex::queries
