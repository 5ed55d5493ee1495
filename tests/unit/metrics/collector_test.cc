#include "metrics/collector.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/metrics/distinct_sample.h"

namespace scidex::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using routing::PoolRole;
using testing::ElementsAre;

std::vector<MetricFamily> Collect(Part part, const Snapshot& snapshot) {
  return Collector(part, [&snapshot] { return snapshot; }).Collect();
}

MetricFamily Find(const std::vector<MetricFamily>& families, const std::string& name) {
  const auto found =
      std::find_if(families.begin(), families.end(),
                   [&name](const MetricFamily& family) { return family.name == name; });
  if (found == families.end()) throw std::out_of_range(name);
  return *found;
}

// The values of the labels of each series, joined by "/", and what the series shows.
std::map<std::string, double> Series(const MetricFamily& family) {
  std::map<std::string, double> series;
  for (const ClientMetric& metric : family.metric) {
    std::string key;
    for (const ClientMetric::Label& label : metric.label) {
      key += (key.empty() ? "" : "/") + label.value;
    }
    const double value =
        family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value;
    EXPECT_TRUE(series.emplace(key, value).second) << family.name << " " << key << " twice";
  }
  return series;
}

std::vector<std::string> Keys(const std::map<std::string, double>& series) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : series) keys.push_back(key);
  return keys;
}

TEST(Collector, EveryCombinationIsThereAtZeroWhileNoPoolExists) {
  const std::set<std::string> not_zero{
      "scidex_pg_pool_ro_routes_to", "scidex_pg_pool_ro_route", "scidex_pg_pool_ro_route_reason",
      "scidex_pg_pool_replica_lag_seconds", "scidex_pg_pool_replica_lag_bytes",
      "scidex_pg_pool_replica_wal_receiver_up", "scidex_pg_pool_primary_writable",
      "scidex_pg_pool_read_only_canary_success", "scidex_pg_pool_autoscaler_mode",
      "scidex_pg_pool_autoscaler_budget",
      // The defaults of the statistics.
      "scidex_pg_exporter_build_info"};
  const std::vector<MetricFamily> families = Collect(Part::kPools, {});
  for (const MetricFamily& family : families) {
    EXPECT_FALSE(family.metric.empty()) << family.name;
    if (family.type == MetricType::Histogram) {
      for (const ClientMetric& metric : family.metric) {
        EXPECT_EQ(metric.histogram.sample_count, 0U);
        EXPECT_GE(metric.histogram.bucket.size(), 10U);
      }
    } else if (!not_zero.contains(family.name)) {
      for (const auto& [key, value] : Series(family)) EXPECT_EQ(value, 0) << family.name << key;
    }
  }
  EXPECT_EQ(Find(families, "scidex_pg_pool_acquires_total").metric.size(), 3U * 8);
  EXPECT_EQ(Find(families, "scidex_pg_pool_connects_total").metric.size(), 3U * 12);
  EXPECT_EQ(Find(families, "scidex_pg_pool_evictions_total").metric.size(), 3U * 10);
  EXPECT_EQ(Find(families, "scidex_pg_pool_resizes_total").metric.size(), 3U * 2 * 2);
  EXPECT_EQ(Find(families, "scidex_pg_pool_use_seconds").metric.size(), 3U);
  const MetricFamily& decisions = Find(families, "scidex_pg_pool_autoscaler_decisions_total");
  EXPECT_EQ(decisions.metric.size(), 3U * 10);
  const auto budgets = Series(Find(families, "scidex_pg_pool_autoscaler_budget"));
  for (const auto& [pool, budget] : budgets) EXPECT_TRUE(std::isnan(budget)) << pool;
  EXPECT_EQ(Series(Find(families, "scidex_pg_pool_autoscaler_mode")).at("off"), 1);
}

