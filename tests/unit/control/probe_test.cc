#include "control/probe.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "support/eager.h"
#include "support/eventually.h"
#include "support/fake_connector.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "support/untimed_pool.h"

namespace scidex::control {
namespace {

using routing::Reason;
using std::chrono::seconds;

// Returns the results that the test sets, and success by default.
class FakeInspector final : public routing::ServerInspector {
 public:
  routing::Inspection Inspect(pool::Connection&, base::TimePoint, const std::stop_token&) override {
    base::MutexLock lock(mutex_);
    routing::Inspection::Result result = routing::Inspection::Result::kAnswered;
    if (!answers_.empty()) {
      result = answers_.front();
      answers_.pop_front();
    }
    routing::ServerFacts facts;
    facts.address = address_;
    return {result, {"as told", ""}, facts};
  }
  std::optional<routing::ServerAddress> Expected() const override {
    return routing::ServerAddress{"db1,db2", "5432", "shop"};
  }
  void AnswerFrom(const routing::ServerAddress& address) {
    base::MutexLock lock(mutex_);
    address_ = address;
  }
  bool IsElsewhere(const pool::Connection&) const override { return elsewhere_; }
  void LeadElsewhere(bool elsewhere) { elsewhere_ = elsewhere; }
  void OnAnswered() override { ++answers_reported_; }
  int answers_reported() const { return answers_reported_; }
  void Answer(std::deque<routing::Inspection::Result> answers) {
    base::MutexLock lock(mutex_);
    answers_ = std::move(answers);
  }

 private:
  std::atomic<bool> elsewhere_{false};
  std::atomic<int> answers_reported_{0};
  base::Mutex mutex_;
  std::deque<routing::Inspection::Result> answers_ SCIDEX_GUARDED_BY(mutex_);
  std::optional<routing::ServerAddress> address_ SCIDEX_GUARDED_BY(mutex_);
};

class ProbeTest : public testing::Test {
 protected:
  void Make(const ProbeOptions& options) {
    probe_.emplace(options, std::make_shared<control::Probe::Pools>(pools_), reserved_, inspector_,
                   std::make_shared<ServerEvents>(clock_), scheduler_,
                   [this](const ProbeResult& result) {
                     base::MutexLock lock(mutex_);
                     results_.push_back(result.reason);
                     reported_before_ = inspector_.answers_reported();
                   });
  }
  void Start(const ProbeOptions& options = {}) {
    // The pool's housekeeping, which takes idle sessions for a moment, has run.
    ASSERT_TRUE(clock_.AwaitSleepers(1, seconds(1)));
    Make(options);
    probe_->Start();
  }
  // Returns the session of the first probe.
  std::shared_ptr<test::FakeSession> StartWithANewSessionPerProbe() {
    ProbeOptions options;
    options.new_session_interval = seconds(1);
    Start(options);
    EXPECT_TRUE(AwaitResults(1));
    return reserved_->sessions().at(0);
  }
  std::vector<Reason> Results() {
    base::MutexLock lock(mutex_);
    return results_;
  }
  // Runs one more probe, to its verdict.
  void Probe() {
    const std::size_t before = Results().size();
    clock_.Advance(seconds(1));
    ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return Results().size() > before; }));
  }
  void ProbeWithoutVerdict() {
    const base::WallTime before = probe_->Stats().last_run;
    clock_.Advance(seconds(1));
    ASSERT_TRUE(
        test::Eventually(test::kPatience, [&] { return probe_->Stats().last_run > before; }));
  }
  bool AwaitResults(std::size_t count) {
    return test::Eventually(test::kPatience, [&] { return Results().size() == count; });
  }

  test::ManualClock clock_;
  base::Scheduler scheduler_{clock_, test::kEager};
  // A separate clock, so that a test knows which threads wait on it.
  base::Scheduler pool_scheduler_{clock_, test::kEager};
  std::shared_ptr<test::FakeConnector> pooled_ = std::make_shared<test::FakeConnector>();
  std::shared_ptr<test::FakeConnector> reserved_ = std::make_shared<test::FakeConnector>();
  FakeInspector inspector_;
  std::shared_ptr<pool::Pool> shared_pool_ = std::make_shared<pool::Pool>(
      "ro", test::UntimedPool(1), pool::Pool::Dependencies{pooled_, pool_scheduler_, clock_});
  pool::Pool& pool_ = *shared_pool_;
  control::Probe::Pools pools_{shared_pool_};
  base::Mutex mutex_;
  std::vector<Reason> results_ SCIDEX_GUARDED_BY(mutex_);
  // Answers that the inspector knew of before the latest result was delivered.
  int reported_before_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::optional<control::Probe> probe_;
};

