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

namespace scidex::control {
namespace {

using pool::ConnectOutcome;
using routing::Reason;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

class ServerEventsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const pool::Pool* pool : {&primary_, &fallthrough_}) events_.Join(pool->name());
  }
  static pool::PoolOptions Small() {
    pool::PoolOptions options;
    options.min_idle = 0;
    options.max_size = 1;
    options.max_lifetime = options.idle_timeout = base::Duration::zero();
    return options;
  }
  void Probe(const pool::Pool& pool, Reason reason) {
    ProbeResult result;
    result.reason = reason;
    if (reason != Reason::kOk) result.message = {"no", ""};
    events_.OnProbe(pool, result, {"db1", "5432", "shop"});
  }
  // A connect that fails so, and is over.
  void FailConnect(ConnectOutcome outcome) {
    connector_->Fail(outcome);
    const std::uint64_t before = primary_.Stats().connects[outcome];
    // Past what the failures before have had it wait.
    clock_.Advance(std::chrono::minutes(2));
    std::future<void> client = std::async(std::launch::async, [this] {
      EXPECT_THROW(primary_.Acquire({clock_.Now() + seconds(1)}), pool::AcquireTimeout);
    });
    EXPECT_TRUE(test::Eventually(test::kPatience,
                                 [&] { return primary_.Stats().connects[outcome] > before; }));
    clock_.Advance(seconds(1));
    client.get();
  }

  test::ManualClock clock_;
  base::Scheduler scheduler_{clock_, test::kEager};
  std::shared_ptr<test::FakeConnector> connector_ = std::make_shared<test::FakeConnector>();
  pool::Pool primary_{"primary", Small(), {connector_, scheduler_, clock_}};
  pool::Pool fallthrough_{"ro_fallthrough", Small(), {connector_, scheduler_, clock_}};
  ServerEvents events_{clock_};
};

TEST_F(ServerEventsTest, AnOutageOfTwoPoolsIsOneLineAndSoIsItsEnd) {
  const test::LogTap log;
  Probe(primary_, Reason::kOk);
  Probe(fallthrough_, Reason::kOk);
  Probe(fallthrough_, Reason::kConnectRefused);
  Probe(primary_, Reason::kConnectRefused);
  clock_.Advance(seconds(40));
  Probe(primary_, Reason::kOk);
  Probe(fallthrough_, Reason::kOk);
  Probe(primary_, Reason::kOk);
  const std::string server = " pools=primary,ro_fallthrough host=db1 port=5432 ";
  EXPECT_EQ(log.Lines(),
            (Lines{"level=info msg=\"server answers\"" + server + "in_recovery=false",
                   "level=warn msg=\"server does not answer\"" + server +
                       "reason=connect_refused error=no advice=\"check that PostgreSQL runs there "
                       "and listens on this port\"",
                   "level=info msg=\"server answers again\"" + server +
                       "in_recovery=false after_seconds=40"}));
}

TEST_F(ServerEventsTest, AnotherReasonDuringAnOutageIsSaidOnceForAllPools) {
  Probe(primary_, Reason::kConnectRefused);
  Probe(fallthrough_, Reason::kConnectRefused);
  const test::LogTap log;
  Probe(primary_, Reason::kAuthFailed);
  Probe(fallthrough_, Reason::kAuthFailed);
  ASSERT_EQ(log.Lines().size(), 1u);
  EXPECT_EQ(log.Count({"level=info msg=\"server still gives no session\"", "reason=auth_failed"}),
            1u);
}

TEST_F(ServerEventsTest, AReloadDuringAnOutageDoesNotTellOfItAgain) {
  Probe(primary_, Reason::kConnectRefused);
  const test::LogTap log;
  events_.Join("primary");
  events_.Leave("primary");
  Probe(primary_, Reason::kConnectRefused);
  EXPECT_EQ(log.Lines(), Lines{});
}

TEST_F(ServerEventsTest, APoolThatIsTakenAwayEndsNoOutage) {
  Probe(fallthrough_, Reason::kReadOnlyUnproven);
  Probe(primary_, Reason::kOk);
  events_.Leave("ro_fallthrough");
  const test::LogTap log;
  Probe(primary_, Reason::kOk);
  EXPECT_EQ(log.Count({"after_seconds"}), 0u);
  EXPECT_EQ(log.Count({"server answers", "pools=primary "}), 1u);
}

TEST_F(ServerEventsTest, ConnectsThatFailWhileTheServerAnswersAreSaidOncePerOutcome) {
  Probe(primary_, Reason::kOk);
  const test::LogTap log;
  for (int i = 0; i < 2; ++i) {
    FailConnect(ConnectOutcome::kOtherServer);
    Probe(primary_, Reason::kOk);
  }
  EXPECT_EQ(log.Count({"level=warn", "connects fail", "pool=primary host=db1 port=5432",
                       "outcome=other_server", "advice=\"the name leads to several servers"}),
            1u);
  clock_.Advance(std::chrono::hours(1));
  FailConnect(ConnectOutcome::kOtherServer);
  Probe(primary_, Reason::kOk);
  EXPECT_EQ(log.Lines().size(), 2u) << "it is said again after an hour";
}

TEST_F(ServerEventsTest, ConnectsThatFailedInAnOutageAreNotSaidAfterIt) {
  Probe(primary_, Reason::kOk);
  FailConnect(ConnectOutcome::kConnectRefused);
  Probe(primary_, Reason::kConnectRefused);
  const test::LogTap log;
  Probe(primary_, Reason::kOk);
  Probe(primary_, Reason::kOk);
  EXPECT_EQ(log.Count({"connects fail"}), 0u);
}

}  // namespace
}  // namespace scidex::control
