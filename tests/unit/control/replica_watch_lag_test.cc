// The lag of a replica: when it is known, and when it is too large.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "support/log_tap.h"
#include "unit/control/replica_watch_fixture.h"

namespace scidex::control {
namespace {

using routing::Reason;
using std::chrono::seconds;

TEST_F(ReplicaWatchTest, ReplicaTooBusyToReportItsLagStaysLagging) {
  const auto queried = [](std::optional<base::Duration> lag, bool failed) {
    ProbeResult result = Replica(100);
    result.facts.lag_is_queried = true;
    result.facts.queried_lag = lag;
    result.facts.lag_facts_failed = failed;
    return result;
  };
  watch_.OnPrimaryProbe(Primary(100));
  watch_.OnReplicaProbe(queried(std::nullopt, true));
  EXPECT_EQ(verdicts_.back(), Reason::kOk) << "it never lagged";
  watch_.OnReplicaProbe(queried(seconds(3600), false));
  watch_.OnReplicaProbe(queried(std::nullopt, true));
  watch_.OnReplicaProbe(queried(std::nullopt, true));
  EXPECT_EQ(verdicts_.back(), Reason::kLagExceeded);
  EXPECT_EQ(watch_.Stats().lag, std::nullopt);
  watch_.OnPrimaryProbe(Down(Reason::kConnectRefused));
  watch_.OnReplicaProbe(queried(std::nullopt, true));
  EXPECT_EQ(verdicts_.back(), Reason::kOk) << "it is the only server left";
  // The query says that the lag is unknown.
  watch_.OnPrimaryProbe(Primary(100));
  watch_.OnReplicaProbe(queried(seconds(3600), false));
  watch_.OnReplicaProbe(queried(std::nullopt, false));
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
}

TEST_F(ReplicaWatchTest, LagIsUnknownBeforeThePrimaryHasAnswered) {
  watch_.OnPrimaryProbe(Down(Reason::kConnectRefused));
  ProbeResult caught_up = Replica(100);
  caught_up.facts.replayed_all_received = true;
  watch_.OnReplicaProbe(caught_up);
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
  EXPECT_EQ(watch_.Stats().lag, std::nullopt);
}

TEST_F(ReplicaWatchTest, LagIsUnknownOnceThePrimaryHasNotBeenAskedForLong) {
  watch_.OnPrimaryProbe(Primary(100));
  watch_.OnReplicaProbe(Replica(100));
  EXPECT_EQ(watch_.Stats().lag, base::Duration::zero());
  // A full primary gives no verdict while all sessions are lent.
  clock_.Advance(seconds(60));
  watch_.OnReplicaProbe(Replica(100));
  EXPECT_EQ(watch_.Stats().lag, std::nullopt);
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
}

TEST_F(ReplicaWatchTest, LagIsUnknownOnceThePrimaryNoLongerReportsPositions) {
  watch_.OnPrimaryProbe(Primary(100));
  clock_.Advance(seconds(60));
  ProbeResult silent = Primary(0);
  silent.facts.wal_position = silent.facts.replayable_position = std::nullopt;
  watch_.OnPrimaryProbe(silent);
  watch_.OnReplicaProbe(Replica(100));
  EXPECT_EQ(watch_.Stats().lag, std::nullopt);
}

TEST_F(ReplicaWatchTest, AReplicaTooFarBehindIsNotGood) {
  watch_.OnPrimaryProbe(Primary(100));
  watch_.OnPrimaryProbe(Primary(200));
  clock_.Advance(seconds(31));
  watch_.OnReplicaProbe(Replica(150));
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kLagExceeded});
  EXPECT_EQ(watch_.Stats().lag, seconds(31));
}

TEST_F(ReplicaWatchTest, LagOfALaggingReplicaMustFallToHalfOfTheLimit) {
  FallBehind();
  watch_.OnReplicaProbe(Replica(250));  // 16 s
  clock_.Advance(seconds(1));
  watch_.OnPrimaryProbe(Primary(400));
  clock_.Advance(seconds(15));
  watch_.OnReplicaProbe(Replica(350));  // 15 s
  clock_.Advance(seconds(1));
  watch_.OnReplicaProbe(Replica(350));  // 16 s
  EXPECT_EQ(verdicts_, (std::vector<Reason>{Reason::kLagExceeded, Reason::kLagExceeded, Reason::kOk,
                                            Reason::kOk}));
}

