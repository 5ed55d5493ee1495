#include "http/newest_first.h"

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

class HttpNewestFirst : public testing::Test {
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

  NewestFirst turns_{kMaxWaiting};
  Loop loop_;
  std::size_t came_ = 0;
  std::optional<NewestFirst::Turn> turn_;
  std::vector<std::size_t> served_;
  std::vector<std::size_t> refused_;
};

TEST_F(HttpNewestFirst, TheClientThatCameLastIsNext) {
  Come(4);
  EXPECT_THAT(served_, ElementsAre(0));
  EndTurn();
  EXPECT_THAT(served_, ElementsAre(0, 3));
  Come(1);
  EndTurn();
  EXPECT_THAT(served_, ElementsAre(0, 3, 4));
  EndTurn();
  EndTurn();
  EXPECT_THAT(served_, ElementsAre(0, 3, 4, 2, 1));
  EndTurn();
  Come(1);
  EXPECT_THAT(served_, ElementsAre(0, 3, 4, 2, 1, 5));
}

TEST_F(HttpNewestFirst, FurtherClientEndsTheLongestWait) {
  Come(1 + kMaxWaiting);
  EXPECT_THAT(refused_, IsEmpty());
  Come(2);
  EXPECT_THAT(refused_, ElementsAre(1, 2));
  for (std::size_t i = 0; i < kMaxWaiting; ++i) EndTurn();
  EXPECT_THAT(served_, ElementsAre(0, 6, 5, 4, 3));
}

TEST_F(HttpNewestFirst, TurnThatWasGrantedIsNotEndedForOthers) {
  Come(2);
  // The client has the turn, although it has not resumed yet.
  turn_.reset();
  for (std::size_t i = 0; i <= kMaxWaiting; ++i) loop_.Spawn(AwaitTurn(came_++));
  loop_.Poll();
  EXPECT_THAT(served_, ElementsAre(0, 1));
  EXPECT_THAT(refused_, ElementsAre(2));
}

TEST_F(HttpNewestFirst, WaitThatIsDestroyedIsForgotten) {
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

TEST_F(HttpNewestFirst, TurnThatWasEndedEarlyEndsOnce) {
  Come(3);
  NewestFirst::Turn turn = std::move(*turn_);
  turn_.reset();
  turn.End();
  turn.End();
  loop_.Poll();
  EXPECT_THAT(served_, ElementsAre(0, 2));
}

}  // namespace
}  // namespace scidex::http
