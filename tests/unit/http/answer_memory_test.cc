#include "http/answer_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "unit/http/loop.h"
#include "unit/http/peer.h"

namespace scidex::http {
namespace {

class HttpAnswerMemory : public testing::Test {
 protected:
  asio::awaitable<void> ReserveMemory(std::size_t size) {
    std::optional<AnswerCharge> charge = co_await memory_.Reserve(size);
    ++ended_;
    if (charge) taken_.push_back(std::move(*charge));
  }
  std::unique_ptr<Client> MakeClient() {
    Peer& peer = peers_.emplace_back(loop_.io());
    return std::make_unique<Client>(ConnectClient(peer), deadlines_);
  }

  AnswerMemory memory_{100};
  Loop loop_;
  Deadlines deadlines_{base::RealClock()};
  std::list<Peer> peers_;
  std::list<AnswerCharge> taken_;
  int ended_ = 0;
};

TEST_F(HttpAnswerMemory, IsGivenBackWhenAnAnswerIsGone) {
  loop_.Spawn(ReserveMemory(60));
  loop_.Spawn(ReserveMemory(40));
  loop_.Poll();
  EXPECT_EQ(memory_.used(), 100u);
  taken_.pop_front();
  EXPECT_EQ(memory_.used(), 40u);
  taken_.clear();
  EXPECT_EQ(memory_.used(), 0u);
}

TEST_F(HttpAnswerMemory, PartOfAChargeIsGivenBackWithoutTheOther) {
  loop_.Spawn(ReserveMemory(100));
  loop_.Poll();
  ASSERT_EQ(taken_.size(), 1u);
  {
    const AnswerCharge part = taken_.front().Split(30);
    EXPECT_EQ(memory_.used(), 100u);
  }
  EXPECT_EQ(memory_.used(), 70u);
}

TEST_F(HttpAnswerMemory, AnswerThatFindsNoRoomWaitsForSome) {
  loop_.Spawn(ReserveMemory(60));
  loop_.Spawn(ReserveMemory(60));
  loop_.Poll();
  EXPECT_EQ(taken_.size(), 1u);
  taken_.clear();
  loop_.Poll();
  EXPECT_EQ(taken_.size(), 1u);
}

TEST_F(HttpAnswerMemory, AnswerThatFindsNoRoomInTimeGetsNone) {
  loop_.Spawn(ReserveMemory(60));
  loop_.Spawn(ReserveMemory(60));
  EXPECT_TRUE(loop_.RunUntil([&] { return ended_ == 2; }));
  EXPECT_EQ(taken_.size(), 1u);
  EXPECT_EQ(memory_.used(), 60u);
}

TEST_F(HttpAnswerMemory, AnswerLargerThanAllOfItHasRoomAlone) {
  loop_.Spawn(ReserveMemory(1000));
  loop_.Poll();
  EXPECT_EQ(taken_.size(), 1u);
}

TEST_F(HttpAnswerMemory, ClientThatHasReadNothingForLongestMakesRoom) {
  const auto first = MakeClient();
  const auto second = MakeClient();
  ClientList::Entry first_reads(memory_.readers(), *first);
  const ClientList::Entry second_reads(memory_.readers(), *second);
  first_reads.Touch();
  loop_.Spawn(ReserveMemory(60));
  loop_.Spawn(ReserveMemory(60));
  loop_.Poll();
  EXPECT_TRUE(second->deadline.interrupted());
  EXPECT_FALSE(first->deadline.interrupted());
}

}  // namespace
}  // namespace scidex::http