TEST_F(ProbeTest, AnAnswerOfAnOldSessionDoesNotEndThePoolsBackoff) {
  ProbeOptions options;
  options.min_trigger_distance = base::Duration::zero();
  Start(options);
  ASSERT_TRUE(AwaitResults(1));
  pooled_->Fail();
  std::future<void> client = std::async(std::launch::async, [this] {
    EXPECT_THROW(static_cast<void>(pool_.Acquire({clock_.Now() + seconds(3600)})),
                 pool::PoolClosed);
  });
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return pooled_->connects() == 1; }));
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return pool_.Stats().connecting == 0; }));
  for (std::size_t i = 2; i < 12; ++i) {
    probe_->Trigger();
    ASSERT_TRUE(AwaitResults(i));
  }
  EXPECT_EQ(pooled_->connects(), 1u);
  pool_.Close();
  client.get();
}

TEST_F(ProbeTest, ServerThatRefusesNewSessionsIsDetectedWithinTheInterval) {
  Start();
  ASSERT_TRUE(AwaitResults(1));
  reserved_->Fail(pool::ConnectOutcome::kAuthFailed);
  for (int i = 0; i < 9; ++i) Probe();
  EXPECT_EQ(Results(), std::vector<Reason>(10, Reason::kOk));
  EXPECT_EQ(reserved_->connects(), 1u);
  Probe();
  EXPECT_EQ(Results().back(), Reason::kAuthFailed);
  // Each probe tries to log in, so that recovery is detected immediately.
  Probe();
  EXPECT_EQ(Results().back(), Reason::kAuthFailed);
  reserved_->Succeed();
  Probe();
  EXPECT_EQ(Results().back(), Reason::kOk);
  EXPECT_EQ(reserved_->open(), 1u);
}

TEST_F(ProbeTest, ItsServerIsKnownBeforeReadsThatWaitForTheVerdict) {
  Start();
  ASSERT_TRUE(AwaitResults(1));
  base::MutexLock lock(mutex_);
  EXPECT_EQ(reported_before_, 1);
}

TEST_F(ProbeTest, AttemptsAreCountedBesideFailures) {
  Start();
  ASSERT_TRUE(AwaitResults(1));
  inspector_.Answer({routing::Inspection::Result::kRefused});
  Probe();
  Probe();
  EXPECT_EQ(probe_->Stats().probes, 3u);
  EXPECT_EQ(probe_->Stats().failures[Reason::kConnectFailed], 1u);
}

TEST_F(ProbeTest, EachIsLoggedAtLevelDebug) {
  const test::LogTap log;
  base::ConfigureLog({.level = base::LogLevel::kDebug});
  Start();
  ASSERT_TRUE(AwaitResults(1));
  inspector_.Answer({routing::Inspection::Result::kRefused});
  Probe();
  inspector_.Answer({routing::Inspection::Result::kNotTried});
  clock_.Advance(seconds(1));
  const std::string probe = "level=debug msg=\"probe ended\" host=db1,db2 port=5432 result=";
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return log.Count({probe + "none"}) == 1; }));
  base::ConfigureLog({});
  EXPECT_EQ(log.Count({probe + "ok", "took_seconds="}), 1u);
  EXPECT_EQ(log.Count({probe + "connect_failed", "error=\"as told\""}), 1u);
}

TEST_F(ProbeTest, TheServerThatAnsweredLastIsNamedWhileItIsDown) {
  reserved_->Fail(pool::ConnectOutcome::kConnectRefused);
  Start();
  ASSERT_TRUE(AwaitResults(1));
  EXPECT_EQ(*probe_->Stats().address, (routing::ServerAddress{"db1,db2", "5432", "shop"}));
  inspector_.AnswerFrom({"db2", "5432", "shop"});
  reserved_->Succeed();
  Probe();
  EXPECT_EQ(*probe_->Stats().address, (routing::ServerAddress{"db2", "5432", "shop"}));
  inspector_.Answer({routing::Inspection::Result::kLost});
  reserved_->Fail(pool::ConnectOutcome::kConnectRefused);
  Probe();
  EXPECT_FALSE(probe_->Stats().up);
  EXPECT_EQ(*probe_->Stats().address, (routing::ServerAddress{"db2", "5432", "shop"}));
}

