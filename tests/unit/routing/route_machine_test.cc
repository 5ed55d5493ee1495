#include "routing/route_machine.h"

#include <gtest/gtest.h>

#include <vector>

namespace scidex::routing {
namespace {

using std::chrono::seconds;

constexpr base::TimePoint kStart{std::chrono::hours(1)};
constexpr base::WallTime kWall{seconds(1'700'000'000)};

RouteMachine Machine(Servers servers, Fallthrough fallthrough = Fallthrough::kAlways) {
  RoutingOptions options;
  options.fallthrough = fallthrough;
  return RouteMachine(servers, options, kStart);
}

constexpr Servers kBoth{true, true};
constexpr Servers kPrimaryOnly{true, false};
constexpr Servers kReplicaOnly{false, true};

TEST(RoutePolicy, WithoutTheReplicaEachPolicyGivesItsRoute) {
  struct Case {
    Servers servers;
    Fallthrough fallthrough;
    Route route;
  };
  const std::vector<Case> cases{
      {kBoth, Fallthrough::kAlways, Route::kPrimaryFallthrough},
      {kBoth, Fallthrough::kWhenUnset, Route::kPrimaryDisabled},
      {kBoth, Fallthrough::kNever, Route::kPrimaryDisabled},
      {kPrimaryOnly, Fallthrough::kAlways, Route::kPrimaryFallthrough},
      {kPrimaryOnly, Fallthrough::kWhenUnset, Route::kPrimaryFallthrough},
      {kPrimaryOnly, Fallthrough::kNever, Route::kPrimaryDisabled},
      {kReplicaOnly, Fallthrough::kAlways, Route::kPrimaryDisabled},
      {kReplicaOnly, Fallthrough::kWhenUnset, Route::kPrimaryDisabled},
      {kReplicaOnly, Fallthrough::kNever, Route::kPrimaryDisabled},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(WithoutReplica(one.servers, one.fallthrough), one.route)
        << "primary " << one.servers.primary << ", replica " << one.servers.replica << ", "
        << base::Name(one.fallthrough);
  }
}

TEST(RouteMachine, WithoutAReplicaIsDecidedFromTheStart) {
  const RouteMachine machine = Machine(kPrimaryOnly);
  EXPECT_TRUE(machine.decided());
  EXPECT_EQ(machine.route(), Route::kPrimaryFallthrough);
  EXPECT_EQ(machine.reason(), Reason::kReplicaNotConfigured);
}

TEST(RouteMachine, UntilTheFirstVerdictShowsWhatPolicyGivesWithoutAReplica) {
  const RouteMachine machine = Machine(kBoth);
  EXPECT_FALSE(machine.decided());
  EXPECT_EQ(machine.route(), Route::kPrimaryFallthrough);
  EXPECT_EQ(machine.reason(), Reason::kStartingUp);
}

TEST(RouteMachine, TheFirstVerdictNeedsNoHysteresisAndIsNoTransition) {
  RouteMachine machine = Machine(kBoth);
  EXPECT_TRUE(machine.OnVerdict(Reason::kOk, kStart, kStart, kWall));
  EXPECT_EQ(machine.route(), Route::kReplica);
  EXPECT_EQ(machine.reason(), Reason::kOk);
  EXPECT_EQ(machine.Stats(kStart).transitions[Route::kPrimaryFallthrough][Route::kReplica], 0u);
  EXPECT_EQ(machine.Stats(kStart).last_transition, base::WallTime{});
}

TEST(RouteMachine, ABadFirstVerdictDecidesWithItsReason) {
  RouteMachine machine = Machine(kBoth);
  EXPECT_FALSE(machine.OnVerdict(Reason::kNotInRecovery, kStart, kStart, kWall));
  EXPECT_TRUE(machine.decided());
  EXPECT_EQ(machine.route(), Route::kPrimaryFallthrough);
  EXPECT_EQ(machine.reason(), Reason::kNotInRecovery);
}

TEST(RouteMachine, TheReplicaLosesTheRouteAtTheFirstBadVerdict) {
  RouteMachine machine = Machine(kBoth);
  machine.OnVerdict(Reason::kOk, kStart, kStart, kWall);
  EXPECT_TRUE(machine.OnVerdict(Reason::kConnectRefused, kStart + seconds(5), kStart + seconds(5),
                                kWall + seconds(5)));
  EXPECT_EQ(machine.route(), Route::kPrimaryFallthrough);
  EXPECT_EQ(machine.reason(), Reason::kConnectRefused);
  const RouteStats stats = machine.Stats(kStart + seconds(7));
  EXPECT_EQ(stats.transitions[Route::kReplica][Route::kPrimaryFallthrough], 1u);
  EXPECT_EQ(stats.last_transition, kWall + seconds(5));
  EXPECT_EQ(stats.in_force[Route::kReplica], seconds(5));
  EXPECT_EQ(stats.in_force[Route::kPrimaryFallthrough], seconds(2));
}

TEST(RouteMachine, TheReplicaHasTheRouteAgainAfterThreeGoodVerdictsInARow) {
  RouteMachine machine = Machine(kBoth);
  machine.OnVerdict(Reason::kConnectRefused, kStart, kStart, kWall);
  machine.OnVerdict(Reason::kOk, kStart, kStart, kWall);
  machine.OnVerdict(Reason::kOk, kStart, kStart, kWall);
  EXPECT_EQ(machine.route(), Route::kPrimaryFallthrough);
  EXPECT_EQ(machine.reason(), Reason::kConnectRefused);
  EXPECT_TRUE(machine.OnVerdict(Reason::kOk, kStart, kStart, kWall));
  EXPECT_EQ(machine.route(), Route::kReplica);
  EXPECT_EQ(machine.reason(), Reason::kOk);
}

TEST(RouteMachine, GoodVerdictsThatWereTriggeredTogetherCountOnce) {
  RoutingOptions options;
  options.good_probe_distance = seconds(1);
  RouteMachine machine(kBoth, options, kStart);
  machine.OnVerdict(Reason::kConnectRefused, kStart, kStart, kWall);
  const auto good_after = [&](base::Duration since_start) {
    machine.OnVerdict(Reason::kOk, kStart + since_start, kStart + since_start, kWall);
    return machine.route() == Route::kReplica;
  };
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(good_after(seconds(1) + std::chrono::milliseconds(i)));
  EXPECT_FALSE(good_after(seconds(2)));
  EXPECT_FALSE(good_after(seconds(3) - base::Duration(1)));
  EXPECT_TRUE(good_after(seconds(3)));
}

TEST(RouteMachine, BadVerdictInBetweenRestartsTheCount) {
  RouteMachine machine = Machine(kBoth);
  machine.OnVerdict(Reason::kConnectRefused, kStart, kStart, kWall);
  for (const Reason verdict :
       {Reason::kOk, Reason::kOk, Reason::kLagExceeded, Reason::kOk, Reason::kOk}) {
    machine.OnVerdict(verdict, kStart, kStart, kWall);
  }
  EXPECT_EQ(machine.route(), Route::kPrimaryFallthrough);
  EXPECT_EQ(machine.reason(), Reason::kLagExceeded);
  machine.OnVerdict(Reason::kOk, kStart, kStart, kWall);
  EXPECT_EQ(machine.route(), Route::kReplica);
}

TEST(RouteMachine, WithoutFallthroughABadReplicaDisablesReads) {
  RouteMachine machine = Machine(kBoth, Fallthrough::kNever);
  machine.OnVerdict(Reason::kOk, kStart, kStart, kWall);
  machine.OnVerdict(Reason::kProbeTimeout, kStart, kStart, kWall);
  EXPECT_EQ(machine.route(), Route::kPrimaryDisabled);
  EXPECT_EQ(machine.Stats(kStart).transitions[Route::kReplica][Route::kPrimaryDisabled], 1u);
}

// The state of a machine before a verdict.
enum class Before { kUndecided, kReplica, kOff, kOffAndAlmostBack };

RouteMachine MachineIn(Before before, Servers servers, Fallthrough fallthrough) {
  RouteMachine machine = Machine(servers, fallthrough);
  const auto take = [&](std::initializer_list<Reason> verdicts) {
    for (const Reason verdict : verdicts) machine.OnVerdict(verdict, kStart, kStart, kWall);
  };
  if (before == Before::kReplica) take({Reason::kOk});
  if (before == Before::kOff) take({Reason::kConnectFailed});
  if (before == Before::kOffAndAlmostBack) take({Reason::kConnectFailed, Reason::kOk, Reason::kOk});
  return machine;
}

// The complete transition function: the route and the reason after each verdict, for all servers
// and policies.
TEST(RouteMachine, EachVerdictInEachStateUnderEachPolicyHasItsOneOutcome) {
  const std::vector<Before> states{Before::kUndecided, Before::kReplica, Before::kOff,
                                   Before::kOffAndAlmostBack};
  for (const Servers servers : {kBoth, kReplicaOnly}) {
    for (std::size_t p = 0; p < base::kEnumCount<Fallthrough>; ++p) {
      const auto policy = static_cast<Fallthrough>(p);
      const Route off = WithoutReplica(servers, policy);
      for (const Before before : states) {
        for (std::size_t v = 0; v < base::kEnumCount<Reason>; ++v) {
          const auto verdict = static_cast<Reason>(v);
          RouteMachine machine = MachineIn(before, servers, policy);
          const Route was = machine.route();
          const bool changed = machine.OnVerdict(verdict, kStart, kStart, kWall);
          const bool good = verdict == Reason::kOk;
          const Route route = good && before != Before::kOff ? Route::kReplica : off;
          const Reason reason = good && before == Before::kOff ? Reason::kConnectFailed : verdict;
          const bool counted = before != Before::kUndecided && was != route;
          const std::string text = std::string(base::Name(verdict)) + " in state " +
                                   std::to_string(static_cast<int>(before)) + ", policy " +
                                   std::string(base::Name(policy));
          EXPECT_EQ(machine.route(), route) << text;
          EXPECT_EQ(machine.reason(), reason) << text;
          EXPECT_EQ(changed, was != route) << text;
          EXPECT_TRUE(machine.decided()) << text;
          EXPECT_EQ(machine.Stats(kStart).transitions[was][route] > 0, counted) << text;
        }
      }
    }
  }
}

TEST(RouteMachine, KeepsTheLatestTransitionsOnly) {
  RouteMachine machine = Machine(kBoth);
  machine.OnVerdict(Reason::kOk, kStart, kStart, kWall);
  for (int i = 0; i < 30; ++i) {
    machine.OnVerdict(Reason::kConnectRefused, kStart, kStart, kWall + seconds(i));
    for (int good = 0; good < 3; ++good)
      machine.OnVerdict(Reason::kOk, kStart, kStart, kWall + seconds(i));
  }
  const RouteStats stats = machine.Stats(kStart);
  ASSERT_EQ(stats.recent.size(), RouteStats::kRecent);
  EXPECT_EQ(stats.recent.back().to, Route::kReplica);
  EXPECT_EQ(stats.recent.back().at, kWall + seconds(29));
  EXPECT_EQ(stats.transitions[Route::kPrimaryFallthrough][Route::kReplica], 30u);
}

TEST(Route, TheGaugeIsOneTwoThree) {
  EXPECT_EQ(RoutesTo(Route::kReplica), 1);
  EXPECT_EQ(RoutesTo(Route::kPrimaryFallthrough), 2);
  EXPECT_EQ(RoutesTo(Route::kPrimaryDisabled), 3);
}

TEST(Route, EveryConnectOutcomeIsAReasonOfTheSameName) {
  for (std::size_t i = 0; i < base::kEnumCount<pool::ConnectOutcome>; ++i) {
    const auto outcome = static_cast<pool::ConnectOutcome>(i);
    // They are not evidence about the judged server.
    if (outcome == pool::ConnectOutcome::kLocalFailure ||
        outcome == pool::ConnectOutcome::kOtherServer) {
      continue;
    }
    EXPECT_EQ(base::Name(ReasonOf(outcome)), base::Name(outcome));
  }
}

TEST(RouteMachine, AnotherPolicyHoldsAtOnceAndKeepsWhatIsKnownOfTheReplica) {
  RouteMachine machine = Machine(kBoth);
  machine.OnVerdict(Reason::kConnectRefused, kStart, kStart, kWall);
  RoutingOptions never;
  never.fallthrough = Fallthrough::kNever;
  EXPECT_TRUE(machine.Reconfigure(kBoth, never, false, kStart + seconds(2), kWall));
  EXPECT_EQ(machine.route(), Route::kPrimaryDisabled);
  EXPECT_EQ(machine.reason(), Reason::kConnectRefused);
  const RouteStats stats = machine.Stats(kStart + seconds(5));
  EXPECT_EQ(stats.transitions[Route::kPrimaryFallthrough][Route::kPrimaryDisabled], 1u);
  EXPECT_EQ(stats.in_force[Route::kPrimaryFallthrough], seconds(2));
  EXPECT_EQ(stats.in_force[Route::kPrimaryDisabled], seconds(3));
}

TEST(RouteMachine, APolicyThatIsNotInForceChangesNoRoute) {
  RouteMachine machine = Machine(kBoth);
  machine.OnVerdict(Reason::kOk, kStart, kStart, kWall);
  RoutingOptions never;
  never.fallthrough = Fallthrough::kNever;
  EXPECT_FALSE(machine.Reconfigure(kBoth, never, false, kStart, kWall));
  EXPECT_EQ(machine.route(), Route::kReplica);
  machine.OnVerdict(Reason::kConnectRefused, kStart, kStart, kWall);
  EXPECT_EQ(machine.route(), Route::kPrimaryDisabled);
}

TEST(RouteMachine, AnotherReplicaIsJudgedAsAtTheStart) {
  RouteMachine machine = Machine(kBoth);
  machine.OnVerdict(Reason::kOk, kStart, kStart, kWall);
  EXPECT_TRUE(machine.Reconfigure(kBoth, {}, true, kStart, kWall));
  EXPECT_FALSE(machine.decided());
  EXPECT_EQ(machine.route(), Route::kPrimaryFallthrough);
  EXPECT_EQ(machine.reason(), Reason::kStartingUp);
  machine.OnVerdict(Reason::kOk, kStart, kStart, kWall);
  EXPECT_EQ(machine.route(), Route::kReplica);
  EXPECT_EQ(machine.Stats(kStart).transitions[Route::kReplica][Route::kPrimaryFallthrough], 0u);
  EXPECT_EQ(machine.Stats(kStart).last_transition, base::WallTime{});
}

TEST(RouteMachine, RouteThatAnotherReplicaChangesIsCounted) {
  RouteMachine machine = Machine(kBoth);
  machine.OnVerdict(Reason::kOk, kStart, kStart, kWall);
  const auto reload_and_find = [&](Reason verdict) {
    machine.Reconfigure(kBoth, {}, true, kStart, kWall);
    // A second reload, before anything is known.
    machine.Reconfigure(kBoth, {}, true, kStart, kWall);
    machine.OnVerdict(verdict, kStart, kStart, kWall);
  };
  reload_and_find(Reason::kConnectRefused);
  RouteStats stats = machine.Stats(kStart);
  EXPECT_EQ(stats.transitions[Route::kReplica][Route::kPrimaryFallthrough], 1u);
  EXPECT_EQ(stats.last_transition, kWall);
  ASSERT_EQ(stats.recent.size(), 1u);
  EXPECT_EQ(stats.recent[0].reason, Reason::kConnectRefused);
  reload_and_find(Reason::kOk);
  stats = machine.Stats(kStart);
  EXPECT_EQ(stats.transitions[Route::kPrimaryFallthrough][Route::kReplica], 1u);
  EXPECT_EQ(stats.recent.size(), 2u);
  reload_and_find(Reason::kOk);
  EXPECT_EQ(machine.Stats(kStart).recent.size(), 2u);
}

TEST(RouteMachine, RemovedReplicaIsARouteChange) {
  RouteMachine machine = Machine(kBoth);
  machine.OnVerdict(Reason::kOk, kStart, kStart, kWall);
  EXPECT_TRUE(machine.Reconfigure(kPrimaryOnly, {}, true, kStart, kWall));
  EXPECT_TRUE(machine.decided());
  EXPECT_EQ(machine.reason(), Reason::kReplicaNotConfigured);
  const RouteStats stats = machine.Stats(kStart);
  EXPECT_EQ(stats.transitions[Route::kReplica][Route::kPrimaryFallthrough], 1u);
  ASSERT_EQ(stats.recent.size(), 1u);
  EXPECT_EQ(stats.recent[0].reason, Reason::kReplicaNotConfigured);
}

}  // namespace
}  // namespace scidex::routing