TEST_F(ReplicaWatchTest, OutageOfThePrimaryDoesNotEndALag) {
  FallBehind();
  watch_.OnPrimaryProbe(Down(Reason::kConnectRefused));
  watch_.OnReplicaProbe(Replica(150));
  watch_.OnPrimaryProbe(Primary(300));
  watch_.OnReplicaProbe(Replica(250));  // 16 s
  EXPECT_EQ(verdicts_,
            (std::vector<Reason>{Reason::kLagExceeded, Reason::kOk, Reason::kLagExceeded}));
  EXPECT_TRUE(watch_.Stats().stale);
}

TEST_F(ReplicaWatchTest, LagCountsWhileThePrimaryOnlyRefusesUs) {
  FallBehind();
  ProbeResult refusal = Down(Reason::kConnectFailed);
  refusal.refused = true;
  watch_.OnPrimaryProbe(refusal);
  watch_.OnReplicaProbe(Replica(150));
  EXPECT_EQ(verdicts_.back(), Reason::kLagExceeded);
  watch_.OnPrimaryProbe(Down(Reason::kConnectFailed));
  watch_.OnReplicaProbe(Replica(150));
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
}

TEST_F(ReplicaWatchTest, QueriedLagCountsWithoutAPrimary) {
  ReplicaWatch watch({}, false, clock_,
                     [this](Reason verdict, base::TimePoint) { verdicts_.push_back(verdict); });
  ProbeResult replica = Replica(100);
  replica.facts.lag_is_queried = true;
  replica.facts.queried_lag = seconds(3600);
  watch.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kLagExceeded});
}

TEST_F(ReplicaWatchTest, NewLimitsAreNotComparedWithTheLagBefore) {
  ProbeResult replica = Replica(150);
  replica.facts.lag_is_queried = true;
  replica.facts.queried_lag = seconds(40);
  watch_.OnPrimaryProbe(Primary(200));
  watch_.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_.back(), Reason::kLagExceeded);
  routing::RoutingOptions options;
  options.max_lag = seconds(60);
  watch_.Reconfigure(options, true, false, false);
  watch_.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
  EXPECT_FALSE(watch_.Stats().stale);

  watch_.Reconfigure({}, true, false, false);
  watch_.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_.back(), Reason::kLagExceeded);
  options.max_lag = seconds(30);
  options.on_lag = routing::OnLag::kServeStale;
  options.max_stale_lag = seconds(60);
  watch_.Reconfigure(options, true, false, false);
  watch_.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
  EXPECT_TRUE(watch_.Stats().stale);
}

