#include <gtest/gtest.h>

#include "control/replica_watch.h"

namespace scidex::control {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr base::TimePoint kStart{hours(1)};

ServerFacts Replica(std::uint64_t replayed) {
  ServerFacts facts;
  facts.in_recovery = true;
  facts.wal_position = replayed;
  facts.wal_receiver_up = true;
  facts.replayed_all_received = true;
  facts.since_last_replay = hours(9);
  return facts;
}

TEST(ReplicaLag, AnIdlePrimaryIsNoLagHoweverOldTheLastTransaction) {
  LagEstimator lag;
  lag.OnPrimary(100, kStart);
  EXPECT_EQ(lag.Lag(Replica(100), true, kStart + hours(1)), base::Duration::zero());
}

TEST(ReplicaLag, IsTheTimeSinceThePrimaryWasFirstSeenWithWalThatTheReplicaLacks) {
  LagEstimator lag;
  lag.OnPrimary(100, kStart);
  lag.OnPrimary(200, kStart + seconds(10));
  lag.OnPrimary(200, kStart + seconds(11));
  lag.OnPrimary(300, kStart + seconds(12));
  EXPECT_EQ(lag.Lag(Replica(150), true, kStart + seconds(15)), seconds(5));
  EXPECT_EQ(lag.Lag(Replica(200), true, kStart + seconds(15)), seconds(3));
  EXPECT_EQ(lag.Lag(Replica(300), true, kStart + seconds(15)), base::Duration::zero());
}

TEST(ReplicaLag, GrowsWhenTheReceiverIsDeadAlthoughAllThatWasReceivedIsReplayed) {
  LagEstimator lag;
  lag.OnPrimary(100, kStart);
  lag.OnPrimary(200, kStart + seconds(1));
  ServerFacts dead = Replica(100);
  dead.wal_receiver_up = false;
  EXPECT_EQ(lag.Lag(dead, true, kStart + seconds(61)), seconds(60));
}

TEST(ReplicaLag, FromBeforeTheFirstLookIsTheAgeOfTheLastReplay) {
  LagEstimator lag;
  lag.OnPrimary(200, kStart);
  ServerFacts behind = Replica(100);
  behind.replayed_all_received = false;
  EXPECT_EQ(lag.Lag(behind, true, kStart), hours(9));
}

TEST(ReplicaLag, AStreamThatIsCaughtUpIsNotJudgedByTheAgeOfTheLastReplay) {
  LagEstimator lag;
  lag.OnPrimary(200, kStart);
  EXPECT_EQ(lag.Lag(Replica(199), true, kStart + base::Duration(5)), base::Duration(5));
}

TEST(ReplicaLag, WithoutAPrimaryIsTheReplicasOwnWord) {
  LagEstimator lag;
  EXPECT_EQ(lag.Lag(Replica(100), false, kStart), base::Duration::zero());
  ServerFacts dead = Replica(100);
  dead.wal_receiver_up = false;
  EXPECT_EQ(lag.Lag(dead, false, kStart), hours(9));
  dead.since_last_replay.reset();
  EXPECT_EQ(lag.Lag(dead, false, kStart), std::nullopt);
}

TEST(ReplicaLag, StartsAnewWhenThePrimarysPositionFallsBack) {
  LagEstimator lag;
  lag.OnPrimary(500, kStart);
  lag.OnPrimary(100, kStart + seconds(1));
  EXPECT_EQ(lag.Lag(Replica(100), true, kStart + hours(1)), base::Duration::zero());
}

}  // namespace
}  // namespace scidex::control
