#include "unit/metrics/distinct_sample.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/call_site.h"
#include "base/enum.h"

namespace scidex::metrics {
namespace {

using routing::PoolRole;
using routing::Reason;
using routing::Route;

// Generates numbers, and records the expected text of each.
class Numbers {
 public:
  explicit Numbers(std::vector<std::string>& texts) : texts_(texts) {}

  std::uint64_t Count() {
    texts_.push_back(std::to_string(++last_));
    return last_;
  }

  // "1.234": seconds with three decimals, of which the last is not 0.
  base::Duration Time() {
    if (++last_ % 10 == 0) ++last_;
    std::string text = std::to_string(last_);
    text.insert(text.size() - 3, ".");
    texts_.push_back(text);
    return std::chrono::milliseconds(last_);
  }

  base::WallTime Wall() { return base::WallTime(Time()); }

  template <typename E>
  void Fill(base::EnumArray<E, std::uint64_t>& counts, E first = E{}) {
    for (auto i = static_cast<std::size_t>(first); i < base::kEnumCount<E>; ++i) {
      counts[static_cast<E>(i)] = Count();
    }
  }

  // Observations in each bucket, and above all bounds.
  void Fill(pool::Histogram& histogram) {
    std::size_t times = ++histograms_;
    for (const base::Duration bound : histogram.bounds()) {
      for (std::size_t i = 0; i < times; ++i) histogram.Observe(bound);
      ++times;
    }
    histogram.Observe(std::chrono::hours(histograms_));
  }

