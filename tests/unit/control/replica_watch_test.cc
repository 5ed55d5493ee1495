#include "control/replica_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/asleep.h"
#include "support/eventually.h"
#include "support/log_tap.h"
#include "unit/control/replica_watch_fixture.h"

namespace scidex::control {
namespace {

using routing::Reason;
using std::chrono::seconds;

TEST_F(ReplicaWatchTest, AReplicaThatAnswersAndKeepsUpIsGood) {
  watch_.OnPrimaryProbe(Primary(100));
  watch_.OnReplicaProbe(Replica(100));
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kOk});
  EXPECT_EQ(watch_.Stats().lag, base::Duration::zero());
  EXPECT_EQ(watch_.Stats().wal_receiver_up, true);
}

TEST_F(ReplicaWatchTest, AReplicaThatAnswersFirstIsJudgedOnceThePrimaryWasAsked) {
  ProbeResult behind = Replica(100);
  behind.facts.wal_receiver_up = false;
  behind.facts.since_last_replay = seconds(7200);
  watch_.OnReplicaProbe(behind);
  EXPECT_TRUE(verdicts_.empty());
  watch_.OnPrimaryProbe(Primary(200));
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kLagExceeded});
}

TEST_F(ReplicaWatchTest, LaterAnswersWaitForASlowPrimaryToo) {
  watch_.Reconfigure({.primary_known_within = seconds(3)}, true, false, false);
  ProbeResult behind = Replica(100);
  behind.facts.since_last_replay = seconds(7200);
  behind.started = clock_.Now();
  watch_.OnReplicaProbe(behind);
  clock_.Advance(seconds(2));
  behind.started = clock_.Now();
  watch_.OnReplicaProbe(behind);
  EXPECT_TRUE(verdicts_.empty());
  watch_.OnPrimaryProbe(Primary(200));
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kLagExceeded});
}

TEST_F(ReplicaWatchTest, PrimaryThatIsNeverProbedDelaysNoVerdictForLong) {
  watch_.Reconfigure({.primary_known_within = seconds(3)}, true, false, false);
  ProbeResult good = Replica(100);
  good.started = clock_.Now();
  watch_.OnReplicaProbe(good);
  clock_.Advance(seconds(3));
  watch_.OnReplicaProbe(good);
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kOk});
}

TEST_F(ReplicaWatchTest, ReplicaAheadOfAPrimaryThatWasAskedLaterHasDiverged) {
  watch_.OnPrimaryProbe(Primary(100));
  // The primary may have written up to this position in the meantime.
  watch_.OnReplicaProbe(Replica(150));
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kOk});
  ProbeResult later = Primary(120);
  later.asked_at = clock_.Now();
  watch_.OnPrimaryProbe(later);
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  EXPECT_EQ(watch_.Stats().lag, std::nullopt);
  EXPECT_EQ(watch_.Stats().judged_unfit[Reason::kDiverged], 1u);
  watch_.OnReplicaProbe(Replica(150));
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  EXPECT_EQ(watch_.Stats().lag, std::nullopt);
  // The primary has written more, with other rows.
  later = Primary(200);
  later.asked_at = clock_.Now();
  watch_.OnPrimaryProbe(later);
  watch_.OnReplicaProbe(Replica(150));
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  // Rebuilt.
  watch_.OnReplicaProbe(Replica(110));
  later.asked_at = clock_.Now();
  watch_.OnPrimaryProbe(later);
  watch_.OnReplicaProbe(Replica(120));
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
}

TEST_F(ReplicaWatchTest, PrimaryThatWasAskedBeforeTheReplicaShowsNothing) {
  ProbeResult earlier = Primary(100);
  earlier.asked_at = clock_.Now();
  clock_.Advance(seconds(1));
  watch_.OnReplicaProbe(Replica(150));
  watch_.OnPrimaryProbe(earlier);
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kOk});
}

TEST_F(ReplicaWatchTest, ReplicaOnALaterTimelineHasDiverged) {
  ProbeResult primary = Primary(200);
  primary.facts.timeline = 1;
  ProbeResult replica = Replica(100);
  replica.facts.timeline = 2;
  watch_.OnPrimaryProbe(primary);
  watch_.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kDiverged});
  // It reports the timeline of its latest restart point, which is behind for a while.
  primary.facts.timeline = 3;
  watch_.OnPrimaryProbe(primary);
  watch_.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
}

TEST_F(ReplicaWatchTest, LaterTimelineThanThatOfADeadPrimaryShowsNothing) {
  ProbeResult primary = Primary(200);
  primary.facts.timeline = 1;
  ProbeResult replica = Replica(200);
  watch_.OnPrimaryProbe(primary);
  watch_.OnReplicaProbe(replica);
  watch_.OnPrimaryProbe(Down(Reason::kConnectRefused));
  // It follows a standby that was promoted.
  replica.facts.timeline = 2;
  watch_.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_.back(), Reason::kOk) << "it is the only server left";
  watch_.OnPrimaryProbe(primary);
  watch_.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
}

