#include "status/pools_json.h"

#include <new>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/no_memory.h"
#include "unit/status/sample.h"

namespace scidex::status {
namespace {

using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

Json Parsed(const Sample& sample) { return Json::parse(PoolsJson(sample, kNow)); }

std::vector<std::string> Keys(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  return keys;
}

TEST(PoolsJson, RouteIsInForceSinceATimeBeforeNowAfterAStepBack) {
  const Json json = Json::parse(PoolsJson(FallthroughSample(), kNow - std::chrono::hours(24)));
  EXPECT_EQ(json["at"], "2023-11-13T22:13:20.000Z");
  EXPECT_EQ(json["since"], "2023-11-13T22:11:15.000Z");
}

TEST(PoolsJson, HasTheDocumentedKeysInTheirOrder) {
  const Json json = Parsed(ReplicaSample());
  EXPECT_THAT(Keys(json),
              ElementsAre("at", "ro_dsn_configured", "ro_routes_to", "route", "reason", "decided",
                          "since", "route_seconds", "read_acquires", "transitions", "pools",
                          "probes", "replica", "autoscaler", "queries", "page"));
  EXPECT_THAT(Keys(json["pools"]), ElementsAre("primary", "ro", "ro_fallthrough"));
  EXPECT_THAT(Keys(json["probes"]), ElementsAre("primary", "ro", "ro_fallthrough"));
  EXPECT_THAT(
      Keys(json["pools"]["ro"]),
      ElementsAre("size", "connecting", "idle", "in_use", "max_size", "target_size", "min_idle",
                  "waiters", "max_waiters", "oldest_waiter_seconds", "oldest_lease_seconds",
                  "acquire_timeout_seconds", "requests", "acquires", "connects", "evictions",
                  "resizes", "leases_leaked", "retired_leases", "read_only", "acquire_wait", "use",
                  "connect", "oldest_leases", "last_connect_error"));
  EXPECT_THAT(Keys(json["probes"]["ro"]),
              ElementsAre("up", "in_recovery", "writable", "behind_pooler", "server",
                          "read_only_enforcement", "read_only_canary", "reason", "last_run",
                          "last_success", "duration_seconds", "probes", "failures"));
}

TEST(PoolsJson, HasWhatEachQueryCostsAndWhyItFails) {
  const Json queries = Parsed(QueriesSample())["queries"];
  ASSERT_EQ(queries.size(), 3u);
  EXPECT_THAT(
      Keys(queries[0]),
      ElementsAre("name", "from", "interval_seconds", "timeout_seconds", "activity", "runs",
                  "missed_runs", "errors", "latest_error", "last_run", "last_success",
                  "duration_seconds", "wait_seconds", "use_seconds", "rows", "series_dropped"));
  EXPECT_EQ(queries[0]["latest_error"]["reason"], "refused");
  EXPECT_EQ(queries[0]["errors"]["refused"], 2);
  EXPECT_EQ(queries[1]["latest_error"], nullptr);
  EXPECT_EQ(queries[1]["use_seconds"], 90.0);
  EXPECT_EQ(queries[1]["wait_seconds"], 0.02);
  EXPECT_EQ(queries[2]["activity"], "waiting");
}

TEST(PoolsJson, SaysWhereReadsGoWhyAndSinceWhen) {
  const Json json = Parsed(FallthroughSample());
  EXPECT_EQ(json["at"], "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(json["ro_dsn_configured"], true);
  EXPECT_EQ(json["ro_routes_to"], 2);
  EXPECT_EQ(json["route"], "primary_fallthrough");
  EXPECT_EQ(json["reason"], "connect_refused");
  EXPECT_EQ(json["decided"], true);
  EXPECT_EQ(json["since"], "2023-11-14T22:11:15.000Z");
  EXPECT_EQ(json["route_seconds"]["primary_fallthrough"], 10);
  EXPECT_EQ(json["read_acquires"]["replica"], 17);
}

TEST(PoolsJson, BeforeAnyTransitionTheRouteIsInForceSinceItsFirstVerdict) {
  const Json json = Parsed(DisabledSample());
  EXPECT_EQ(json["ro_routes_to"], 3);
  EXPECT_EQ(json["since"], "2023-11-11T18:13:20.000Z");
  EXPECT_TRUE(json["transitions"].is_array());
  EXPECT_TRUE(json["transitions"].empty());
}

TEST(PoolsJson, TransitionsAreOldestFirst) {
  const Json transitions = Parsed(ReplicaSample())["transitions"];
  ASSERT_EQ(transitions.size(), 2U);
  EXPECT_EQ(transitions[0], Json({{"from", "replica"},
                                  {"to", "primary_fallthrough"},
                                  {"reason", "connect_refused"},
                                  {"at", "2023-11-14T20:38:10.000Z"}}));
  EXPECT_EQ(transitions[1]["to"], "replica");
}

TEST(PoolsJson, HasTheNumbersOfEachPool) {
  const Json pool = Parsed(ReplicaSample())["pools"]["ro_fallthrough"];
  EXPECT_EQ(pool["size"], 6);
  EXPECT_EQ(pool["connecting"], 1);
  EXPECT_EQ(pool["idle"], 2);
  EXPECT_EQ(pool["in_use"], 3);
  EXPECT_EQ(pool["max_size"], 10);
  EXPECT_EQ(pool["target_size"], 8);
  EXPECT_EQ(pool["waiters"], 4);
  EXPECT_EQ(pool["max_waiters"], 100);
  EXPECT_EQ(pool["oldest_waiter_seconds"], 0.25);
  EXPECT_EQ(pool["oldest_lease_seconds"], 12.5);
  EXPECT_EQ(pool["acquire_timeout_seconds"], 5);
  EXPECT_EQ(pool["requests"], 1234);
  EXPECT_EQ(pool["acquires"]["timeout"], 10);
  EXPECT_EQ(pool["connects"]["connect_refused"], 5);
  EXPECT_EQ(pool["evictions"]["dead"], 1);
  EXPECT_EQ(pool["resizes"]["up"]["operator"], 11);
  EXPECT_EQ(pool["leases_leaked"], 16);
  EXPECT_EQ(pool["retired_leases"], 17);
  EXPECT_EQ(pool["read_only"],
            Json({{"proofs", {{"reported", 1190}, {"set", 0}, {"transaction", 0}}},
                  {"violations", 13},
                  {"tampered", 14},
                  {"writes", 17},
                  {"unproven", 15}}));
  EXPECT_EQ(pool["acquire_wait"], Json({{"count", 1}, {"sum_seconds", 1.5}}));
}

TEST(PoolsJson, NamesThePlaceThatHoldsALease) {
  const Json leases = Parsed(ReplicaSample())["pools"]["primary"]["oldest_leases"];
  ASSERT_EQ(leases.size(), 1U);
  EXPECT_THAT(leases[0]["borrower"].get<std::string>(), HasSubstr("unit/status/sample.h:"));
  EXPECT_EQ(leases[0]["age_seconds"], 12.5);
  EXPECT_TRUE(leases[0]["client"].is_null());
  EXPECT_TRUE(leases[0]["backend_pid"].is_null());
  Sample sample = ReplicaSample();
  pool::LeaseInfo& lease = sample.pools.pools[routing::PoolRole::kPrimary]->oldest_leases[0];
  lease.client = "orders";
  lease.backend_pid = 4711;
  const Json of_query = Parsed(sample)["pools"]["primary"]["oldest_leases"][0];
  EXPECT_EQ(of_query["client"], "orders");
  EXPECT_EQ(of_query["backend_pid"], 4711);
}

TEST(PoolsJson, WhatDoesNotExistIsNull) {
  const Json json = Parsed(DisabledSample());
  EXPECT_TRUE(json["pools"]["ro"].is_null());
  EXPECT_TRUE(json["probes"]["ro"].is_null());
  EXPECT_TRUE(json["pools"]["primary"]["last_connect_error"].is_null());
  EXPECT_TRUE(json["replica"]["lag_seconds"].is_null());
  EXPECT_TRUE(Parsed(UndecidedSample())["probes"]["ro"]["last_run"].is_null());
}

TEST(PoolsJson, HasTheLastFailedConnectUntilOneSucceeds) {
  const Json error = Parsed(FallthroughSample())["pools"]["ro"]["last_connect_error"];
  EXPECT_EQ(error["outcome"], "connect_refused");
  EXPECT_EQ(error["message"], "connection to server at \"10.0.0.2\", port 5432 failed: refused");
}

TEST(PoolsJson, HasTheProbesAndTheReplica) {
  const Json json = Parsed(ReplicaSample());
  EXPECT_EQ(json["probes"]["ro"]["up"], true);
  EXPECT_EQ(json["probes"]["ro"]["in_recovery"], true);
  EXPECT_EQ(json["probes"]["ro"]["reason"], "ok");
  EXPECT_EQ(json["probes"]["ro"]["last_run"], "2023-11-14T22:13:19.600Z");
  EXPECT_EQ(json["probes"]["ro"]["duration_seconds"], 0.0008);
  EXPECT_EQ(json["probes"]["ro"]["failures"]["connect_refused"], 9);
  EXPECT_EQ(json["replica"], Json({{"lag_seconds", 1.5},
                                   {"lag_bytes", 4096},
                                   {"max_lag_seconds", 30.0},
                                   {"stale", false},
                                   {"wal_receiver_up", true}}));
  EXPECT_EQ(json["probes"]["ro"]["behind_pooler"], false);
  EXPECT_EQ(json["probes"]["ro"]["server"],
            Json({{"host", "fd00::2"}, {"port", "5433"}, {"dbname", "shop"}}));
  EXPECT_EQ(json["probes"]["ro"]["read_only_enforcement"], "session");
  EXPECT_TRUE(json["probes"]["primary"]["read_only_enforcement"].is_null());
  EXPECT_EQ(
      json["probes"]["ro"]["read_only_canary"],
      Json(
          {{"success", true}, {"proof_of", "recovery"}, {"last_run", "2023-11-14T22:12:40.000Z"}}));
  EXPECT_TRUE(json["probes"]["primary"]["read_only_canary"]["success"].is_null());
}

TEST(PoolsJson, HasTheLatestDecisionOfTheAutoscaler) {
  Sample sample = ReplicaSample();
  EXPECT_EQ(
      Parsed(sample)["autoscaler"],
      Json({{"mode", "off"},
            {"pools", {{"primary", nullptr}, {"ro", nullptr}, {"ro_fallthrough", nullptr}}}}));
  control::AutoscalerStats& autoscaler = sample.control.autoscaler;
  autoscaler.mode = control::AutoscalerMode::kOn;
  control::ScalingStats& ro = autoscaler.pools[routing::PoolRole::kRo];
  ro.latest = {9, control::ScalingReason::kAtBudget};
  EXPECT_TRUE(Parsed(sample)["autoscaler"]["pools"]["ro"]["budget"].is_null());
  ro.budget = 12;
  EXPECT_EQ(Parsed(sample)["autoscaler"]["pools"]["ro"],
            Json({{"decision", "at_budget"}, {"target_size", 9}, {"budget", 12}}));
}

TEST(PoolsJson, HasWhatTheStatusPageShows) {
  const Json page = Parsed(FallthroughSample())["page"];
  EXPECT_THAT(Keys(page), ElementsAre("title", "state", "texts", "alarms", "rows"));
  EXPECT_EQ(page["title"], "primary_fallthrough – scidex_pg_exporter");
  EXPECT_EQ(page["state"], "primary_fallthrough");
  EXPECT_EQ(page["texts"]["headline"], "Reads fall through to the primary");
  EXPECT_EQ(page["texts"]["explanation"], "The replica's host refuses connections.");
  EXPECT_EQ(page["texts"]["ro-in_use"], "3");
  EXPECT_EQ(page["alarms"],
            Json({"primary-waiters", "ro-server", "ro-waiters", "ro_fallthrough-waiters"}));
  EXPECT_EQ(page["rows"]["replica"],
            Json::parse(R"([{"cells": ["1.5 s", "30 s", "down"], "alarm": false}])"));
  EXPECT_EQ(Parsed(UndecidedSample())["page"]["state"], "undecided");
}

TEST(PoolsJson, TakesTextThatIsNotUtf8) {
  Sample sample = FallthroughSample();
  sample.pools.pools[routing::PoolRole::kRo]->last_connect_message = "role \xFF\"";
  EXPECT_EQ(Parsed(sample)["pools"]["ro"]["last_connect_error"]["message"], "role \xEF\xBF\xBD\"");
}

TEST(PoolsJson, IsIndentedAndEscapedAsByTheLibrary) {
  for (const Sample& sample : {FallthroughSample(), ReplicaSample()})
    EXPECT_EQ(PoolsJson(sample, kNow), Parsed(sample).dump(2) + '\n');
}

TEST(PoolsJson, LackOfMemoryAtAnyMomentIsAnException) {
  const Sample sample = ReplicaSample();
  bool done = false;
  for (int spare = 0; !done; spare += 7) {
    const test::NoMemory exhausted(spare);
    try {
      done = !PoolsJson(sample, kNow).empty();
    } catch (const std::bad_alloc&) {
      continue;
    }
  }
}

TEST(PoolsJson, EndsWithALineFeed) {
  const Sample sample = ReplicaSample();
  EXPECT_THAT(PoolsJson(sample, kNow), EndsWith("}\n"));
}

}  // namespace
}  // namespace scidex::status