TEST_F(ReplicaWatchTest, ReportsHowManyBytesOfTheLatestWalTheReplicaLacks) {
  EXPECT_EQ(watch_.Stats().lag_bytes, std::nullopt);
  watch_.OnPrimaryProbe(Primary(1'000));
  watch_.OnReplicaProbe(Replica(900));
  EXPECT_EQ(watch_.Stats().lag_bytes, 100u);
  // It is queried after the primary, so it may have replayed more than the primary had written.
  watch_.OnReplicaProbe(Replica(1'100));
  EXPECT_EQ(watch_.Stats().lag_bytes, 0u);
  // Its receiver is dead, and everything received is replayed: the replica itself reports no lag.
  ProbeResult dead = Replica(1'100);
  dead.facts.wal_receiver_up = false;
  dead.facts.replayed_all_received = true;
  watch_.OnPrimaryProbe(Primary(5'000));
  watch_.OnReplicaProbe(dead);
  EXPECT_EQ(watch_.Stats().lag_bytes, 3'900u);
}

TEST_F(ReplicaWatchTest, LagIsNoReasonWhileThePrimaryIsDown) {
  watch_.OnPrimaryProbe(Primary(200));
  watch_.OnPrimaryProbe(Down(Reason::kConnectRefused));
  ProbeResult replica = Replica(100);
  replica.facts.wal_receiver_up = false;
  replica.facts.since_last_replay = seconds(3600);
  watch_.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kOk});
}

TEST_F(ReplicaWatchTest, LagIsUnknownWhileTheReplicaIsDown) {
  watch_.OnPrimaryProbe(Primary(100));
  watch_.OnReplicaProbe(Replica(100));
  watch_.OnReplicaProbe(Down(Reason::kProbeTimeout));
  EXPECT_EQ(verdicts_.back(), Reason::kProbeTimeout);
  EXPECT_EQ(watch_.Stats().lag, std::nullopt);
  EXPECT_EQ(watch_.Stats().lag_bytes, std::nullopt);
  EXPECT_EQ(watch_.Stats().wal_receiver_up, std::nullopt);
}

TEST_F(ReplicaWatchTest, LogsOnceWhichReplicaLagsTooFarAndByHowMuch) {
  const test::LogTap log;
  WaitForReplica();
  EXPECT_TRUE(log.Lines().empty());
  ProbeResult behind = Replica(150);
  behind.facts.address = routing::ServerAddress{"db2", "5432", "shop"};
  watch_.OnReplicaProbe(behind);
  watch_.OnReplicaProbe(behind);
  EXPECT_EQ(verdicts_.back(), Reason::kLagExceeded);
  EXPECT_EQ(log.Count({"level=warn", "the replica lags too far behind to serve reads", "host=db2",
                       "port=5432", "lag_seconds=31", "max_lag_seconds=30"}),
            1u);
}

TEST_F(ReplicaWatchTest, LogsAgainIfAnUnfitReplicaWasAwayMeanwhile) {
  const test::LogTap log;
  watch_.OnPrimaryProbe(Primary(100));
  ProbeResult promoted = Replica(100);
  promoted.facts.in_recovery = false;
  promoted.facts.address = routing::ServerAddress{"db2", "5432", "shop"};
  const auto logged = [&] {
    return log.Count({"level=error", "the replica answers, but is not fit to serve reads",
                      "host=db2", "port=5432", "reason=not_in_recovery"});
  };
  watch_.OnReplicaProbe(promoted);
  watch_.OnReplicaProbe(promoted);
  EXPECT_EQ(logged(), 1u);
  watch_.OnReplicaProbe(Down(Reason::kConnectRefused));
  EXPECT_EQ(logged(), 1u);
  watch_.OnReplicaProbe(promoted);
  EXPECT_EQ(logged(), 2u);
}

TEST_F(ReplicaWatchTest, LogsWhenAStaleReplicaBeginsAndEndsToServe) {
  routing::RoutingOptions options;
  options.on_lag = routing::OnLag::kServeStale;
  watch_.Reconfigure(options, true, false, false);
  const test::LogTap log;
  WaitForReplica();
  EXPECT_TRUE(log.Lines().empty());
  watch_.OnReplicaProbe(Replica(150));
  watch_.OnReplicaProbe(Replica(150));
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
  EXPECT_EQ(log.Count({"level=warn", "the replica is stale, and fit to serve reads",
                       "lag_seconds=31", "max_lag_seconds=30"}),
            1u);
  watch_.OnPrimaryProbe(Primary(200));
  watch_.OnReplicaProbe(Replica(200));
  watch_.OnReplicaProbe(Replica(200));
  EXPECT_EQ(log.Count({"level=info", "the replica is no longer stale", "lag_seconds=0"}), 1u);
  EXPECT_EQ(log.Lines().size(), 2u);
}

TEST_F(ReplicaWatchTest, LogsWhenAStaleReplicaIsNoLongerFit) {
  routing::RoutingOptions options;
  options.on_lag = routing::OnLag::kServeStale;
  watch_.Reconfigure(options, true, false, false);
  watch_.OnPrimaryProbe(Primary(100));
  watch_.OnPrimaryProbe(Primary(200));
  clock_.Advance(seconds(31));
  watch_.OnReplicaProbe(Replica(150));
  const test::LogTap log;
  watch_.OnReplicaProbe(Down(Reason::kConnectRefused));
  EXPECT_EQ(log.Count({"level=info", "no longer fit", "reason=connect_refused"}), 1u);
}

TEST_F(ReplicaWatchTest, StaleReplicaStaysStaleWhileThePrimaryIsDown) {
  watch_.OnPrimaryProbe(Primary(100));
  watch_.OnPrimaryProbe(Primary(200));
  clock_.Advance(seconds(31));
  watch_.OnReplicaProbe(Replica(150));
  watch_.OnPrimaryProbe(Down(Reason::kConnectRefused));
  watch_.OnReplicaProbe(Replica(150));
  EXPECT_TRUE(watch_.Stats().stale);
  EXPECT_EQ(verdicts_.back(), Reason::kOk) << "it is the only server left";
}

}  // namespace
}  // namespace scidex::control