TEST_F(ProbeTest, StaysOnItsServerUntilNoNewSessionReachesIt) {
  const auto first = StartWithANewSessionPerProbe();
  inspector_.LeadElsewhere(true);
  for (int i = 0; i < 3; ++i) Probe();
  EXPECT_EQ(reserved_->open(), 1u);
  EXPECT_TRUE(first->open());
  inspector_.LeadElsewhere(false);
  Probe();
  EXPECT_FALSE(first->open()) << "a new session of its server takes the place of the old one";
  const auto second = reserved_->sessions().back();
  inspector_.LeadElsewhere(true);
  for (int i = 0; i < 4; ++i) Probe();
  EXPECT_FALSE(second->open());
  EXPECT_EQ(Results(), std::vector<Reason>(9, Reason::kOk));
}

TEST_F(ProbeTest, FollowsAtOnceIfThePoolsReachOnlyOtherServers) {
  const auto first = StartWithANewSessionPerProbe();
  inspector_.LeadElsewhere(true);
  pooled_->Fail(pool::ConnectOutcome::kOtherServer);
  std::future<void> client = std::async(std::launch::async, [this] {
    EXPECT_THROW(static_cast<void>(pool_.Acquire({clock_.Now() + seconds(3600)})),
                 pool::PoolClosed);
  });
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] {
    return pool_.Stats().connects[pool::ConnectOutcome::kOtherServer] == 1;
  }));
  Probe();
  EXPECT_FALSE(first->open());
  pool_.Close();
}

TEST_F(ProbeTest, TriggerAsksByANewSession) {
  ProbeOptions options;
  options.min_trigger_distance = base::Duration::zero();
  Start(options);
  ASSERT_TRUE(AwaitResults(1));
  reserved_->Fail(pool::ConnectOutcome::kAuthFailed);
  probe_->Trigger();
  ASSERT_TRUE(AwaitResults(2));
  EXPECT_EQ(Results().back(), Reason::kAuthFailed);
}

TEST_F(ProbeTest, ServerWithoutRoomForANewSessionServesWhatThePoolHas) {
  Start();
  ASSERT_TRUE(AwaitResults(1));
  reserved_->Fail(pool::ConnectOutcome::kTooManyConnections);
  pool::Lease lease = pool_.Acquire();
  for (int i = 0; i < 12; ++i) Probe();
  EXPECT_EQ(Results().back(), Reason::kOk);
  lease.Evict(pool::EvictReason::kBorrower);
  Probe();
  EXPECT_EQ(Results().back(), Reason::kTooManyConnections);
}

TEST_F(ProbeTest, LocalFailureOfANewSessionIsNotARefusal) {
  Start();
  ASSERT_TRUE(AwaitResults(1));
  reserved_->Fail(pool::ConnectOutcome::kLocalFailure);
  for (int i = 0; i < 12; ++i) Probe();
  EXPECT_EQ(Results(), std::vector<Reason>(13, Reason::kOk));
  EXPECT_GT(reserved_->connects(), 1u);
}

TEST_F(ProbeTest, RequestedReconnectHappensOnce) {
  Start();
  ASSERT_TRUE(AwaitResults(1));
  probe_->Reconnect();
  Probe();
  Probe();
  EXPECT_EQ(reserved_->connects(), 2u);
}

TEST_F(ProbeTest, ProbesAtOnceAndThenAtEachIntervalOnOneReservedSession) {
  Start();
  ASSERT_TRUE(AwaitResults(1));
  Probe();
  ASSERT_TRUE(AwaitResults(2));
  EXPECT_EQ(Results(), (std::vector<Reason>{Reason::kOk, Reason::kOk}));
  EXPECT_EQ(reserved_->connects(), 1u);
  EXPECT_EQ(pool_.Stats().requests, 0u);
}

TEST_F(ProbeTest, ItsStatsHaveItsOwnOptionsNotThoseOfItsPredecessor) {
  ProbeStats before;
  before.probes = 7;
  before.interval = seconds(10);
  before.timeout = seconds(20);
  ProbeOptions options;
  options.interval = seconds(60);
  options.timeout = seconds(2);
  Make(options);
  EXPECT_EQ(probe_->Stats().interval, seconds(60));
  EXPECT_EQ(probe_->Stats().timeout, seconds(2));
  probe_->Inherit(before);
  EXPECT_EQ(probe_->Stats().probes, 7u);
  EXPECT_EQ(probe_->Stats().interval, seconds(60));
  EXPECT_EQ(probe_->Stats().timeout, seconds(2));
}

