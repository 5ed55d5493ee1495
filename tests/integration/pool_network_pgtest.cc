// Faults of networks and of proxies that a pool must survive, between the pool and a real server.

#include <gtest/gtest.h>

#include <string>

#include "integration/pool_on_server.h"
#include "postgres/transaction.h"
#include "support/free_port.h"
#include "support/tcp_proxy.h"

namespace scidex::test {
namespace {

using pool::ConnectOutcome;
using pool::EvictReason;

class PoolNetwork : public PoolOnServer {
 protected:
  PoolNetwork() {
    session_.dsn = base::Secret(proxy_.Dsn(server_->Dsn()));
    options_.backoff = {.initial = 1ms, .cap = 10ms};
  }

  // Waits until a connect has had this outcome.
  bool AwaitConnect(ConnectOutcome outcome) {
    return Eventually(kPatience, [&] { return Connects(outcome) >= 1; });
  }

  TcpProxy proxy_{server_->port()};
};

const std::string kLetters = "SELECT repeat('x', 3000)";

TEST_F(PoolNetwork, WithOneByteSegmentsWorks) {
  proxy_.LimitWrites(1);
  // Longer than a client needs to read the next byte.
  proxy_.Delay(50us);
  session_.read_only = true;
  Open();
  for (int i = 0; i < 3; ++i) {
    const pool::Lease lease = pool_->Acquire();
    EXPECT_EQ(QueryOne(lease, "SELECT repeat('x', 300)"), std::string(300, 'x'));
    QueryOne(lease, "BEGIN");
  }
  EXPECT_EQ(Connects(ConnectOutcome::kOk), 1U);
}

TEST_F(PoolNetwork, WithDelayedSegmentsWorks) {
  proxy_.LimitWrites(64);
  proxy_.Delay(2ms);
  Open();
  {
    const pool::Lease lease = pool_->Acquire();
    EXPECT_EQ(QueryOne(lease, kLetters), std::string(3000, 'x'));
  }
  const pool::Lease lease = pool_->Acquire();
  EXPECT_EQ(QueryOne(lease, kLetters), std::string(3000, 'x'));
  EXPECT_EQ(Connects(ConnectOutcome::kOk), 1U);
}

TEST_F(PoolNetwork, ThatIsTooSlowForAConnectCostsOneConnectTimeout) {
  options_.connect_timeout = 1s;
  proxy_.LimitWrites(1);
  proxy_.Delay(20ms);
  Open();
  EXPECT_THROW(static_cast<void>(pool_->Acquire({.deadline = base::RealClock().Now() + 500ms})),
               pool::AcquireTimeout);
  EXPECT_TRUE(AwaitConnect(ConnectOutcome::kConnectTimeout));
  proxy_.ClearFaults();
  NextPid();
}

TEST_F(PoolNetwork, WithoutAServerIsNotATlsFailure) {
  session_.dsn = base::Secret(session_.dsn.Reveal() + " sslmode=require");
  proxy_.ConnectTo(FreePort());
  Open();
  EXPECT_THROW(static_cast<void>(pool_->Acquire({.deadline = base::RealClock().Now() + 100ms})),
               pool::AcquireTimeout);
  EXPECT_TRUE(AwaitConnect(ConnectOutcome::kConnectFailed));
  EXPECT_EQ(Connects(ConnectOutcome::kTlsFailed), 0U);
}

TEST_F(PoolNetwork, ThatCutsAConnectShortCausesARetry) {
  proxy_.CutAfter(20);
  Open();
  EXPECT_THROW(static_cast<void>(pool_->Acquire({.deadline = base::RealClock().Now() + 100ms})),
               pool::AcquireTimeout);
  EXPECT_TRUE(AwaitConnect(ConnectOutcome::kConnectFailed));
  proxy_.ClearFaults();
  NextPid();
}

TEST_F(PoolNetwork, ThatCutsAResponseShortCostsOnlyItsBorrowerTheSession) {
  Open();
  int pid = 0;
  {
    const pool::Lease lease = pool_->Acquire();
    pid = Pid(lease);
    proxy_.CutAfter(1000);
    EXPECT_NE(QueryOne(lease, kLetters), std::string(3000, 'x'));
  }
  EXPECT_EQ(Evictions(EvictReason::kDead), 1U);
  proxy_.ClearFaults();
  EXPECT_NE(NextPid(), pid);
}

TEST_F(PoolNetwork, AnIdleSessionThatWasCutIsNotHandedOut) {
  OpenUnalarmed();
  const int pid = NextPid();
  proxy_.CutAfter(0);
  proxy_.ClearFaults();
  ASSERT_TRUE(AwaitNoSession());
  unalarmed_.Advance(kIdle);
  EXPECT_NE(NextPid(), pid);
  EXPECT_EQ(Evictions(EvictReason::kDead), 1U);
}

// A server that stops immediately reports that, and closes its sockets a moment later.
TEST_F(PoolNetwork, TerminatedIdleSessionIsClosedEvenIfItsSocketIsOpen) {
  Open();
  const int pid = NextPid();
  proxy_.Warn("01000");
  EXPECT_EQ(NextPid(), pid);
  proxy_.Warn("57P01");
  EXPECT_TRUE(Eventually(kPatience, [this] { return Evictions(EvictReason::kDead) == 1; }));
  EXPECT_NE(NextPid(), pid);
}

TEST_F(PoolNetwork, SessionTerminatedDuringItsCheckIsDeadAndNotUnproven) {
  const int pid = OpenForARoundTrip();
  proxy_.InjectBeforeReady("57P01");
  EXPECT_NE(NextPid(), pid);
  EXPECT_EQ(Evictions(EvictReason::kDead), 1U);
  EXPECT_EQ(pool_->Stats().read_only_unproven, 0U);
}

class PoolNetworkInjects : public PoolNetwork, public testing::WithParamInterface<const char*> {};

TEST_P(PoolNetworkInjects, ASqlStateOfALostConnectionAndTheSessionIsClosed) {
  Open();
  int pid = 0;
  {
    const pool::Lease lease = pool_->Acquire();
    pid = Pid(lease);
    proxy_.InjectBeforeReady(GetParam(), "ERROR");
    EXPECT_EQ(QueryOne(lease, "SELECT 1"), GetParam());
    // The socket is open, and the session looks idle.
    ASSERT_EQ(PQtransactionStatus(postgres::Session::Of(lease).raw()), PQTRANS_IDLE);
  }
  EXPECT_EQ(Evictions(EvictReason::kDead), 1U);
  EXPECT_NE(NextPid(), pid);
}

INSTANTIATE_TEST_SUITE_P(Each, PoolNetworkInjects, testing::Values("57P01", "57P02", "57P03"));

TEST_F(PoolNetwork, AnInjectedErrorOfAStatementLeavesTheSessionInThePool) {
  Open();
  const int pid = NextPid();
  // Errors of class 08 may be about a connection that the server opened itself.
  for (const std::string sqlstate : {"22012", "08000", "08006", "08P01"}) {
    {
      const pool::Lease lease = pool_->Acquire();
      proxy_.InjectBeforeReady(sqlstate, "ERROR");
      EXPECT_EQ(QueryOne(lease, "SELECT 1"), sqlstate);
    }
    EXPECT_EQ(NextPid(), pid) << sqlstate;
  }
}

TEST_F(PoolNetwork, FatalErrorBeforeReadyForQueryEndsTransactionAndSession) {
  Open();
  const auto timer = std::make_shared<base::Timer>(base::RealClock());
  int pid = 0;
  {
    const pool::Lease lease = pool_->Acquire();
    pid = Pid(lease);
    postgres::WriteTransaction write(lease, timer, base::RealClock().Now() + kPatience);
    proxy_.InjectBeforeReady("57P01");
    EXPECT_THROW(write->exec("SELECT 1"), pqxx::failure);
  }
  EXPECT_NE(NextPid(), pid);
}

TEST_F(PoolNetwork, A57P01DuringSessionSetupIsAFailedConnect) {
  Open();
  proxy_.InjectBeforeReady("57P01");
  NextPid();
  EXPECT_EQ(pool_->Stats().connects[ConnectOutcome::kOk], 1U);
  EXPECT_EQ(pool_->Stats().connects[ConnectOutcome::kConnectFailed], 1U);
}

// For example because the server has no memory for it.
TEST_F(PoolNetwork, LoginThatFailsOnceIsNotTakenForARefusedOption) {
  session_.read_only = true;
  Open();
  proxy_.InjectBeforeReady("53200");
  const pool::Lease lease = pool_->Acquire();
  EXPECT_EQ(QueryOne(lease, "SHOW default_transaction_read_only"), "on");
  EXPECT_EQ(pool_->Stats().read_only_unproven, 0U);
}

TEST_F(PoolNetwork, SessionWhoseSetupHadNoEffectIsDiscardedAndReplaced) {
  session_.read_only = true;
  // Like a pooler that does not pass on the option.
  proxy_.Replace("read_only=on", "read_only=no");
  Open();
  EXPECT_THROW(static_cast<void>(pool_->Acquire({.deadline = base::RealClock().Now() + 100ms})),
               pool::AcquireTimeout);
  EXPECT_TRUE(AwaitConnect(ConnectOutcome::kReadOnlyUnproven));
  EXPECT_EQ(pool_->Stats().size - pool_->Stats().connecting, 0U);
  proxy_.Replace("read_only=no", "read_only=on");
  const pool::Lease lease = pool_->Acquire();
  EXPECT_EQ(QueryOne(lease, "SHOW default_transaction_read_only"), "on");
}

}  // namespace
}  // namespace scidex::test