TEST(Collector, APoolThatDoesNotExistHasZerosBesideOnesThatDo) {
  Snapshot snapshot = MakeDistinctSample().snapshot;
  snapshot.pools.pools[PoolRole::kRo].reset();
  const std::vector<MetricFamily> families = Collect(Part::kPools, snapshot);
  const auto primary = static_cast<double>(snapshot.Pool(PoolRole::kPrimary).max_size);
  const std::map<std::string, double> max_size = Series(Find(families, "scidex_pg_pool_max_size"));
  EXPECT_EQ(max_size.at("ro"), 0);
  EXPECT_EQ(max_size.at("primary"), primary);
  EXPECT_EQ(Series(Find(families, "scidex_pg_pool_ro_size")).at(""), 0);
}

TEST(Collector, ARouteHasNoTransitionToItself) {
  EXPECT_THAT(
      Keys(Series(Find(Collect(Part::kPools, {}), "scidex_pg_pool_ro_route_transitions_total"))),
      ElementsAre("primary_disabled/primary_fallthrough", "primary_disabled/replica",
                  "primary_fallthrough/primary_disabled", "primary_fallthrough/replica",
                  "replica/primary_disabled", "replica/primary_fallthrough"));
}

TEST(Collector, ProofsHaveNoSeriesForUncheckedSessions) {
  const auto proofs =
      Series(Find(Collect(Part::kPools, {}), "scidex_pg_pool_read_only_proofs_total"));
  EXPECT_EQ(proofs.size(), 9U);
  for (const char* how : {"reported", "set", "transaction"}) {
    EXPECT_TRUE(proofs.contains(std::string("ro/") + how)) << how;
  }
}

TEST(Collector, AProbeFailsOnlyForReasonsOfTheServer) {
  const auto failures =
      Series(Find(Collect(Part::kPools, {}), "scidex_pg_pool_probe_failures_total"));
  EXPECT_EQ(failures.size(), 3U * 15);
  for (const char* reason : {"ok", "starting_up", "replica_not_configured"}) {
    EXPECT_FALSE(failures.contains(std::string("primary/") + reason)) << reason;
  }
  EXPECT_TRUE(failures.contains("primary/name_not_resolved"));
}

TEST(Collector, ExactlyOneRouteAndOneReasonAreInForce) {
  Snapshot snapshot;
  snapshot.pools.route.route = routing::Route::kReplica;
  snapshot.pools.route.reason = routing::Reason::kLagExceeded;
  const std::vector<MetricFamily> families = Collect(Part::kPools, snapshot);
  for (const auto& [key, value] : Series(Find(families, "scidex_pg_pool_ro_route"))) {
    EXPECT_EQ(value, key == "replica" ? 1 : 0) << key;
  }
  for (const auto& [key, value] : Series(Find(families, "scidex_pg_pool_ro_route_reason"))) {
    EXPECT_EQ(value, key == "lag_exceeded" ? 1 : 0) << key;
  }
}

TEST(Collector, RoutesToIsOneTwoOrThree) {
  Snapshot snapshot;
  const auto routes_to = [&snapshot](routing::Route route) {
    snapshot.pools.route.route = route;
    return Series(Find(Collect(Part::kPools, snapshot), "scidex_pg_pool_ro_routes_to")).at("");
  };
  EXPECT_EQ(routes_to(routing::Route::kReplica), 1);
  EXPECT_EQ(routes_to(routing::Route::kPrimaryFallthrough), 2);
  EXPECT_EQ(routes_to(routing::Route::kPrimaryDisabled), 3);
}

TEST(Collector, LagIsNotANumberUntilItIsKnown) {
  Snapshot snapshot;
  const auto lag = [&snapshot] {
    return Series(Find(Collect(Part::kPools, snapshot), "scidex_pg_pool_replica_lag_seconds"))
        .at("");
  };
  EXPECT_TRUE(std::isnan(lag()));
  snapshot.control.replica.lag = std::chrono::milliseconds(1500);
  EXPECT_EQ(lag(), 1.5);
}

