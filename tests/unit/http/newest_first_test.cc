#include "http/newest_first.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/system_error.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "unit/http/loop.h"
#include "unit/http/peer.h"

namespace scidex::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HttpNewestFirst : public testing::Test {
 protected:
  // Clients 0, 1 … that come one after the other.
  void Come(std::size_t number) {
    for (std::size_t i = 0; i < number; ++i) {
      Peer peer(loop_.io());
      clients_.push_back(std::make_unique<Client>(ConnectClient(peer), deadlines_));
      loop_.Spawn(AwaitTurn(clients_.size() - 1));
      loop_.Poll();
    }
  }
  void EndTurn() {
    turn_.reset();
    loop_.Poll();
  }

  Loop loop_;
  Deadlines deadlines_{base::RealClock()};
  NewestFirst turns_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::optional<NewestFirst::Turn> turn_;
  std::vector<std::size_t> served_;
  std::vector<std::size_t> cancelled_;

 private:
  asio::awaitable<void> AwaitTurn(std::size_t who) {
    try {
      turn_.emplace(co_await turns_.Await(*clients_[who]));
      served_.push_back(who);
    } catch (const asio::system_error&) {
      cancelled_.push_back(who);
    }
  }
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

TEST_F(HttpNewestFirst, CancelledClientLeavesAtOnceAndOthersAreServed) {
  Come(3);
  turns_.Cancel(*clients_[2]);
  loop_.Poll();
  EXPECT_THAT(cancelled_, ElementsAre(2));
  EndTurn();
  EXPECT_THAT(served_, ElementsAre(0, 1));
}

TEST_F(HttpNewestFirst, CancelAfterTheTurnWasGrantedLosesNoTurn) {
  Come(2);
  turn_.reset();
  turns_.Cancel(*clients_[1]);
  loop_.Poll();
  EXPECT_THAT(served_, ElementsAre(0, 1));
  EXPECT_THAT(cancelled_, IsEmpty());
  EndTurn();
  Come(1);
  EXPECT_THAT(served_, ElementsAre(0, 1, 2));
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
