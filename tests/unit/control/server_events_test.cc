#include "control/server_events.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/scheduler.h"
#include "support/eager.h"
#include "support/eventually.h"
#include "support/fake_connector.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "support/untimed_pool.h"

namespace scidex::control {
namespace {

using pool::ConnectOutcome;
using routing::Reason;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

class ServerEventsTest : public testing::Test {
 protected:
  void Probe(Reason reason) {
    ProbeResult result;
    result.reason = reason;
    if (reason != Reason::kOk) result.message = {"no", ""};
    events_.OnProbe({primary_, fallthrough_}, result, {"db1", "5432", "shop"});
  }
  // Reports a connect that failed with this outcome.
  void FailConnect(ConnectOutcome outcome) {
    connector_->Fail(outcome);
    const std::uint64_t before = primary_->Stats().connects[outcome];
    // Longer than the delay after the previous failures.
    clock_.Advance(std::chrono::minutes(2));
    std::future<void> client = std::async(std::launch::async, [this] {
      EXPECT_THROW(static_cast<void>(primary_->Acquire({clock_.Now() + seconds(1)})),
                   pool::AcquireTimeout);
    });
    EXPECT_TRUE(test::Eventually(test::kPatience,
                                 [&] { return primary_->Stats().connects[outcome] > before; }));
    clock_.Advance(seconds(1));
    client.get();
  }
  // The server answers its probe.
  void FailConnectAndProbe(ConnectOutcome outcome) {
    FailConnect(outcome);
    Probe(Reason::kOk);
  }
  // Opens a connection, which is closed afterwards.
  void ConnectAndProbe() {
    connector_->Succeed();
    clock_.Advance(std::chrono::minutes(2));
    primary_->Acquire({clock_.Now() + seconds(1)}).Evict();
    Probe(Reason::kOk);
  }

