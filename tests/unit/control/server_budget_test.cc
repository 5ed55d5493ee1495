#include "control/server_budget.h"

#include <gtest/gtest.h>

namespace scidex::control {
namespace {

using routing::PoolRole;
using std::chrono::hours;

constexpr auto kPrimary = PoolRole::kPrimary;
constexpr auto kRo = PoolRole::kRo;
constexpr auto kFallthrough = PoolRole::kRoFallthrough;

// A server of 100 connections, 3 of them reserved. The pools primary and ro_fallthrough are on it,
// with 6 and 2 connections open; one session is of its probe, and 4 are of others.
class ServerBudgetTest : public testing::Test {
 protected:
  ServerBudgetTest() {
    seen_.at = base::TimePoint(hours(1));
    seen_.instance = "1";
    seen_.facts.role = "app";
    seen_.facts.database = "shop";
    seen_.facts.max_connections = 100;
    seen_.facts.reserved = 3;
    seen_.facts.sessions = 13;
    seen_.facts.sessions_of_role = 11;
    seen_.facts.sessions_of_database = 12;
    seen_.open[kPrimary] = 6;
    seen_.open[kFallthrough] = 2;
    servers_[kPrimary] = 0;
    servers_[kFallthrough] = 0;
  }

  void Probe(PoolRole pool = kPrimary) { observations_[pool].Add(seen_); }
  std::vector<ServerLimit> Limits() const { return LimitsOf(observations_, servers_, kReserve); }
  std::optional<std::size_t> Tightest(PoolRole pool = kPrimary) const {
    return TightestLimit(Limits(), pool);
  }

  static constexpr std::size_t kReserve = 5;
  ServerObservation seen_;
  OfPools<ServerObservations> observations_;
  OfPools<std::optional<std::size_t>> servers_;
};

TEST_F(ServerBudgetTest, IsMaxConnectionsLessWhatIsReservedWhatOthersHaveAndTheProbe) {
  Probe();
  EXPECT_EQ(Tightest(), 100u - 3 - 4 - 1 - kReserve);
  EXPECT_EQ(Tightest(kFallthrough), Tightest()) << "it is for both together";
}

TEST_F(ServerBudgetTest, IsNotKnownBeforeTheServerWasAsked) {
  EXPECT_EQ(Tightest(), std::nullopt);
  observations_[kPrimary].Add(seen_);
  observations_[kPrimary].Clear();
  EXPECT_EQ(Tightest(), std::nullopt);
}

TEST_F(ServerBudgetTest, IsBoundByTheLimitOfTheRole) {
  seen_.facts.role_limit = 30;
  Probe();
  EXPECT_EQ(Tightest(), 30u - 2 - 1 - kReserve);
}

TEST_F(ServerBudgetTest, IsBoundByTheLimitOfTheDatabase) {
  seen_.facts.database_limit = 40;
  Probe();
  EXPECT_EQ(Tightest(), 40u - 3 - 1 - kReserve);
}

TEST_F(ServerBudgetTest, IsNothingOnAServerThatIsFull) {
  seen_.facts.sessions = 97;
  Probe();
  EXPECT_EQ(Tightest(), 3u)
      << "9 of them are ours, one of which is the probe's; 5 are to be given back";
  seen_.facts.max_connections = 5;
  Probe();
  EXPECT_EQ(Tightest(), 0u);
}

TEST_F(ServerBudgetTest, OtherSessionsAreNeverCountedAsFewerThanZero) {
  seen_.open[kPrimary] = 50;
  Probe();
  EXPECT_EQ(Tightest(), 100u - 3 - 1 - kReserve);
}

TEST_F(ServerBudgetTest, AReplicaIsAServerOfItsOwn) {
  servers_[kRo] = 1;
  Probe();
  EXPECT_EQ(Tightest(kRo), std::nullopt);
  seen_.instance = "2";
  seen_.facts.max_connections = 50;
  seen_.facts.sessions = 1;
  seen_.open[kRo] = 0;
  Probe(kRo);
  EXPECT_EQ(Tightest(kRo), 50u - 3 - 1 - kReserve);
  EXPECT_EQ(Tightest(), 100u - 3 - 4 - 1 - kReserve);
}

TEST_F(ServerBudgetTest, TwoNamesOfOneServerAreOneServer) {
  servers_[kRo] = 1;
  seen_.open[kRo] = 3;
  seen_.facts.sessions += 4;
  Probe();
  Probe(kRo);
  EXPECT_EQ(Tightest(), 100u - 3 - 4 - 2 - kReserve);
  EXPECT_EQ(Tightest(kRo), Tightest());
}

TEST_F(ServerBudgetTest, OfARolesLimitOnlyItsOwnPoolsHaveAShare) {
  servers_[kRo] = 1;
  seen_.facts.role_limit = 30;
  Probe();
  seen_.facts.role = "reader";
  seen_.facts.role_limit.reset();
  Probe(kRo);
  EXPECT_EQ(Tightest(), 30u - 2 - 1 - kReserve);
  EXPECT_GT(*Tightest(kRo), 80u);
}

TEST_F(ServerBudgetTest, SettingsOfARestartedServerApplyImmediately) {
  Probe();
  seen_.instance = "1, restarted";
  seen_.facts.max_connections = 200;
  Probe();
  EXPECT_EQ(Tightest(), 200u - 3 - 4 - 1 - kReserve);
}

TEST_F(ServerBudgetTest, ConnectionsFreedByOthersAreUsedAfterTenProbes) {
  seen_.facts.sessions += 20;
  Probe();
  seen_.facts.sessions -= 20;
  for (int i = 0; i < 9; ++i) {
    Probe();
    EXPECT_EQ(Limits().front().grow, 67u);
  }
  Probe();
  EXPECT_EQ(Limits().front().grow, 87u);
}

TEST_F(ServerBudgetTest, ConnectionsTakenByOthersAreGivenUpAfterThreeProbes) {
  Probe();
  seen_.facts.sessions += 20;
  Probe();
  Probe();
  EXPECT_EQ(Limits().front().keep, 87u);
  Probe();
  EXPECT_EQ(Limits().front().keep, 67u);
}

// Sets the limit of the server of all three pools: `keep` connections may stay, `grow` may be
// opened.
class AllocateBudgetTest : public testing::Test {
 protected:
  void SetLimit(std::size_t keep, std::size_t grow) {
    limits_ = {ServerLimit{{}, keep, grow}};
    for (const PoolRole pool : {kPrimary, kRo, kFallthrough}) limits_.front().binds[pool] = true;
  }
  // A pool whose target is fully used.
  void SetClaim(PoolRole pool, std::size_t target, std::size_t wanted) {
    claims_[pool] = {target, target, wanted, 1};
  }
  void ExpectShare(PoolRole pool, std::optional<std::size_t> share) {
    EXPECT_EQ(AllocateBudget(limits_, claims_)[pool], share) << base::Name(pool);
  }

