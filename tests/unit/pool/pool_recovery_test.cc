// Several pools of one server that fails and recovers.
#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

class PoolRecovery : public PoolTest {
 protected:
  PoolRecovery() {
    options_.max_size = 50;
    options_.acquire_timeout = 24h;
    options_.backoff = {.initial = 1h, .cap = 1h};
    for (const char* name : {"first", "second"}) {
      pools_.push_back(std::make_unique<Pool>(
          name, options_, Pool::Dependencies{connector_, scheduler_, clock_, {}, gate_}));
    }
  }

  std::size_t Connecting() const {
    std::size_t connecting = 0;
    for (const auto& pool : pools_) connecting += pool->Stats().connecting;
    return connecting;
  }
  std::size_t Failures() const {
    std::size_t failures = 0;
    for (const auto& pool : pools_) {
      failures += pool->Stats().connects[ConnectOutcome::kConnectRefused];
    }
    return failures;
  }
  // Fails a connect of the first pool. Afterwards each pool has a waiter.
  void FailFirstConnect() {
    connector_->Block();
    first_.emplace(*pools_[0]);
    ASSERT_TRUE(connector_->AwaitBlocked(1));
    connector_->Finish(ConnectOutcome::kConnectRefused);
    ASSERT_TRUE(Eventually(kLong, [&] { return Failures() == 1; }));
    second_.emplace(*pools_[1]);
    ASSERT_TRUE(AwaitWaiters(*pools_[1], 1));
  }

  const std::shared_ptr<ConnectGate> gate_ =
      std::make_shared<ConnectGate>(ConnectGateOptions{options_.backoff}, 1);
  std::vector<std::unique_ptr<Pool>> pools_;
  std::optional<Client> first_;
  std::optional<Client> second_;
};

TEST_F(PoolRecovery, AFailureOfOnePoolHoldsBackTheOthersOfTheServer) {
  FailFirstConnect();
  EXPECT_EQ(Connecting(), 0U);
  EXPECT_EQ(connector_->connects(), 1U);
}

TEST_F(PoolRecovery, OneConnectIsTriedForAllPoolsAndItsSuccessServesAllWaiters) {
  FailFirstConnect();
  clock_.Advance(1h);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  EXPECT_EQ(Connecting(), 1U);
  connector_->Succeed();
  connector_->Finish();
  EXPECT_TRUE(first_->Get());
  EXPECT_TRUE(second_->Get());
}

TEST_F(PoolRecovery, FailureSpecificToOnePoolHoldsBackNoOther) {
  connector_->Fail(ConnectOutcome::kAuthFailed);
  first_.emplace(*pools_[0]);
  ASSERT_TRUE(Eventually(
      kLong, [&] { return pools_[0]->Stats().connects[ConnectOutcome::kAuthFailed] == 1; }));
  connector_->Succeed();
  EXPECT_TRUE(pools_[1]->Acquire());
  EXPECT_EQ(pools_[0]->Stats().connecting, 0U);
}

TEST_F(PoolRecovery, LocalFailureIsNotASuccessOfTheServer) {
  FailFirstConnect();
  const Client third(*pools_[0]);
  const Client fourth(*pools_[1]);
  ASSERT_TRUE(AwaitWaiters(*pools_[0], 2));
  ASSERT_TRUE(AwaitWaiters(*pools_[1], 2));
  clock_.Advance(1h);
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  connector_->Finish(ConnectOutcome::kLocalFailure);
  // The other pool attempts the next connect, a single one, as after a failure.
  ASSERT_TRUE(connector_->AwaitConnects(3));
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  EXPECT_EQ(Connecting(), 1U);
}

TEST_F(PoolRecovery, PoolThatClosesDuringItsTrialConnectLeavesItToTheOthers) {
  FailFirstConnect();
  pools_[0]->OnServerAnswered();
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  Pool& trying = pools_[0]->Stats().connecting == 1 ? *pools_[0] : *pools_[1];
  Pool& other = &trying == pools_[0].get() ? *pools_[1] : *pools_[0];
  trying.Close();
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  EXPECT_EQ(other.Stats().connecting, 1U);
}

TEST_F(PoolRecovery, TwoHundredWaitersAtRecoveryCauseOneConnectAndThenTwo) {
  FailFirstConnect();
  std::vector<std::future<void>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::async(std::launch::async, [&, i] {
      const Lease lease = pools_[static_cast<std::size_t>(i) % 2]->Acquire();
    }));
  }
  ASSERT_TRUE(Eventually(
      kLong, [&] { return pools_[0]->Stats().waiters + pools_[1]->Stats().waiters == 202; }));
  pools_[0]->OnServerAnswered();
  ASSERT_TRUE(connector_->AwaitBlocked(1));
  EXPECT_EQ(Connecting(), 1U);
  connector_->Finish();
  ASSERT_TRUE(connector_->AwaitBlocked(2));
  EXPECT_EQ(Connecting(), 2U);
  // Meanwhile, each released connection serves the first waiter.
  EXPECT_TRUE(Eventually(kLong, [&] {
    connector_->Finish();
    return pools_[0]->Stats().waiters + pools_[1]->Stats().waiters == 0;
  }));
  connector_->Succeed();
  connector_->FinishAll();
  for (auto& client : clients) client.get();
}

}  // namespace
}  // namespace scidex::pool