TEST_F(ProbeTest, AFullPoolDoesNotConcernIt) {
  const pool::Lease only_one = pool_.Acquire();
  Start();
  ASSERT_TRUE(AwaitResults(1));
  EXPECT_EQ(Results().front(), Reason::kOk);
}

TEST_F(ProbeTest, ConnectErrorIsTheReason) {
  reserved_->Fail(pool::ConnectOutcome::kAuthFailed);
  Start();
  ASSERT_TRUE(AwaitResults(1));
  EXPECT_EQ(Results().front(), Reason::kAuthFailed);
  const ProbeStats stats = probe_->Stats();
  EXPECT_FALSE(stats.up);
  EXPECT_EQ(stats.failures[Reason::kAuthFailed], 1u);
  EXPECT_EQ(stats.last_success, base::WallTime{});
}

TEST_F(ProbeTest, ASessionThatWasEndedIsReplacedBeforeTheServerIsJudged) {
  Start();
  ASSERT_TRUE(AwaitResults(1));
  inspector_.Answer({routing::Inspection::Result::kLost});
  Probe();
  ASSERT_TRUE(AwaitResults(2));
  EXPECT_EQ(Results().back(), Reason::kOk);
  EXPECT_EQ(reserved_->connects(), 2u);
}

TEST_F(ProbeTest, ANewSessionThatIsLostTooIsEvidence) {
  inspector_.Answer({routing::Inspection::Result::kLost});
  Start();
  ASSERT_TRUE(AwaitResults(1));
  EXPECT_EQ(Results().front(), Reason::kConnectFailed);
}

TEST_F(ProbeTest, AServerThatDoesNotAnswerInTimeIsAProbeTimeout) {
  Start();
  ASSERT_TRUE(AwaitResults(1));
  inspector_.Answer({routing::Inspection::Result::kTimeout});
  reserved_->Fail(pool::ConnectOutcome::kConnectTimeout);
  Probe();
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return Results().size() >= 2; }));
  EXPECT_EQ(Results()[1], Reason::kProbeTimeout) << "there is no time left for another";
}

TEST_F(ProbeTest, SilentSessionHasIdleOnesReplacedOnceANewOneAnswers) {
  { const pool::Lease idle = pool_.Acquire(); }
  Start();
  ASSERT_TRUE(AwaitResults(1));
  inspector_.Answer({routing::Inspection::Result::kTimeout});
  Probe();
  // Immediately, not after an interval.
  ASSERT_TRUE(AwaitResults(3));
  EXPECT_EQ(Results(), (std::vector<Reason>{Reason::kOk, Reason::kProbeTimeout, Reason::kOk}));
  EXPECT_EQ(pool_.Stats().evictions[pool::EvictReason::kDrained], 1u);
  Probe();
  EXPECT_EQ(pool_.Stats().evictions[pool::EvictReason::kDrained], 1u);
}

TEST_F(ProbeTest, ServerThatWasSilentForAWhileKeepsItsIdleSessions) {
  { const pool::Lease idle = pool_.Acquire(); }
  Start();
  ASSERT_TRUE(AwaitResults(1));
  inspector_.Answer({routing::Inspection::Result::kTimeout});
  reserved_->Fail(pool::ConnectOutcome::kConnectTimeout);
  Probe();
  ASSERT_TRUE(AwaitResults(3));
  reserved_->Succeed();
  Probe();
  EXPECT_EQ(Results().back(), Reason::kOk);
  EXPECT_EQ(pool_.Stats().evictions[pool::EvictReason::kDrained], 0u);
}

TEST_F(ProbeTest, WithoutRoomForOneMoreSessionAnotherOneIsAsked) {
  { const pool::Lease idle_afterwards = pool_.Acquire(); }
  reserved_->Fail(pool::ConnectOutcome::kTooManyConnections);
  Start();
  ASSERT_TRUE(AwaitResults(1));
  EXPECT_EQ(Results().front(), Reason::kOk);
}

// With another pool on the server.
class ProbeOfTwoPoolsTest : public ProbeTest {
 protected:
  ProbeOfTwoPoolsTest() { pools_.insert(pools_.begin(), other_); }

  std::shared_ptr<test::FakeConnector> other_connector_ = std::make_shared<test::FakeConnector>();
  std::shared_ptr<pool::Pool> other_ = std::make_shared<pool::Pool>(
      "ro_fallthrough", test::UntimedPool(1),
      pool::Pool::Dependencies{other_connector_, pool_scheduler_, clock_});
};