 private:
  std::vector<std::string>& texts_;
  std::uint64_t last_ = 1000;
  std::size_t histograms_ = 0;
};

pool::PoolStats MakePool(Numbers& numbers) {
  pool::PoolStats stats;
  for (std::size_t* field : {&stats.size, &stats.connecting, &stats.idle, &stats.in_use,
                             &stats.max_size, &stats.target_size, &stats.min_idle, &stats.waiters,
                             &stats.client_waiters, &stats.max_waiters, &stats.retired_leases}) {
    *field = numbers.Count();
  }
  stats.oldest_waiter = numbers.Time();
  stats.acquire_timeout = numbers.Time();
  stats.leak_after = numbers.Time();
  stats.oldest_leases = {{base::CallSite::current(), numbers.Time()},
                         {base::CallSite::current(), std::chrono::milliseconds(5)}};
  numbers.Fill(stats.acquires);
  numbers.Fill(stats.connects);
  numbers.Fill(stats.evictions);
  numbers.Fill(stats.resizes[pool::ResizeDirection::kUp]);
  numbers.Fill(stats.resizes[pool::ResizeDirection::kDown]);
  numbers.Fill(stats.read_only_proofs, pool::ReadOnlyProof::kReported);
  for (std::uint64_t* field :
       {&stats.read_only_violations, &stats.read_only_tampered, &stats.read_only_writes,
        &stats.read_only_unproven, &stats.leases_leaked}) {
    *field = numbers.Count();
  }
  for (pool::Histogram* histogram : {&stats.acquire_wait, &stats.use, &stats.connect}) {
    numbers.Fill(*histogram);
  }
  return stats;
}

routing::RouteStats MakeRoute(Numbers& numbers) {
  routing::RouteStats stats;
  stats.route = Route::kPrimaryFallthrough;
  stats.reason = Reason::kConnectRefused;
  stats.decided = true;
  for (std::size_t i = 0; i < base::kEnumCount<Route>; ++i) {
    const auto from = static_cast<Route>(i);
    for (std::size_t j = 0; j < base::kEnumCount<Route>; ++j) {
      if (i != j) stats.transitions[from][static_cast<Route>(j)] = numbers.Count();
    }
    stats.in_force[from] = numbers.Time();
  }
  stats.last_transition = numbers.Wall();
  numbers.Fill(stats.acquires);
  return stats;
}

control::ProbeStats MakeProbe(PoolRole role, Numbers& numbers) {
  control::ProbeStats stats;
  stats.up = role != PoolRole::kRo;
  stats.in_recovery = role == PoolRole::kRo;
  stats.writable = role == PoolRole::kPrimary;
  stats.behind_pooler = role == PoolRole::kRoFallthrough;
  stats.last_run = numbers.Wall();
  stats.last_success = numbers.Wall();
  stats.duration = numbers.Time();
  stats.interval = numbers.Time();
  stats.timeout = numbers.Time();
  stats.probes = numbers.Count();
  stats.address = std::make_shared<const routing::ServerAddress>(
      routing::ServerAddress{role == PoolRole::kRo ? "db2" : "db1", "5432", "a \"name\""});
  numbers.Fill(stats.failures, Reason::kNameNotResolved);
  return stats;
}

control::AutoscalerStats MakeAutoscaler(Numbers& numbers) {
  control::AutoscalerStats stats;
  stats.mode = control::AutoscalerMode::kDryRun;
  for (std::size_t i = 0; i < base::kEnumCount<PoolRole>; ++i) {
    control::ScalingStats& pool = stats.pools[static_cast<PoolRole>(i)];
    numbers.Fill(pool.decisions);
    pool.budget = numbers.Count();
  }
  return stats;
}

// One with two rows, one of whose values is missing, and one without a result.
queries::QueriesStats MakeQueries(Numbers& numbers) {
  queries::QueriesStats queries;
  for (const char* name : {"orders", "nothing"}) {
    queries::QueryOptions options;
    options.name = name;
    options.labels = {"state"};
    options.values = {
        {"waiting", std::string(name) + "_waiting_seconds", queries::ValueType::kGauge, "A \\."},
        {"taken", std::string(name) + "_taken_total", queries::ValueType::kCounter, "Taken."}};
    queries::QueryStats& query = queries.emplace_back();
    query.options = std::make_shared<const queries::QueryOptions>(options);
    numbers.Fill(query.errors);
    for (std::uint64_t* field :
         {&query.runs, &query.missed, &query.dropped_series, &query.rows, &query.dropped})
      *field = numbers.Count();
    for (base::Duration* field : {&query.duration, &query.waited, &query.used})
      *field = numbers.Time();
    query.last_run = numbers.Wall();
    query.last_success = numbers.Wall();
  }
  queries::QueryResult result;
  result.rows = {{{"new \"\\\n"}, {0.5, 7}}, {{""}, {std::nullopt, 8}}};
  queries[0].result = std::make_shared<const queries::QueryResult>(result);
  return queries;
}

}  // namespace

DistinctSample MakeDistinctSample() {
  DistinctSample sample;
  Numbers numbers(sample.numbers);
  Snapshot& snapshot = sample.snapshot;
  for (std::size_t i = 0; i < base::kEnumCount<PoolRole>; ++i) {
    const auto role = static_cast<PoolRole>(i);
    snapshot.pools.pools[role] = MakePool(numbers);
    snapshot.control.probes[role] = MakeProbe(role, numbers);
  }
  snapshot.pools.ro_dsn_configured = true;
  snapshot.pools.max_lag = numbers.Time();
  snapshot.pools.route = MakeRoute(numbers);
  snapshot.control.replica = {
      .lag = numbers.Time(), .lag_bytes = numbers.Count(), .stale = true, .wal_receiver_up = true};
  snapshot.control.canaries[PoolRole::kRo] = {true, control::CanaryProof::kRecovery,
                                              numbers.Wall()};
  snapshot.control.canaries[PoolRole::kRoFallthrough] = {false, control::CanaryProof::kSetting,
                                                         numbers.Wall()};
  snapshot.control.autoscaler = MakeAutoscaler(numbers);

  snapshot.exporter.build = {"1.2.3", "0123abc", "gcc 12.2.0"};
  snapshot.exporter.config_last_reload_success = numbers.Wall();
  for (const int code : {200, 404, 503}) {
    snapshot.exporter.http_requests.emplace_back(code, numbers.Count());
  }
  numbers.Fill(snapshot.exporter.log_messages);
  snapshot.exporter.textfile_written = numbers.Wall();
  snapshot.exporter.textfile_writes = numbers.Count();
  snapshot.exporter.textfile_write_failures = numbers.Count();

  snapshot.process.cpu = numbers.Time();
  snapshot.process.max_fds = static_cast<double>(numbers.Count());
  for (std::optional<std::uint64_t>* field :
       {&snapshot.process.open_fds, &snapshot.process.virtual_memory_bytes,
        &snapshot.process.resident_memory_bytes, &snapshot.process.threads}) {
    *field = numbers.Count();
  }
  snapshot.process.start = numbers.Wall();
  snapshot.queries = MakeQueries(numbers);
  return sample;
}

}  // namespace scidex::metrics
