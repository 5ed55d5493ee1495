// Shared by the tests of faults: measures the time until a fault is detected, and checks that
// nothing is left behind.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "integration/primary_and_replica.h"
#include "integration/servers.h"
#include "support/log_tap.h"

namespace scidex::test {

using Milliseconds = std::chrono::duration<double, std::milli>;

// ./dev test --long: repeated faults, and storms of minutes instead of seconds.
inline bool Long() { return std::getenv("SCIDEX_TEST_LONG") != nullptr; }
inline int Rounds(int otherwise) { return Long() ? 20 : otherwise; }

using Moment = std::chrono::steady_clock::time_point;

// The time from `start` until `happened` is true. Fails the test if that takes longer than
// kPatience.
template <std::predicate Predicate>
Milliseconds TimeUntil(Predicate happened, Moment start = Moment::clock::now()) {
  EXPECT_TRUE(Eventually(kPatience, happened));
  return Moment::clock::now() - start;
}

// Prints the median and the worst of `times`, and records them with the test's result.
inline void Report(const std::string& what, std::vector<Milliseconds> times) {
  std::sort(times.begin(), times.end());
  const Milliseconds median = times[times.size() / 2];
  std::cout << what << ": median " << median.count() << " ms, worst " << times.back().count()
            << " ms of " << times.size() << "\n";
  testing::Test::RecordProperty(what, std::to_string(times.back().count()));
}

// The times of one fault, one of each kind for each round of its test.
struct FaultTimes {
  std::vector<Milliseconds> detected;
  std::vector<Milliseconds> recovered;
};

// In each round, `start` causes the fault and returns the time until it was detected, and `end`
// removes it and returns the time until the service had recovered.
inline FaultTimes Repeat(const std::function<Milliseconds()>& start,
                         const std::function<Milliseconds()>& end) {
  FaultTimes times;
  for (int round = 0; round < Rounds(1); ++round) {
    times.detected.push_back(start());
    times.recovered.push_back(end());
  }
  return times;
}

inline void Report(const std::string& fault, const FaultTimes& times) {
  if (!times.detected.empty()) Report(fault + ", detected", times.detected);
  if (!times.recovered.empty()) Report(fault + ", recovered", times.recovered);
}

// Checks the times that docs/faults.md promises. Only ./dev test --long, which requires an
// otherwise idle machine, fails if one took longer.
inline void ExpectWithin(Milliseconds bound, const std::vector<Milliseconds>& times) {
  if (!Long()) return;
  EXPECT_LT(*std::max_element(times.begin(), times.end()), bound);
}

// A role and a database that only the replica's sessions use, so that their faults do not affect
// the primary. Created on the primary.
inline void AddReader(const PostgresServer& primary) {
  primary.Execute("CREATE ROLE reader LOGIN PASSWORD '" + std::string(PostgresServer::kPassword) +
                  "'; GRANT pg_read_all_stats, pg_monitor TO reader, app");
  primary.Execute("CREATE DATABASE reading");
}

// Expects that no acquire waits, and that every acquire has exactly one outcome.
inline void ExpectNothingLost(const database::Database& database) {
  const routing::PoolsStats stats = database.pool_stats();
  for (std::size_t i = 0; i < base::kEnumCount<routing::PoolRole>; ++i) {
    const auto& pool = stats.pools[static_cast<routing::PoolRole>(i)];
    if (!pool) continue;
    std::uint64_t outcomes = 0;
    for (std::size_t o = 0; o < base::kEnumCount<pool::AcquireOutcome>; ++o)
      outcomes += pool->acquires[static_cast<pool::AcquireOutcome>(o)];
    EXPECT_EQ(outcomes + pool->waiters, pool->requests) << pool->name;
    EXPECT_EQ(pool->waiters, 0u) << pool->name;
    EXPECT_LE(pool->size, pool->max_size) << pool->name;
  }
}

inline bool AwaitNoSessions(const PostgresServer& server) {
  return Eventually(kPatience, [&] {
    return server.QueryOne(
               "SELECT count(*) FROM pg_stat_activity WHERE usename IN ('app', 'reader')") == "0";
  });
}

// A database on a primary and its replica; checks that nothing is left at the end of the test.
class Fault : public PrimaryAndReplica {
 protected:
  void TearDown() override {
    if (database_) Close();
    EXPECT_TRUE(AwaitNoSessions(*primary_));
    EXPECT_TRUE(AwaitNoSessions(*replica_));
  }
  // Call it before the proxies in front of its servers are destroyed.
  void Close() {
    ExpectNothingLost(*database_);
    database_.reset();
  }
  control::ProbeStats ProbeOf(routing::PoolRole role) const {
    return database_->stats().control.probes[role];
  }
  int RoutesTo() const { return database_->pool_stats().ro_routes_to(); }
  routing::Reason RouteReason() const { return database_->pool_stats().route.reason; }

  const LogTap log_;
  std::unique_ptr<database::Database> database_;
};

}  // namespace scidex::test
