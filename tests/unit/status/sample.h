// Samples of a replica, a primary and the data of a page.
#pragma once

#include <chrono>

#include <memory>

#include "database/stats.h"

namespace scidex::status {

// 2023-11-14T22:13:20.000Z.
inline constexpr base::WallTime kNow{std::chrono::seconds(1'700'000'000)};

using Sample = database::DatabaseStats;

inline pool::PoolStats SamplePool(const char* name) {
  pool::PoolStats pool;
  pool.name = name;
  pool.size = 6;
  pool.connecting = 1;
  pool.idle = 2;
  pool.in_use = 3;
  pool.max_size = 10;
  pool.target_size = 8;
  pool.min_idle = 2;
  pool.waiters = 4;
  pool.max_waiters = 100;
  pool.oldest_waiter = std::chrono::milliseconds(250);
  pool.acquire_timeout = std::chrono::seconds(5);
  pool.oldest_leases = {{base::CallSite::current(), std::chrono::milliseconds(12'500)}};
  pool.requests = 1234;
  pool.acquires[pool::AcquireOutcome::kImmediate] = 1200;
  pool.acquires[pool::AcquireOutcome::kWaited] = 20;
  pool.acquires[pool::AcquireOutcome::kTimeout] = 10;
  pool.connects[pool::ConnectOutcome::kOk] = 7;
  pool.connects[pool::ConnectOutcome::kConnectRefused] = 5;
  pool.evictions[pool::EvictReason::kDead] = 1;
  pool.resizes[pool::ResizeDirection::kUp][pool::ResizeCause::kOperator] = 11;
  pool.read_only_proofs[pool::ReadOnlyProof::kReported] = 1190;
  pool.read_only_violations = 13;
  pool.read_only_tampered = 14;
  pool.read_only_writes = 17;
  pool.read_only_unproven = 15;
  pool.leases_leaked = 16;
  pool.retired_leases = 17;
  pool.acquire_wait.Observe(std::chrono::milliseconds(1500));
  return pool;
}

// Reads go to the replica, after they fell through to the primary for ten seconds.
inline Sample ReplicaSample() {
  using routing::PoolRole;
  using routing::Reason;
  using routing::Route;
  Sample sample;
  routing::PoolsStats& pools = sample.pools;
  pools.pools[PoolRole::kPrimary] = SamplePool("primary");
  pools.pools[PoolRole::kRo] = SamplePool("ro");
  pools.pools[PoolRole::kRoFallthrough] = SamplePool("ro_fallthrough");
  pools.ro_dsn_configured = true;
  pools.max_lag = std::chrono::seconds(30);
  routing::RouteStats& route = pools.route;
  route.route = Route::kReplica;
  route.reason = Reason::kOk;
  route.decided = true;
  route.in_force[Route::kReplica] = std::chrono::seconds(7200);
  route.in_force[Route::kPrimaryFallthrough] = std::chrono::seconds(10);
  route.acquires[Route::kReplica] = 17;
  const base::WallTime back = kNow - std::chrono::minutes(95);
  route.recent = {{Route::kReplica, Route::kPrimaryFallthrough, Reason::kConnectRefused,
                   back - std::chrono::seconds(10)},
                  {Route::kPrimaryFallthrough, Route::kReplica, Reason::kOk, back}};
  route.last_transition = back;
  route.current_in_force = std::chrono::minutes(95);
  control::ProbeStats probe;
  probe.up = true;
  probe.last_run = kNow - std::chrono::milliseconds(400);
  probe.last_success = probe.last_run;
  probe.duration = std::chrono::microseconds(800);
  probe.last_reason = Reason::kOk;
  probe.address =
      std::make_shared<const routing::ServerAddress>(routing::ServerAddress{"db1", "5432", "shop"});
  sample.control.probes[PoolRole::kPrimary] = probe;
  sample.control.probes[PoolRole::kRoFallthrough] = probe;
  probe.in_recovery = true;
  probe.address = std::make_shared<const routing::ServerAddress>(
      routing::ServerAddress{"fd00::2", "5433", "shop"});
  probe.failures[Reason::kConnectRefused] = 9;
  sample.control.probes[PoolRole::kRo] = probe;
  sample.control.replica = {
      .lag = std::chrono::milliseconds(1500), .lag_bytes = 4096, .wal_receiver_up = true};
  const base::WallTime tried = kNow - std::chrono::seconds(40);
  sample.control.canaries[PoolRole::kRo] = {true, control::CanaryProof::kRecovery, tried,
                                            std::chrono::seconds(40)};
  sample.control.canaries[PoolRole::kRoFallthrough] = {true, control::CanaryProof::kSetting, tried,
                                                       std::chrono::seconds(40)};
  return sample;
}

// The replica refuses connections.
inline Sample FallthroughSample() {
  using routing::PoolRole;
  using routing::Reason;
  using routing::Route;
  Sample sample = ReplicaSample();
  routing::RouteStats& route = sample.pools.route;
  route.route = Route::kPrimaryFallthrough;
  route.reason = Reason::kConnectRefused;
  route.last_transition = kNow - std::chrono::seconds(125);
  route.current_in_force = std::chrono::seconds(125);
  route.recent.push_back({Route::kReplica, Route::kPrimaryFallthrough, Reason::kConnectRefused,
                          route.last_transition});
  pool::PoolStats& ro = *sample.pools.pools[PoolRole::kRo];
  ro.last_connect_outcome = pool::ConnectOutcome::kConnectRefused;
  ro.last_connect_message = "connection to server at \"10.0.0.2\", port 5432 failed: refused";
  sample.control.probes[PoolRole::kRo].up = false;
  sample.control.probes[PoolRole::kRo].last_reason = Reason::kConnectRefused;
  sample.control.replica.wal_receiver_up = false;
  return sample;
}

// No replica is configured, and fall-through is not allowed.
inline Sample DisabledSample() {
  using routing::PoolRole;
  Sample sample = ReplicaSample();
  sample.pools.pools[PoolRole::kRo].reset();
  sample.pools.ro_dsn_configured = false;
  sample.control.probes[PoolRole::kRo] = {};
  sample.control.replica = {};
  routing::RouteStats route;
  route.route = routing::Route::kPrimaryDisabled;
  route.reason = routing::Reason::kReplicaNotConfigured;
  route.decided = true;
  route.in_force[route.route] = route.current_in_force = std::chrono::hours(76);
  sample.pools.route = route;
  return sample;
}

// A replica is configured, but was not probed yet.
inline Sample UndecidedSample() {
  Sample sample = ReplicaSample();
  sample.control = {};
  sample.queries = {};
  routing::RouteStats route;
  route.route = routing::Route::kPrimaryFallthrough;
  route.reason = routing::Reason::kStartingUp;
  route.in_force[route.route] = route.current_in_force = std::chrono::milliseconds(300);
  sample.pools.route = route;
  return sample;
}

// Like ReplicaSample(), with a query that waits, one that has failed, and the one with the highest
// cost.
inline Sample QueriesSample() {
  Sample sample = ReplicaSample();
  for (const char* name : {"fails", "costly", "waits"}) {
    queries::QueryOptions options;
    options.name = name;
    queries::QueryStats& query = sample.queries.emplace_back();
    query.options = std::make_shared<const queries::QueryOptions>(options);
    query.runs = 7;
    query.last_run = query.last_success = kNow - std::chrono::seconds(3);
    query.since_last_success = std::chrono::seconds(3);
  }
  sample.queries[0].latest_error = queries::QueryError::kRefused;
  sample.queries[0].latest_message = "42P01: no such <table>";
  sample.queries[0].errors[queries::QueryError::kRefused] = 2;
  sample.queries[1].used = std::chrono::seconds(90);
  sample.queries[1].waited = std::chrono::milliseconds(20);
  sample.queries[1].rows = 1;
  sample.queries[2].activity = queries::QueryActivity::kWaiting;
  return sample;
}

}  // namespace scidex::status