  test::ManualClock clock_;
  base::Scheduler scheduler_{clock_, test::kEager};
  std::shared_ptr<test::FakeConnector> connector_ = std::make_shared<test::FakeConnector>();
  std::shared_ptr<pool::Pool> MakePool(const char* name) {
    return std::make_shared<pool::Pool>(name, test::UntimedPool(1),
                                        pool::Pool::Dependencies{connector_, scheduler_, clock_});
  }
  std::shared_ptr<pool::Pool> primary_ = MakePool("primary");
  std::shared_ptr<pool::Pool> fallthrough_ = MakePool("ro_fallthrough");
  ServerEvents events_{clock_};
};

TEST_F(ServerEventsTest, AnOutageIsOneLineForAllPoolsAndSoIsItsEnd) {
  const test::LogTap log;
  Probe(Reason::kOk);
  Probe(Reason::kConnectRefused);
  Probe(Reason::kConnectRefused);
  clock_.Advance(seconds(40));
  Probe(Reason::kOk);
  Probe(Reason::kOk);
  const std::string server = " pools=primary,ro_fallthrough host=db1 port=5432 ";
  EXPECT_EQ(log.Lines(),
            (Lines{"level=info msg=\"server answers\"" + server + "in_recovery=false",
                   "level=warn msg=\"server does not answer\"" + server +
                       "reason=connect_refused error=no advice=\"check that PostgreSQL runs there "
                       "and listens on this port\"",
                   "level=info msg=\"server answers again\"" + server +
                       "in_recovery=false after_seconds=40"}));
}

TEST_F(ServerEventsTest, AnotherReasonDuringAnOutageIsLoggedOnce) {
  Probe(Reason::kConnectRefused);
  const test::LogTap log;
  Probe(Reason::kAuthFailed);
  Probe(Reason::kAuthFailed);
  ASSERT_EQ(log.Lines().size(), 1u);
  EXPECT_EQ(
      log.Count({"level=info msg=\"server still provides no session\"", "reason=auth_failed"}), 1u);
}

TEST_F(ServerEventsTest, ReasonsThatAlternateAreSaidOnceAnHourEach) {
  const test::LogTap log;
  for (int i = 0; i < 50; ++i) {
    Probe(Reason::kConnectRefused);
    Probe(Reason::kConnectTimeout);
  }
  EXPECT_EQ(log.Count({"reason=connect_refused"}), 1u);
  EXPECT_EQ(log.Count({"reason=connect_timeout"}), 1u);
  clock_.Advance(std::chrono::hours(1));
  Probe(Reason::kConnectRefused);
  EXPECT_EQ(log.Count({"reason=connect_refused"}), 2u);
}

TEST_F(ServerEventsTest, AServerThatNeverAnsweredAnswersAfterAnOutage) {
  const test::LogTap log;
  Probe(Reason::kConnectRefused);
  clock_.Advance(seconds(3));
  Probe(Reason::kOk);
  EXPECT_EQ(log.Count({"server answers again", "after_seconds=3"}), 1u);
  EXPECT_EQ(log.Lines().size(), 2u);
}

TEST_F(ServerEventsTest, ConnectFailuresOfAServerThatAnswersAreLoggedOncePerOutcome) {
  Probe(Reason::kOk);
  const test::LogTap log;
  for (int i = 0; i < 2; ++i) {
    FailConnectAndProbe(ConnectOutcome::kOtherServer);
  }
  EXPECT_EQ(log.Count({"level=warn", "connects fail", "pool=primary host=db1 port=5432",
                       "outcome=other_server", "advice=\"the name leads to several servers"}),
            1u);
  clock_.Advance(std::chrono::hours(1));
  FailConnectAndProbe(ConnectOutcome::kOtherServer);
  EXPECT_EQ(log.Lines().size(), 2u) << "it is said again after an hour";
}

TEST_F(ServerEventsTest, TheEndOfConnectFailuresIsLogged) {
  Probe(Reason::kOk);
  FailConnectAndProbe(ConnectOutcome::kTooManyConnections);
  const test::LogTap log;
  ConnectAndProbe();
  clock_.Advance(seconds(59));
  Probe(Reason::kOk);
  EXPECT_EQ(log.Lines().size(), 0u) << "single connects may succeed";
  clock_.Advance(seconds(1));
  Probe(Reason::kOk);
  Probe(Reason::kOk);
  EXPECT_EQ(log.Count({"level=info", "connects succeed again", "pool=primary host=db1 port=5432",
                       "after_seconds=120"}),
            1u);
  EXPECT_EQ(log.Lines().size(), 1u);
}

TEST_F(ServerEventsTest, ConnectsThatFailAgainHaveNoEndBeforeButABeginningAfter) {
  Probe(Reason::kOk);
  FailConnectAndProbe(ConnectOutcome::kTooManyConnections);
  const test::LogTap log;
  ConnectAndProbe();
  FailConnectAndProbe(ConnectOutcome::kTooManyConnections);
  EXPECT_EQ(log.Lines().size(), 0u);
  ConnectAndProbe();
  clock_.Advance(seconds(60));
  Probe(Reason::kOk);
  FailConnectAndProbe(ConnectOutcome::kTooManyConnections);
  EXPECT_EQ(log.Count({"connects succeed again"}), 1u);
  EXPECT_EQ(log.Count({"connects fail although"}), 1u);
}

TEST_F(ServerEventsTest, TheAdviceOnAFullServerNamesEachLimit) {
  const test::LogTap log;
  Probe(Reason::kTooManyConnections);
  EXPECT_EQ(log.Count({"max_connections", "CONNECTION LIMIT of the role or database", "max_size"}),
            1u);
}

// The kernel accepts connections for a server that is stopped or has no CPU or disk.
TEST_F(ServerEventsTest, TheAdviceOnAConnectTimeoutNamesAServerThatHangs) {
  const test::LogTap log;
  Probe(Reason::kConnectTimeout);
  EXPECT_EQ(log.Count({"firewalls on the path to this host, then whether the server hangs"}), 1u);
}

TEST_F(ServerEventsTest, ConnectFailuresOfAnOutageAreNotLoggedAfterIt) {
  Probe(Reason::kOk);
  FailConnect(ConnectOutcome::kConnectRefused);
  Probe(Reason::kConnectRefused);
  const test::LogTap log;
  Probe(Reason::kOk);
  Probe(Reason::kOk);
  EXPECT_EQ(log.Count({"connects fail"}), 0u);
}

}  // namespace
}  // namespace scidex::control
