#include "control/divergence.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

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
    if (!result.facts.timeline) result.facts.timeline = 1;
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
  follows.facts.timeline = 2;
  EXPECT_EQ(FromReplica(follows, "first run", 500), Reason::kDiverged);
  EXPECT_EQ(FromReplica(follows, "second run", 500), Reason::kDiverged);
}

TEST_F(ReplicaWatchTest, OneOfSeveralReplicasDiverges) {
  const auto at = [this](ProbeResult result, const char* host) {
    result.asked_at = clock_.Now();
    result.facts.instance = host;
    result.facts.address = routing::ServerAddress{host, "5432", ""};
    return result;
  };
  watch_.OnPrimaryProbe(Primary(1000));
  watch_.OnReplicaProbe(at(Replica(1000), "one"));
  watch_.OnPrimaryProbe(at(Primary(950), "primary"));
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  watch_.OnReplicaProbe(at(Replica(950), "two"));
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
  watch_.OnPrimaryProbe(at(Primary(2000), "primary"));
  watch_.OnReplicaProbe(at(Replica(1000), "one"));
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
}

TEST_F(Diverged, ReplicaThatStreamsFromBeforeItsPositionIsGood) {
  EXPECT_EQ(FromReplica(Replica(960), "rebuilt", 500), Reason::kOk);
}

TEST_F(Diverged, ReplicaThatWasRewoundToItsPrimaryIsGood) {
  ProbeResult promoted = Primary(2000);
  promoted.facts.timeline = 2;
  FromPrimary(promoted, 900);
  ProbeResult rewound = Replica(1000);
  rewound.facts.timeline = 2;
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
