#include "http/turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/system_error.hpp>
#include <cstddef>
#include <optional>
#include <vector>

#include "unit/http/loop.h"

namespace scidex::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HttpTurns : public testing::Test {
 protected:
  // Clients 0, 1 … that come one after the other.
  void Come(std::size_t number) {
    for (std::size_t i = 0; i < number; ++i) {
      loop_.Spawn(AwaitTurn(came_++));
      loop_.Poll();
    }
  }
  void EndTurn() {
    turn_.reset();
    loop_.Poll();
  }

  asio::awaitable<void> AwaitTurn(std::size_t who) {
    try {
      turn_.emplace(co_await turns_.Await());
      served_.push_back(who);
    } catch (const asio::system_error&) {
      refused_.push_back(who);
    }
  }

  static constexpr std::size_t kMaxWaiting = 4;

  Turns turns_{kMaxWaiting};
  Loop loop_;
  std::size_t came_ = 0;
  std::optional<Turns::Turn> turn_;
  std::vector<std::size_t> served_;
  std::vector<std::size_t> refused_;
};

TEST_F(HttpTurns, NewestAndOldestClientAreNextAlternately) {
  Come(4);
  EXPECT_THAT(served_, ElementsAre(0));
  EndTurn();
  EXPECT_THAT(served_, ElementsAre(0, 3));
  Come(1);
  EndTurn();
  EXPECT_THAT(served_, ElementsAre(0, 3, 1));
  EndTurn();
  EndTurn();
  EXPECT_THAT(served_, ElementsAre(0, 3, 1, 4, 2));
  EndTurn();
  Come(1);
  EXPECT_THAT(served_, ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST_F(HttpTurns, ClientsThatReconnectStarveNoOther) {
  Come(3);
  // The one that had the turn comes again, and is the newest.
  for (int i = 0; i < 2; ++i) {
    EndTurn();
    Come(1);
  }
  EXPECT_THAT(served_, ElementsAre(0, 2, 1));
}

TEST_F(HttpTurns, FurtherClientEndsTheLongestWait) {
  Come(1 + kMaxWaiting);
  EXPECT_THAT(refused_, IsEmpty());
  Come(2);
  EXPECT_THAT(refused_, ElementsAre(1, 2));
  for (std::size_t i = 0; i < kMaxWaiting; ++i) EndTurn();
  EXPECT_THAT(served_, ElementsAre(0, 6, 3, 5, 4));
}

TEST_F(HttpTurns, TurnThatWasGrantedIsNotEndedForOthers) {
  Come(2);
  // The client has the turn, although it has not resumed yet.
  turn_.reset();
  for (std::size_t i = 0; i <= kMaxWaiting; ++i) loop_.Spawn(AwaitTurn(came_++));
  loop_.Poll();
  EXPECT_THAT(served_, ElementsAre(0, 1));
  EXPECT_THAT(refused_, ElementsAre(2));
}

TEST_F(HttpTurns, WaitThatIsDestroyedIsForgotten) {
  Come(1);
  {
    Loop other;
    other.Spawn(AwaitTurn(came_++));
    other.Poll();
  }
  Come(1);
  EndTurn();
  EXPECT_THAT(served_, ElementsAre(0, 2));
}

TEST_F(HttpTurns, TurnThatWasEndedEarlyEndsOnce) {
  Come(3);
  Turns::Turn turn = std::move(*turn_);
  turn_.reset();
  turn.End();
  turn.End();
  loop_.Poll();
  EXPECT_THAT(served_, ElementsAre(0, 2));
}

}  // namespace
}  // namespace scidex::http