TEST_F(ProbeOfTwoPoolsTest, WithoutRoomASessionOfEitherIsAsked) {
  { const pool::Lease idle_afterwards = pool_.Acquire(); }
  reserved_->Fail(pool::ConnectOutcome::kTooManyConnections);
  Start();
  ASSERT_TRUE(AwaitResults(1));
  EXPECT_EQ(Results().front(), Reason::kOk);
}

TEST_F(ProbeOfTwoPoolsTest, SilentSessionHasIdleOnesOfBothReplaced) {
  { const pool::Lease idle = pool_.Acquire(); }
  { const pool::Lease idle = other_->Acquire(); }
  Start();
  ASSERT_TRUE(AwaitResults(1));
  inspector_.Answer({routing::Inspection::Result::kTimeout});
  Probe();
  ASSERT_TRUE(AwaitResults(3));
  EXPECT_EQ(pool_.Stats().evictions[pool::EvictReason::kDrained], 1u);
  EXPECT_EQ(other_->Stats().evictions[pool::EvictReason::kDrained], 1u);
}

TEST_F(ProbeOfTwoPoolsTest, ReplacedPoolIsNoLongerAsked) {
  { const pool::Lease idle = other_->Acquire(); }
  Start();
  ASSERT_TRUE(AwaitResults(1));
  reserved_->Fail(pool::ConnectOutcome::kTooManyConnections);
  reserved_->sessions().front()->Kill();
  probe_->SetPools(std::make_shared<control::Probe::Pools>(1, shared_pool_));
  Probe();
  ASSERT_TRUE(AwaitResults(2));
  EXPECT_EQ(Results().back(), Reason::kTooManyConnections);
}

TEST_F(ProbeTest, WithoutRoomAndWithEverySessionLentOutThereIsNoVerdict) {
  Start();
  ASSERT_TRUE(AwaitResults(1));
  const pool::Lease only_one = pool_.Acquire();
  reserved_->Fail(pool::ConnectOutcome::kTooManyConnections);
  reserved_->sessions().front()->Kill();
  ProbeWithoutVerdict();
  EXPECT_EQ(Results().size(), 1u);
  EXPECT_TRUE(probe_->Stats().up);
}

TEST_F(ProbeTest, WithoutRoomAndWithoutASessionTheServerIsFull) {
  reserved_->Fail(pool::ConnectOutcome::kTooManyConnections);
  Start();
  ASSERT_TRUE(AwaitResults(1));
  EXPECT_EQ(Results().front(), Reason::kTooManyConnections);
}

TEST_F(ProbeTest, WithoutRoomALostSessionOfThePoolIsNoEvidence) {
  { const pool::Lease idle = pool_.Acquire(); }
  reserved_->Fail(pool::ConnectOutcome::kTooManyConnections);
  inspector_.Answer({routing::Inspection::Result::kLost});
  Start();
  ASSERT_TRUE(AwaitResults(1));
  EXPECT_EQ(Results().front(), Reason::kTooManyConnections);
}

TEST_F(ProbeTest, ATriggerProbesBeforeTheInterval) {
  Start();
  ASSERT_TRUE(AwaitResults(1));
  probe_->Trigger();
  ASSERT_TRUE(AwaitResults(2));
}

TEST_F(ProbeTest, AGoodProbeEndsTheBackoffOfThePool) {
  pooled_->Fail();
  reserved_->Fail();
  Start();
  ASSERT_TRUE(AwaitResults(1));
  std::stop_source stop;
  base::Thread waiter("waiter", [&] {
    EXPECT_NO_THROW(static_cast<void>(pool_.Acquire({base::kNever, stop.get_token()})));
  });
  ASSERT_TRUE(pooled_->AwaitConnects(1));
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] {
    return pool_.Stats().connects[pool::ConnectOutcome::kConnectRefused] == 1;
  }));
  pooled_->Succeed();
  reserved_->Succeed();
  probe_->Trigger();
  waiter.Join();
}

TEST_F(ProbeTest, StopsWhileAConnectIsUnderWay) {
  reserved_->Block();
  Start();
  ASSERT_TRUE(reserved_->AwaitBlocked(1));
  probe_.reset();
  EXPECT_TRUE(Results().empty()) << "an attempt that was broken off says nothing about the server";
}

}  // namespace
}  // namespace scidex::control