TEST(Collector, BucketsAreCumulativeAndTheirSumIsTheCount) {
  Snapshot snapshot;
  pool::PoolStats& pool = snapshot.pools.pools[PoolRole::kRo].emplace();
  pool.acquire_wait.Observe(std::chrono::microseconds(10));
  pool.acquire_wait.Observe(std::chrono::microseconds(11));
  pool.acquire_wait.Observe(std::chrono::milliseconds(3));
  pool.acquire_wait.Observe(std::chrono::minutes(5));
  const MetricFamily family =
      Find(Collect(Part::kPools, snapshot), "scidex_pg_pool_acquire_wait_seconds");
  const ClientMetric::Histogram& histogram = family.metric.at(1).histogram;
  ASSERT_EQ(family.metric.at(1).label.at(0).value, "ro");
  ASSERT_EQ(histogram.bucket.size(), pool::WaitBounds().size());
  EXPECT_EQ(histogram.bucket[0].upper_bound, 0.00001);
  EXPECT_EQ(histogram.bucket[0].cumulative_count, 1U);
  EXPECT_EQ(histogram.bucket[1].cumulative_count, 2U);
  EXPECT_EQ(histogram.bucket[3].cumulative_count, 2U);
  EXPECT_EQ(histogram.bucket[4].cumulative_count, 3U);
  EXPECT_EQ(histogram.bucket.back().cumulative_count, 3U);
  EXPECT_EQ(histogram.sample_count, 4U);
  EXPECT_DOUBLE_EQ(histogram.sample_sum, 300.003021);
}

TEST(Collector, CodesAndBuildFactsAreThoseOfTheSource) {
  Snapshot snapshot;
  snapshot.exporter.build = {"1.0", "abc", "gcc 1.2.3"};
  snapshot.exporter.http_requests = {{200, 4}, {503, 2}};
  const std::vector<MetricFamily> families = Collect(Part::kExporter, snapshot);
  EXPECT_THAT(Series(Find(families, "scidex_pg_exporter_http_requests_total")),
              ElementsAre(std::pair("200", 4), std::pair("503", 2)));
  EXPECT_THAT(Series(Find(families, "scidex_pg_exporter_build_info")),
              ElementsAre(std::pair("1.0/abc/gcc 1.2.3", 1)));
}

TEST(Collector, AServerIsOneSeriesOfItsPoolAndNotOneOfEachCombination) {
  Snapshot snapshot;
  const auto servers = [&snapshot] {
    return Series(Find(Collect(Part::kServers, snapshot), "scidex_pg_pool_server_info"));
  };
  EXPECT_TRUE(servers().empty());
  snapshot.control.probes[PoolRole::kPrimary].address =
      std::make_shared<const routing::ServerAddress>(routing::ServerAddress{"db1", "5432", "shop"});
  snapshot.control.probes[PoolRole::kRo].address =
      std::make_shared<const routing::ServerAddress>(routing::ServerAddress{"db2", "5433", "shop"});
  EXPECT_THAT(servers(),
              ElementsAre(std::pair("primary/db1/5432/shop", 1), std::pair("ro/db2/5433/shop", 1)));
}

TEST(Collector, TakesOneSnapshotAScrape) {
  int snapshots = 0;
  const Collector collector(Part::kPools, [&snapshots] {
    ++snapshots;
    return Snapshot{};
  });
  snapshots = 0;
  collector.Collect();
  EXPECT_EQ(snapshots, 1);
}

TEST(Collector, ThrowsWhatItsSourceThrows) {
  bool fail = false;
  const Collector collector(Part::kPools, [&fail] {
    if (fail) throw std::runtime_error("no numbers");
    return Snapshot{};
  });
  fail = true;
  EXPECT_THROW(collector.Collect(), std::runtime_error);
}

TEST(Collector, WhatTheKernelDoesNotTellHasNoFamily) {
  Snapshot snapshot;
  snapshot.process.threads = 3;
  const std::vector<MetricFamily> families = Collect(Part::kProcess, snapshot);
  ASSERT_EQ(families.size(), 1u);
  EXPECT_EQ(families[0].name, "process_threads");
  const std::vector<std::string> unknown = UnknownOfProcess(snapshot);
  EXPECT_EQ(std::count(unknown.begin(), unknown.end(), "process_max_fds"), 1);
  EXPECT_EQ(std::count(unknown.begin(), unknown.end(), "process_threads"), 0);
}

}  // namespace
}  // namespace scidex::metrics
