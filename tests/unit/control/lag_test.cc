#include <gtest/gtest.h>

#include "control/lag_estimator.h"

namespace scidex::control {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr base::TimePoint kStart{hours(1)};

routing::TransactionFacts Transactions(const std::string& text) {
  const std::size_t colon = text.find(':');
  return {std::stoull(text), std::stoull(text.substr(colon + 1)), text};
}

routing::ServerFacts Primary(std::uint64_t written, const std::string& transactions = "") {
  routing::ServerFacts facts;
  facts.wal_position = facts.replayable_position = written;
  if (!transactions.empty()) facts.transactions = Transactions(transactions);
  return facts;
}

routing::ServerFacts Replica(std::uint64_t replayed, const std::string& transactions = "") {
  routing::ServerFacts facts = Primary(replayed, transactions);
  facts.in_recovery = true;
  facts.wal_receiver_up = true;
  facts.replayed_all_received = true;
  facts.since_last_replay = hours(9);
  return facts;
}

TEST(ReplicaLag, AnIdlePrimaryIsNoLagHoweverOldTheLastTransaction) {
  LagEstimator lag;
  lag.OnPrimary(Primary(100), kStart);
  EXPECT_EQ(lag.Lag(Replica(100), true, kStart + hours(1)), base::Duration::zero());
}

TEST(ReplicaLag, IsTheTimeSinceWalThatTheReplicaLacksWasFirstSeen) {
  LagEstimator lag;
  lag.OnPrimary(Primary(100), kStart);
  lag.OnPrimary(Primary(200), kStart + seconds(10));
  lag.OnPrimary(Primary(200), kStart + seconds(11));
  lag.OnPrimary(Primary(300), kStart + seconds(12));
  EXPECT_EQ(lag.Lag(Replica(150), true, kStart + seconds(15)), seconds(5));
  EXPECT_EQ(lag.Lag(Replica(200), true, kStart + seconds(15)), seconds(3));
  EXPECT_EQ(lag.Lag(Replica(300), true, kStart + seconds(15)), base::Duration::zero());
}

TEST(ReplicaLag, GrowsWithADeadReceiverEvenIfAllReceivedWalIsReplayed) {
  LagEstimator lag;
  lag.OnPrimary(Primary(100), kStart);
  lag.OnPrimary(Primary(200), kStart + seconds(1));
  routing::ServerFacts dead = Replica(100);
  dead.wal_receiver_up = false;
  EXPECT_EQ(lag.Lag(dead, true, kStart + seconds(61)), seconds(60));
}

TEST(ReplicaLag, FromBeforeTheFirstSampleIsTheAgeOfTheLastReplay) {
  LagEstimator lag;
  lag.OnPrimary(Primary(200), kStart);
  routing::ServerFacts behind = Replica(100);
  behind.replayed_all_received = false;
  EXPECT_EQ(lag.Lag(behind, true, kStart), hours(9));
}

// For example behind a standby that receives nothing, or over a link that is too slow.
TEST(ReplicaLag, FromBeforeTheFirstSampleCountsIfAllReceivedIsReplayed) {
  LagEstimator lag;
  lag.OnPrimary(Primary(200), kStart);
  EXPECT_EQ(lag.Lag(Replica(100), true, kStart), hours(9));
  EXPECT_EQ(lag.Lag(Replica(200), true, kStart), base::Duration::zero());
}

TEST(ReplicaLag, WithoutAPrimaryIsWhatTheReplicaReports) {
  LagEstimator lag;
  EXPECT_EQ(lag.Lag(Replica(100), true, kStart), base::Duration::zero());
  EXPECT_EQ(lag.Lag(Replica(100), false, kStart), std::nullopt) << "it may have written";
  routing::ServerFacts replaying = Replica(100);
  replaying.replayed_all_received = false;
  EXPECT_EQ(lag.Lag(replaying, true, kStart), std::nullopt);
  routing::ServerFacts dead = Replica(100);
  dead.wal_receiver_up = false;
  EXPECT_EQ(lag.Lag(dead, true, kStart), std::nullopt);
}

TEST(ReplicaLag, WalWithoutATransactionIsNoLag) {
  LagEstimator lag;
  lag.OnPrimary(Primary(100, "7:7:"), kStart);
  lag.OnPrimary(Primary(196, "7:7:"), kStart + seconds(1));
  EXPECT_EQ(lag.Lag(Replica(100), true, kStart + hours(1)), base::Duration::zero());
  EXPECT_EQ(lag.Bytes(Replica(100)), 96u);
  lag.OnPrimary(Primary(300, "8:8:"), kStart + hours(1));
  EXPECT_EQ(lag.Lag(Replica(100), true, kStart + hours(1) + seconds(5)), seconds(5));
}

TEST(ReplicaLag, TailOfAnIdlePrimaryAtTheFirstSampleIsNoLag) {
  LagEstimator lag;
  lag.OnPrimary(Primary(196, "7:7:"), kStart);
  routing::ServerFacts archived = Replica(100, "7:7:");
  archived.wal_receiver_up = false;
  EXPECT_EQ(lag.Lag(archived, true, kStart + hours(1)), base::Duration::zero());
  // A replica that has not replayed the last transaction.
  archived.transactions = Transactions("6:6:");
  EXPECT_EQ(lag.Lag(archived, true, kStart + hours(1)), hours(9));
}

TEST(ReplicaLag, OldTransactionAtTheFirstSampleDoesNotMakeATailLag) {
  LagEstimator lag;
  lag.OnPrimary(Primary(196, "7:9:7"), kStart);
  routing::ServerFacts archived = Replica(100, "7:9:");
  archived.wal_receiver_up = false;
  EXPECT_EQ(lag.Lag(archived, true, kStart + hours(1)), base::Duration::zero());
  // The position of a later transaction is known.
  lag.OnPrimary(Primary(250, "7:10:7"), kStart + hours(1));
  archived.transactions = Transactions("7:9:");
  EXPECT_EQ(lag.Lag(archived, true, kStart + hours(1) + seconds(3)), seconds(3));
}

TEST(ReplicaLag, TransactionsOfAnotherTimelineDoNotCount) {
  LagEstimator lag;
  routing::ServerFacts promoted = Primary(500, "7:7:");
  promoted.timeline = 2;
  lag.OnPrimary(promoted, kStart);
  routing::ServerFacts left = Replica(100, "300:300:");
  left.timeline = 1;
  left.since_last_replay.reset();
  EXPECT_EQ(lag.Lag(left, true, kStart + seconds(5)), seconds(5));
}

TEST(ReplicaLag, WithoutPositionsASwitchOfTheTimelineIsReplayed) {
  LagEstimator lag;
  const auto on = [](std::uint64_t timeline, const std::string& transactions) {
    routing::ServerFacts facts;
    facts.transactions = Transactions(transactions);
    facts.timeline = timeline;
    return facts;
  };
  lag.OnPrimary(on(1, "7:7:"), kStart);
  lag.OnPrimary(on(2, "9:9:"), kStart + seconds(1));
  EXPECT_EQ(lag.Lag(on(2, "8:8:"), true, kStart + hours(1)), hours(1) - seconds(1));
  EXPECT_EQ(lag.Lag(on(2, "9:9:"), true, kStart + hours(1)), base::Duration::zero());
}

TEST(ReplicaLag, RunningTransactionOfThePrimaryIsNoLagUntilItIsComplete) {
  LagEstimator lag;
  lag.OnPrimary(Primary(100, "7:9:7"), kStart);
  EXPECT_EQ(lag.Lag(Replica(100, "7:9:"), true, kStart + hours(1)), base::Duration::zero());
  lag.OnPrimary(Primary(150, "9:9:"), kStart + hours(1));
  EXPECT_EQ(lag.Lag(Replica(120, "7:9:"), true, kStart + hours(1) + seconds(4)), seconds(4));
}

TEST(ReplicaLag, WithoutPositionsIsMeasuredByTransactions) {
  LagEstimator lag;
  routing::ServerFacts primary;
  primary.transactions = Transactions("7:7:");
  routing::ServerFacts replica;
  replica.in_recovery = true;
  replica.transactions = Transactions("7:7:");
  lag.OnPrimary(primary, kStart);
  EXPECT_EQ(lag.Lag(replica, true, kStart), base::Duration::zero());
  primary.transactions = Transactions("8:8:");
  lag.OnPrimary(primary, kStart + seconds(1));
  EXPECT_EQ(lag.Lag(replica, true, kStart + seconds(9)), seconds(8));
}

TEST(ReplicaLag, OfServersThatReportNothingIsUnknown) {
  LagEstimator lag;
  lag.OnPrimary({}, kStart);
  routing::ServerFacts replica;
  replica.in_recovery = true;
  EXPECT_EQ(lag.Lag(replica, true, kStart), std::nullopt);
}

TEST(ReplicaLag, IsUnknownOnceThePrimaryIsSilentAndTheReplicaReceivesNothing) {
  LagEstimator lag;
  lag.OnPrimary(Primary(100), kStart);
  lag.OnPrimary(Primary(200), kStart + seconds(1));
  routing::ServerFacts cut_off = Replica(200);
  cut_off.wal_receiver_up = false;
  EXPECT_EQ(lag.Lag(cut_off, false, kStart + hours(1)), std::nullopt);
  // Its distance from the known position is known.
  cut_off.wal_position = 100;
  EXPECT_EQ(lag.Lag(cut_off, false, kStart + seconds(31)), seconds(30));
}

TEST(ReplicaLag, ByAQueryIsWhatTheQueryReturns) {
  LagEstimator lag;
  lag.OnPrimary(Primary(200), kStart);
  routing::ServerFacts replica = Replica(100);
  replica.lag_is_queried = true;
  EXPECT_EQ(lag.Lag(replica, true, kStart), std::nullopt);
  replica.queried_lag = seconds(3);
  EXPECT_EQ(lag.Lag(replica, true, kStart), seconds(3));
}

TEST(ReplicaLag, RestartsWhenThePrimarysPositionDecreases) {
  LagEstimator lag;
  lag.OnPrimary(Primary(500), kStart);
  lag.OnPrimary(Primary(100), kStart + seconds(1));
  EXPECT_EQ(lag.Lag(Replica(100), true, kStart + hours(1)), base::Duration::zero());
}

TEST(ReplicaLag, HeaderOfAnEmptyPageIsNotLag) {
  LagEstimator lag;
  routing::ServerFacts primary = Primary(8192 + 24);
  primary.replayable_position = 8192;
  lag.OnPrimary(primary, kStart);
  EXPECT_EQ(lag.Lag(Replica(8192), true, kStart + hours(1)), base::Duration::zero());
  EXPECT_EQ(lag.Bytes(Replica(8192)), 0u);
}

// An older transaction runs and inserts after a commit, and nothing flushes its WAL.
TEST(ReplicaLag, UnflushedWalOfAnOpenTransactionIsNoLag) {
  const auto probe = [](LagEstimator& lag, routing::ServerFacts primary, seconds at) {
    primary.commits_flushed_within = seconds(6);
    lag.OnPrimary(primary, kStart + at);
    lag.OnFlushed(primary, kStart + at);
  };
  LagEstimator lag;
  routing::ServerFacts primary = Primary(1100, "7:7:");
  primary.flushed_position = 1100;
  probe(lag, primary, seconds(0));
  primary = Primary(1200, "7:9:7");
  primary.flushed_position = 1150;
  probe(lag, primary, seconds(10));
  // An asynchronous commit may not have been flushed yet.
  primary.flushed_position = 1188;
  probe(lag, primary, seconds(15));
  EXPECT_EQ(lag.Lag(Replica(1188, "7:9:"), true, kStart + seconds(15)), seconds(5));
  probe(lag, primary, seconds(16));
  EXPECT_EQ(lag.Lag(Replica(1188, "7:9:"), true, kStart + seconds(17)), base::Duration::zero());
  EXPECT_EQ(lag.Bytes(Replica(1188)), 12u);
  EXPECT_EQ(lag.Lag(Replica(1187, "7:8:"), true, kStart + seconds(17)), seconds(7));
}

// A primary that completes a transaction between any two of these probes.
class BusyPrimary : public testing::Test {
 protected:
  static constexpr std::chrono::milliseconds kInterval{100};
  static routing::ServerFacts At(std::uint64_t probe) {
    const std::string next = std::to_string(100 + probe);
    return Primary(1000 + 100 * probe, next + ":" + next + ":");
  }
  static routing::ServerFacts ReplicaAt(std::uint64_t probe) {
    const std::string next = std::to_string(100 + probe);
    return Replica(1000 + 100 * probe, next + ":" + next + ":");
  }
  static base::TimePoint TimeOf(std::uint64_t probe) { return kStart + probe * kInterval; }
};

TEST_F(BusyPrimary, LagOfAReplicaThatStandsStillGrowsForever) {
  LagEstimator lag;
  for (std::uint64_t probe = 0; probe <= 200'000; ++probe) {
    lag.OnPrimary(At(probe), TimeOf(probe));
    if (probe % 1000 != 0) continue;
    // They have the first answer, and that of an hour later.
    for (const std::uint64_t stuck : {std::uint64_t{0}, std::uint64_t{36'000}}) {
      if (probe <= stuck) continue;
      const base::Duration behind = TimeOf(probe) - TimeOf(stuck + 1);
      EXPECT_GE(lag.Lag(ReplicaAt(stuck), true, TimeOf(probe)), behind) << probe;
      EXPECT_LE(lag.Lag(ReplicaAt(stuck), true, TimeOf(probe)), behind + behind / 100) << probe;
    }
    EXPECT_EQ(lag.Lag(ReplicaAt(probe), true, TimeOf(probe)), base::Duration::zero());
    const std::uint64_t recent = probe < 50 ? 0 : probe - 50;
    EXPECT_LE(lag.Lag(ReplicaAt(recent), true, TimeOf(probe)), 49 * kInterval) << probe;
  }
}

}  // namespace
}  // namespace scidex::control