  std::vector<ServerLimit> limits_;
  OfPools<std::optional<BudgetClaim>> claims_;
};

TEST_F(AllocateBudgetTest, AmpleBudgetGivesEachPoolWhatItWants) {
  SetLimit(20, 20);
  SetClaim(kPrimary, 5, 9);
  SetClaim(kRo, 4, 4);
  SetClaim(kFallthrough, 6, 7);
  ExpectShare(kPrimary, 9);
  ExpectShare(kRo, 4);
  ExpectShare(kFallthrough, 7);
}

TEST_F(AllocateBudgetTest, ScarceBudgetIsSharedEquallyAndUnusedSharesAreRedistributed) {
  SetLimit(20, 20);
  SetClaim(kPrimary, 8, 16);
  SetClaim(kRo, 2, 2);
  SetClaim(kFallthrough, 8, 16);
  ExpectShare(kPrimary, 9);
  ExpectShare(kRo, 2);
  ExpectShare(kFallthrough, 9);
}

TEST_F(AllocateBudgetTest, PoolAboveItsShareShrinksBeforeAnotherGrows) {
  SetLimit(12, 12);
  SetClaim(kPrimary, 12, 12);
  SetClaim(kFallthrough, 1, 12);
  ExpectShare(kPrimary, 6);
  ExpectShare(kFallthrough, 1);
  // Its target is lower than the number of its leases.
  SetClaim(kPrimary, 6, 6);
  claims_[kPrimary]->size = 9;
  ExpectShare(kFallthrough, 3);
  claims_[kPrimary]->size = 6;
  ExpectShare(kFallthrough, 6);
}

TEST_F(AllocateBudgetTest, ShareThatAPoolWantsIsNotGivenAwayWhileUnused) {
  SetLimit(12, 12);
  SetClaim(kPrimary, 10, 10);
  claims_[kPrimary]->size = 1;
  SetClaim(kFallthrough, 1, 2);
  ExpectShare(kPrimary, 10);
  ExpectShare(kFallthrough, 2);
}

TEST_F(AllocateBudgetTest, BetweenTheTwoBoundsNothingIsMoved) {
  SetLimit(15, 11);
  SetClaim(kPrimary, 6, 12);
  SetClaim(kFallthrough, 6, 6);
  ExpectShare(kPrimary, 6);
  ExpectShare(kFallthrough, 6);
}

TEST_F(AllocateBudgetTest, FloorIsAlwaysGranted) {
  SetLimit(1, 1);
  SetClaim(kPrimary, 6, 6);
  claims_[kPrimary]->floor = 2;
  SetClaim(kFallthrough, 1, 1);
  ExpectShare(kPrimary, 2);
  ExpectShare(kFallthrough, 1);
}

TEST_F(AllocateBudgetTest, AllLimitsHold) {
  SetLimit(20, 20);
  ServerLimit of_role{{}, 6, 6};
  of_role.binds[kPrimary] = true;
  limits_.push_back(of_role);
  SetClaim(kPrimary, 2, 20);
  SetClaim(kFallthrough, 2, 20);
  ExpectShare(kPrimary, 6);
  ExpectShare(kFallthrough, 14);
}

TEST_F(AllocateBudgetTest, APoolOfAServerThatIsNotKnownHasNoShare) {
  SetLimit(20, 20);
  limits_.front().binds[kRo] = false;
  SetClaim(kPrimary, 2, 2);
  SetClaim(kRo, 2, 2);
  ExpectShare(kRo, std::nullopt);
}

}  // namespace
}  // namespace scidex::control