TEST_F(ReplicaWatchTest, EndOfARecordWhereAPageHeaderMayBeIsNotBehind) {
  constexpr std::uint64_t kEnd = (49 << 20) + 40;
  ProbeResult primary = Primary(kEnd);
  primary.facts.replayable_position = kEnd - 40;
  primary.asked_at = clock_.Now();
  watch_.OnPrimaryProbe(primary);
  watch_.OnReplicaProbe(Replica(kEnd));
  watch_.OnPrimaryProbe(primary);
  watch_.OnReplicaProbe(Replica(kEnd));
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
  EXPECT_EQ(watch_.Stats().judged_unfit[Reason::kDiverged], 0u);
}

TEST_F(ReplicaWatchTest, PromotedServerThatLacksWhatTheReplicaHasIsBehind) {
  const auto as = [this](ProbeResult result, const char* instance) {
    result.facts.instance = instance;
    result.asked_at = clock_.Now();
    return result;
  };
  watch_.OnPrimaryProbe(as(Primary(1000), "A"));
  watch_.OnReplicaProbe(as(Replica(1000), "R"));
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
  watch_.OnPrimaryProbe(as(Primary(950), "B"));
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  // A restart of the primary does not take the replica's rows away.
  watch_.OnPrimaryProbe(as(Primary(2000), "C"));
  watch_.OnReplicaProbe(as(Replica(1000), "R"));
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
}

TEST_F(ReplicaWatchTest, ReplicaThatFollowsANewPrimaryIsNoLongerAhead) {
  const auto on = [this](ProbeResult result, std::uint64_t timeline) {
    result.facts.timeline = timeline;
    result.asked_at = clock_.Now();
    return result;
  };
  watch_.OnPrimaryProbe(on(Primary(1000), 1));
  watch_.OnReplicaProbe(on(Replica(1000), 1));
  // Put back from a copy.
  watch_.OnPrimaryProbe(on(Primary(900), 1));
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  // Another standby is promoted. As long as the replica does not move, it does not follow it.
  watch_.OnPrimaryProbe(on(Primary(1200), 2));
  watch_.OnReplicaProbe(on(Replica(1000), 1));
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  // Nor if it moves on the old timeline, or does not report one.
  watch_.OnReplicaProbe(on(Replica(1100), 1));
  watch_.OnReplicaProbe(Replica(1100));
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  watch_.OnReplicaProbe(on(Replica(1200), 2));
  EXPECT_EQ(verdicts_.back(), Reason::kOk);
}

TEST_F(ReplicaWatchTest, PositionsOfAnotherClusterDoNotCompare) {
  watch_.OnPrimaryProbe(Primary(1000));
  watch_.OnReplicaProbe(Replica(1000));
  ProbeResult other = Primary(50);
  other.facts.system_identifier = "8";
  other.asked_at = clock_.Now();
  watch_.OnPrimaryProbe(other);
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kOk});
  watch_.OnReplicaProbe(Replica(1000));
  EXPECT_EQ(verdicts_.back(), Reason::kWrongCluster);
}

TEST_F(ReplicaWatchTest, FactThatIsMissingOnceDoesNotEndDivergence) {
  ProbeResult replica = Replica(150);
  replica.facts.instance = "R";
  watch_.OnPrimaryProbe(Primary(100));
  watch_.OnReplicaProbe(replica);
  ProbeResult later = Primary(120);
  later.asked_at = clock_.Now();
  watch_.OnPrimaryProbe(later);
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  later.facts.wal_position = 200;
  watch_.OnPrimaryProbe(later);
  watch_.OnReplicaProbe(Replica(160));
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  watch_.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
}

// Of a replica that has diverged: the primary's answer comes while the verdict of the replica's own
// answer is on its way.
TEST_F(ReplicaWatchTest, NoVerdictIsFollowedByAnOlderOne) {
  std::vector<Reason> verdicts;
  std::thread primary;
  std::atomic<pid_t> thread{0};
  std::atomic<bool> over{false};
  ReplicaWatch* judge = nullptr;
  ReplicaWatch watch({}, true, clock_, [&](Reason verdict, base::TimePoint) {
    if (verdict == Reason::kOk) {
      primary = std::thread([&] {
        thread = gettid();
        ProbeResult later = Primary(950);
        later.asked_at = clock_.Now();
        judge->OnPrimaryProbe(later);
        over = true;
      });
      EXPECT_TRUE(test::Eventually(
          test::kPatience, [&] { return over || (thread != 0 && test::IsAsleep(thread)); }));
    }
    verdicts.push_back(verdict);
  });
  judge = &watch;
  watch.OnPrimaryProbe(Primary(1000));
  watch.OnReplicaProbe(Replica(1000));
  primary.join();
  EXPECT_EQ(verdicts, (std::vector<Reason>{Reason::kOk, Reason::kDiverged}));
}

