#include "queries/query_trial.h"

#include <algorithm>
#include <utility>

#include "queries/query_result.h"

namespace scidex::queries {
namespace {

// Forwards rows, and records everything except their values.
class Watcher final : public RowSink {
 public:
  explicit Watcher(RowSink& sink) : sink_(sink) {}

  bool OnColumns(std::span<const Column> columns) override {
    for (const Column& column : columns) {
      names.emplace_back(column.name);
      types.push_back(column.type);
    }
    return sink_.OnColumns(columns);
  }
  bool OnRow(std::span<const std::optional<std::string_view>> values) override {
    ++rows;
    return sink_.OnRow(values);
  }

  std::vector<std::string> names;
  std::vector<std::uint32_t> types;
  std::uint64_t rows = 0;

 private:
  RowSink& sink_;
};

// Collects the first column of all rows.
class Texts final : public RowSink {
 public:
  bool OnColumns(std::span<const Column>) override { return true; }
  bool OnRow(std::span<const std::optional<std::string_view>> values) override {
    texts.emplace_back(values[0].value_or(""));
    return true;
  }

  std::vector<std::string> texts;
};

// The result already exists: it is shown even if its type names are unknown.
std::vector<std::string> TypeNames(const std::vector<std::uint32_t>& types,
                                   const QueryOptions& options, const QueryAcquire& acquire,
                                   RowReader& reader, base::TimePoint deadline,
                                   const std::stop_token& stop) {
  Texts names;
  std::optional<QueryOutcome> failure;
  pool::Lease lease = AcquireForQuery(acquire, options, deadline, stop, failure);
  if (!failure && !types.empty()) {
    std::string oids;
    for (const std::uint32_t type : types) oids += (oids.empty() ? "" : ",") + std::to_string(type);
    const Reading reading = reader.Read(
        lease.connection(),
        "SELECT pg_catalog.format_type(t.type, NULL) FROM pg_catalog.unnest('{" + oids +
            "}'::pg_catalog.oid[]) WITH ORDINALITY AS t (type, number) ORDER BY t.number",
        deadline, stop, names);
    if (!reading.reusable) lease.Evict(pool::EvictReason::kDead);
  }
  names.texts.resize(types.size());
  return std::move(names.texts);
}

}  // namespace

QueryTrial TryQuery(const QueryOptions& options, const QueryAcquire& acquire, RowReader& reader,
                    base::Clock& clock, base::Duration acquire_within,
                    const std::stop_token& stop) {
  QueryTrial trial;
  std::optional<QueryOutcome> outcome;
  QueryResultBuilder builder(options);
  Watcher watcher(builder);
  {
    pool::Lease lease =
        AcquireForQuery(acquire, options, base::Add(clock.Now(), acquire_within), stop, outcome);
    if (!outcome) {
      const base::TimePoint started = clock.Now();
      outcome = ReadForQuery(lease, reader, options, base::Add(started, options.timeout), stop,
                             builder, watcher);
      trial.took = clock.Now() - started;
    }
  }
  trial.rows = watcher.rows;
  trial.error = outcome->error;
  trial.message = std::move(outcome->message);
  const std::vector<std::string> types =
      watcher.names.empty() ? std::vector<std::string>()
                            : TypeNames(watcher.types, options, acquire, reader,
                                        base::Add(clock.Now(), acquire_within), stop);
  for (std::size_t i = 0; i < watcher.names.size(); ++i) {
    trial.columns.push_back({std::move(watcher.names[i]), types[i]});
  }
  if (!outcome->result) return trial;
  trial.dropped = outcome->result->dropped;
  for (const QueryResult::Row& row : outcome->result->rows) {
    trial.series += static_cast<std::uint64_t>(std::count_if(
        row.values.begin(), row.values.end(), [](const auto& v) { return v.has_value(); }));
  }
  return trial;
}

}  // namespace scidex::queries
