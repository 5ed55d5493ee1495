#include "control/divergence.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "unit/control/replica_watch_fixture.h"

namespace scidex::control {
namespace {

using routing::Reason;
using std::chrono::seconds;

// What a replica has replayed that its primary never had is found at positions 1000 and 950.
class Diverged : public ReplicaWatchTest {
 protected:
  Diverged() {
    FromPrimary(Primary(1000), 500);
    FromReplica(Replica(1000), "first run", 500);
    FromPrimary(Primary(950), 900);
    EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  }
  void FromPrimary(ProbeResult result, std::uint64_t checkpoint) {
    clock_.Advance(seconds(1));
    result.asked_at = clock_.Now();
    result.facts.instance = "primary";
    result.facts.checkpoint = checkpoint;
    if (!result.facts.timeline) result.facts.timeline = 1;
    watch_.OnPrimaryProbe(result);
  }
  Reason FromReplica(ProbeResult result, const char* instance,
                     std::optional<std::uint64_t> checkpoint) {
    clock_.Advance(seconds(1));
    result.facts.instance = instance;
    result.facts.checkpoint = checkpoint;
    if (!result.facts.reached_timeline) result.facts.reached_timeline = 1;
    watch_.OnReplicaProbe(result);
    return verdicts_.back();
  }
};

TEST_F(Diverged, ReplicaRemainsSoWhenItRestarts) {
  EXPECT_EQ(FromReplica(Replica(1000), "second run", 500), Reason::kDiverged);
  FromPrimary(Primary(2000), 1900);
  // It streams on, and replays a checkpoint of its primary.
  EXPECT_EQ(FromReplica(Replica(2000), "second run", 1900), Reason::kDiverged);
  watch_.OnReplicaProbe(Down(Reason::kConnectRefused));
  FromPrimary(Primary(2000), 1900);
  EXPECT_EQ(FromReplica(Replica(2000), "third run", 1900), Reason::kDiverged);
  // While it replays the WAL in its files, it is behind where it was.
  watch_.OnReplicaProbe(Down(Reason::kNotAcceptingConnections));
  ProbeResult recovering = Replica(800);
  recovering.facts.wal_receiver_up = false;
  EXPECT_EQ(FromReplica(recovering, "fourth run", 500), Reason::kDiverged);
  // Without the privilege to see checkpoints.
  watch_.OnReplicaProbe(Down(Reason::kConnectRefused));
  EXPECT_EQ(FromReplica(Replica(3000), "fifth run", std::nullopt), Reason::kDiverged);
}

TEST_F(Diverged, ReplicaRebuiltFromALaterCheckpointIsGood) {
  watch_.OnReplicaProbe(Down(Reason::kConnectRefused));
  EXPECT_EQ(FromReplica(Replica(2000), "rebuilt", 1900), Reason::kOk);
}

TEST_F(Diverged, CheckpointThatItMayHaveReplayedShowsNothing) {
  FromReplica(Replica(1000), "first run", 980);
  watch_.OnReplicaProbe(Down(Reason::kConnectRefused));
  FromPrimary(Primary(970), 900);
  FromPrimary(Primary(1100), 960);
  EXPECT_EQ(FromReplica(Replica(1000), "second run", 980), Reason::kDiverged);
}

TEST_F(Diverged, TimelineThatForksAfterTheDivergenceShowsNothing) {
  FromPrimary(Primary(1400), 1300);
  ProbeResult promoted = Primary(1600);
  promoted.facts.timeline = 2;
  FromPrimary(promoted, 1300);
  ProbeResult follows = Replica(1600);
  follows.facts.reached_timeline = 2;
  EXPECT_EQ(FromReplica(follows, "first run", 500), Reason::kDiverged);
  EXPECT_EQ(FromReplica(follows, "second run", 500), Reason::kDiverged);
}

// Several hosts in the replica's DSN, on a primary at 500.
class SeveralReplicas : public ReplicaWatchTest {
 protected:
  SeveralReplicas() { FromPrimary(500); }
  void FromPrimary(std::uint64_t position, std::uint64_t timeline = 1) {
    clock_.Advance(seconds(1));
    ProbeResult result = Primary(position);
    result.asked_at = clock_.Now();
    result.facts.instance = "primary";
    result.facts.timeline = timeline;
    watch_.OnPrimaryProbe(result);
  }
  Reason FromReplica(const char* host, const char* instance, std::uint64_t position,
                     std::uint64_t checkpoint, std::uint64_t timeline = 1) {
    clock_.Advance(seconds(1));
    ProbeResult result = Replica(position);
    result.facts.address = routing::ServerAddress{host, "5432", ""};
    result.facts.instance = instance;
    result.facts.checkpoint = checkpoint;
    result.facts.reached_timeline = timeline;
    watch_.OnReplicaProbe(result);
    return verdicts_.back();
  }
};

TEST_F(SeveralReplicas, EachIsJudgedByWhatItHasReplayed) {
  FromReplica("a", "A", 1000, 900);
  FromPrimary(510);
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  EXPECT_EQ(FromReplica("b", "B", 500, 400), Reason::kOk);
  FromPrimary(2000);
  EXPECT_EQ(FromReplica("b", "B", 600, 400), Reason::kOk) << "it lags";
  // It was not restarted, and the other one's position is not its own.
  EXPECT_EQ(FromReplica("a", "A", 1000, 900), Reason::kDiverged);
  FromPrimary(2000);
  EXPECT_EQ(FromReplica("a", "A", 1000, 900), Reason::kDiverged);
}

TEST_F(SeveralReplicas, RestoredPrimaryLacksWhatBothHave) {
  FromReplica("a", "A", 1000, 900);
  FromPrimary(510);
  FromReplica("b", "B", 1010, 900);
  FromPrimary(520);
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  FromPrimary(2000);
  EXPECT_EQ(FromReplica("b", "B", 1010, 900), Reason::kDiverged);
  EXPECT_EQ(FromReplica("a", "A", 2000, 900), Reason::kDiverged);
  // One is rebuilt, and then the other.
  EXPECT_EQ(FromReplica("b", "rebuilt", 2000, 1900), Reason::kOk);
  EXPECT_EQ(FromReplica("a", "A", 2000, 900), Reason::kDiverged);
  FromPrimary(3000);
  EXPECT_EQ(FromReplica("a", "rebuilt too", 3000, 2900), Reason::kOk);
}

TEST_F(SeveralReplicas, ReplicaIsTheSameUnderAnotherName) {
  FromReplica("a", "A", 1000, 900);
  FromPrimary(510);
  FromPrimary(2000);
  EXPECT_EQ(FromReplica("b", "A", 1000, 900), Reason::kDiverged);
  EXPECT_EQ(FromReplica("a", "restarted", 1000, 900), Reason::kDiverged);
  EXPECT_EQ(FromReplica("b", "restarted again", 1000, 900), Reason::kDiverged);
}

TEST_F(SeveralReplicas, OneNameMayLeadToEitherOfThem) {
  FromReplica("a", "A", 1000, 900);
  FromPrimary(510);
  EXPECT_EQ(FromReplica("a", "B", 500, 400), Reason::kOk);
  FromPrimary(2000);
  EXPECT_EQ(FromReplica("a", "A", 1000, 900), Reason::kDiverged);
}

TEST_F(SeveralReplicas, PrimaryShowsTheDivergenceOfOneThatIsNotInUse) {
  FromReplica("a", "A", 1000, 900);
  FromReplica("b", "B", 500, 400);
  FromPrimary(510);
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
  FromPrimary(2000);
  EXPECT_EQ(FromReplica("a", "A", 1000, 900), Reason::kDiverged);
}

TEST_F(SeveralReplicas, TimelineBeyondWhoseForkItWasShowsARewind) {
  FromReplica("a", "A", 1000, 500);
  // A standby that lacks what the replica has is promoted, and passes it.
  FromPrimary(950, 2);
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  FromPrimary(1100, 2);
  EXPECT_EQ(FromReplica("a", "restarted", 1000, 500), Reason::kDiverged);
  EXPECT_EQ(FromReplica("a", "rewound", 1100, 500, 2), Reason::kOk);
}

TEST_F(SeveralReplicas, TimelineThatItHadReachedShowsNoRewind) {
  FromReplica("a", "A", 900, 500, 2);
  // It switches to reading an archive, and reports its latest restart point.
  FromReplica("a", "A", 1000, 500);
  FromPrimary(950, 2);
  FromPrimary(1100, 2);
  EXPECT_EQ(FromReplica("a", "restarted", 1100, 500, 2), Reason::kDiverged);
}

TEST_F(SeveralReplicas, OneThatRestartsBehindAnothersNameRemainsSo) {
  FromReplica("name", "B", 500, 400);
  FromReplica("name", "A", 1000, 900);
  FromPrimary(510);
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  FromPrimary(2000);
  EXPECT_EQ(FromReplica("name", "B", 2000, 1900), Reason::kOk);
  EXPECT_EQ(FromReplica("name", "B restarted", 2000, 1900), Reason::kOk);
  EXPECT_EQ(FromReplica("name", "A restarted", 2000, 900), Reason::kDiverged);
}

TEST_F(SeveralReplicas, OneThatWasTakenForTheRestartOfAnotherIsCleared) {
  FromReplica("name", "A", 1000, 900);
  FromPrimary(510);
  FromPrimary(2000);
  EXPECT_EQ(FromReplica("name", "B", 2000, 900), Reason::kDiverged) << "it may be the other one";
  EXPECT_EQ(FromReplica("name", "C", 2000, 900), Reason::kDiverged);
  // It is not, because the other one still runs.
  EXPECT_EQ(FromReplica("name", "A", 2000, 900), Reason::kDiverged);
  EXPECT_EQ(FromReplica("name", "B", 2000, 1950), Reason::kOk);
  EXPECT_EQ(FromReplica("name", "C", 2000, 1950), Reason::kOk);
  EXPECT_EQ(FromReplica("name", "A", 2000, 900), Reason::kDiverged);
}

TEST_F(SeveralReplicas, OneThatIsItselfAheadIsNotCleared) {
  FromReplica("name", "A", 1000, 900);
  FromPrimary(510);
  FromReplica("name", "B", 1010, 900);
  FromPrimary(520);
  FromPrimary(2000);
  EXPECT_EQ(FromReplica("name", "A", 1000, 900), Reason::kDiverged);
  EXPECT_EQ(FromReplica("name", "B", 1010, 900), Reason::kDiverged);
}

TEST_F(SeveralReplicas, InheritedVerdictClearsNoOtherServer) {
  FromReplica("name", "A", 1000, 900);
  FromPrimary(510);
  FromPrimary(2000);
  FromReplica("name", "A", 2000, 900);
  EXPECT_EQ(FromReplica("name", "B", 2000, 1900), Reason::kDiverged) << "it may be A";
  EXPECT_EQ(FromReplica("name", "A restarted", 2000, 900), Reason::kDiverged);
  FromReplica("name", "B", 2000, 1900);
  EXPECT_EQ(FromReplica("name", "A restarted", 2100, 1900), Reason::kDiverged);
}

TEST_F(SeveralReplicas, OneAheadOfAnOldPrimaryIsGoodWithTheNewOne) {
  FromReplica("c", "C", 500, 400);
  FromPrimary(1300, 2);
  EXPECT_EQ(FromReplica("c", "C", 1300, 900, 2), Reason::kOk);
  FromPrimary(1150, 1);
  EXPECT_EQ(FromReplica("c", "C", 1300, 900, 2), Reason::kDiverged);
  FromPrimary(1500, 1);
  EXPECT_EQ(FromReplica("c", "C", 1300, 900, 2), Reason::kDiverged);
  FromPrimary(2000, 2);
  EXPECT_EQ(FromReplica("c", "C", 2000, 1250, 2), Reason::kOk);
}

TEST_F(SeveralReplicas, TimelineOfAnotherServerAtItsNameDoesNotCount) {
  FromPrimary(900);
  FromReplica("name", "A", 900, 500);
  FromPrimary(940, 2);
  FromReplica("name", "A", 940, 500, 2);
  FromReplica("name", "C", 1000, 500, 1);
  FromPrimary(950, 2);
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  FromPrimary(1100, 2);
  EXPECT_EQ(FromReplica("name", "C rewound", 1100, 500, 2), Reason::kOk);
}

TEST_F(SeveralReplicas, RunsOfOneDoNotDisplaceTheOther) {
  FromReplica("a", "A", 1000, 900);
  FromPrimary(510);
  FromReplica("b", "B", 1010, 900);
  FromPrimary(520);
  FromPrimary(2000);
  for (int run = 0; run < 100; ++run)
    EXPECT_EQ(FromReplica("b", std::to_string(run).c_str(), 1010, 900), Reason::kDiverged);
  EXPECT_EQ(FromReplica("a", "A", 1000, 900), Reason::kDiverged);
  for (int host = 0; host < 100; ++host)
    EXPECT_EQ(FromReplica(std::to_string(host).c_str(), ("of " + std::to_string(host)).c_str(),
                          2000, 1900),
              Reason::kOk);
  EXPECT_EQ(FromReplica("b", "99", 1010, 900), Reason::kDiverged);
}

TEST_F(Diverged, ReplicaThatStreamsFromBeforeItsPositionIsGood) {
  EXPECT_EQ(FromReplica(Replica(960), "rebuilt", 500), Reason::kOk);
}

TEST_F(Diverged, ReplicaThatWasRewoundToItsPrimaryIsGood) {
  ProbeResult promoted = Primary(2000);
  promoted.facts.timeline = 2;
  FromPrimary(promoted, 900);
  ProbeResult rewound = Replica(1000);
  rewound.facts.reached_timeline = 2;
  EXPECT_EQ(FromReplica(Replica(1000), "restarted", 500), Reason::kDiverged);
  EXPECT_EQ(FromReplica(rewound, "rewound", 500), Reason::kOk);
}

TEST_F(ReplicaWatchTest, ReplicaThatIsAheadOfATransactionIdHasDiverged) {
  const auto with = [this](ProbeResult result, std::uint64_t xmin, std::uint64_t xmax) {
    result.asked_at = clock_.Now();
    result.facts.transactions = {xmin, xmax};
    if (!result.facts.in_recovery) result.facts.transactions->next = xmax + 5;
    return result;
  };
  watch_.OnPrimaryProbe(with(Primary(1000), 100, 100));
  // The primary has begun 104, and ends it once a synchronous standby has it.
  watch_.OnReplicaProbe(with(Replica(1000), 105, 105));
  watch_.OnPrimaryProbe(with(Primary(1000), 100, 100));
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
  watch_.OnReplicaProbe(with(Replica(1000), 106, 106));
  watch_.OnPrimaryProbe(with(Primary(1000), 100, 100));
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
}

}  // namespace
}  // namespace scidex::control