TEST_F(ReplicaWatchTest, NoVerdictOnAReplicaThatWasReplacedFollows) {
  std::thread reload;
  std::atomic<pid_t> thread{0};
  std::atomic<bool> over{false};
  ReplicaWatch* judge = nullptr;
  ReplicaWatch watch({}, true, clock_, [&](Reason, base::TimePoint) {
    reload = std::thread([&] {
      thread = gettid();
      judge->Reconfigure({}, true, false, /*new_replica=*/true);
      over = true;
    });
    EXPECT_TRUE(test::Eventually(test::kPatience,
                                 [&] { return over || (thread != 0 && test::IsAsleep(thread)); }));
    EXPECT_FALSE(over);
  });
  judge = &watch;
  watch.OnPrimaryProbe(Primary(1000));
  watch.OnReplicaProbe(Replica(1000));
  reload.join();
}

TEST_F(ReplicaWatchTest, FailureIsNotFollowedByTheAnswerThatWaited) {
  watch_.OnReplicaProbe(Replica(100));
  watch_.OnReplicaProbe(Down(Reason::kConnectRefused));
  watch_.OnPrimaryProbe(Primary(100));
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kConnectRefused});
}

TEST_F(ReplicaWatchTest, FirstAnswerOfThePrimaryMayShowThatTheReplicaIsAhead) {
  watch_.OnReplicaProbe(Replica(150));
  ProbeResult primary = Primary(120);
  primary.asked_at = clock_.Now();
  watch_.OnPrimaryProbe(primary);
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kDiverged});
  EXPECT_EQ(watch_.Stats().judged_unfit[Reason::kDiverged], 1u);
}

TEST_F(ReplicaWatchTest, ServerInRecoveryIsNoPrimaryThatAnswers) {
  ProbeResult standby = Replica(100);
  ProbeResult behind = Replica(50);
  behind.facts.wal_receiver_up = false;
  behind.facts.since_last_replay = seconds(7200);
  watch_.OnPrimaryProbe(standby);
  watch_.OnReplicaProbe(behind);
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kOk}) << "it is the only server left";
}

TEST_F(ReplicaWatchTest, AReplicaThatDoesNotAnswerIsJudgedAtOnce) {
  watch_.OnReplicaProbe(Down(Reason::kConnectRefused));
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kConnectRefused});
}

TEST_F(ReplicaWatchTest, ServerOfAnotherClusterIsReportedEvenIfThePrimaryIsDown) {
  watch_.OnPrimaryProbe(Primary(100));
  watch_.OnPrimaryProbe(Down(Reason::kConnectRefused));
  ProbeResult replica = Replica(100);
  replica.facts.system_identifier = "8";
  watch_.OnReplicaProbe(replica);
  EXPECT_EQ(verdicts_, std::vector<Reason>{Reason::kWrongCluster});
}

TEST_F(ReplicaWatchTest, ReplicaWithTransactionsThatThePrimaryLacksHasDiverged) {
  // The primary was restored to 500 transactions ago, and has written more bytes since.
  const auto with = [](ProbeResult result, std::uint64_t xmin) {
    result.facts.transactions = routing::TransactionFacts{xmin, xmin, std::to_string(xmin)};
    if (!result.facts.in_recovery) result.facts.transactions->next = xmin;
    return result;
  };
  watch_.OnPrimaryProbe(with(Primary(100), 700));
  watch_.OnReplicaProbe(with(Replica(100), 1200));
  ProbeResult later = with(Primary(5'000), 702);
  later.asked_at = clock_.Now();
  watch_.OnPrimaryProbe(later);
  EXPECT_EQ(verdicts_.back(), Reason::kDiverged);
  EXPECT_EQ(watch_.Stats().lag, std::nullopt);
}

TEST_F(ReplicaWatchTest, LogsEachChangeOfTheVerdictAtLevelDebug) {
  const test::LogTap log;
  base::ConfigureLog({.level = base::LogLevel::kDebug});
  watch_.OnPrimaryProbe(Primary(100));
  watch_.OnReplicaProbe(Replica(100));
  watch_.OnReplicaProbe(Replica(100));
  watch_.OnReplicaProbe(Down(Reason::kConnectRefused));
  watch_.Reconfigure({}, true, false, true);
  watch_.OnReplicaProbe(Replica(100));
  base::ConfigureLog({});
  const std::string verdict = "level=debug msg=\"verdict on the replica\" ";
  EXPECT_EQ(log.Lines(), (std::vector<std::string>{verdict + "from=none to=ok",
                                                   verdict + "from=ok to=connect_refused",
                                                   verdict + "from=none to=ok"}));
}

}  // namespace
}  // namespace scidex::control
