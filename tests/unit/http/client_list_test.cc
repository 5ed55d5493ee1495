#include "http/client_list.h"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <chrono>
#include <list>

#include "support/manual_clock.h"

namespace scidex::http {
namespace {

using std::chrono::milliseconds;

class HttpClientList : public testing::Test {
 protected:
  using Socket = asio::local::stream_protocol::socket;

  // A client in one of the lists.
  struct Listed {
    Listed(HttpClientList& test, ClientList& list)
        : client(test.Connect(), test.deadlines_), entry(list, client) {}
    bool closed() const { return client.deadline.interrupted(); }

    Client client;
    ClientList::Entry entry;
  };

  ClientSocket Connect() {
    Socket ours(io_);
    peers_.emplace_back(io_);
    asio::local::connect_pair(ours, peers_.back());
    return ClientSocket(std::move(ours));
  }
  void MakeRoom() { CloseForRoom(idle_, readers_, Victims::kAny); }

  test::ManualClock clock_;
  asio::io_context io_;
  std::list<Socket> peers_;
  Deadlines deadlines_{clock_};
  ClientList idle_;
  ClientList readers_;
};

TEST_F(HttpClientList, LongestIdleClientMakesRoom) {
  Listed first(*this, idle_);
  const Listed second(*this, idle_);
  const Listed reader(*this, readers_);
  clock_.Advance(kMinIdle);
  first.entry.Touch();
  clock_.Advance(kMinIdle);
  MakeRoom();
  EXPECT_TRUE(second.closed());
  MakeRoom();
  EXPECT_TRUE(first.closed());
  EXPECT_FALSE(reader.closed());
}

TEST_F(HttpClientList, NewClientOutlivesOneThatDoesNotRead) {
  const Listed reader(*this, readers_);
  clock_.Advance(kMinUnread);
  const Listed fresh(*this, idle_);
  MakeRoom();
  EXPECT_TRUE(reader.closed());
  EXPECT_FALSE(fresh.closed());
}

TEST_F(HttpClientList, ReaderOutlivesABurstOfNewClients) {
  const Listed reader(*this, readers_);
  clock_.Advance(kMinUnread - milliseconds(1));
  const Listed first(*this, idle_);
  const Listed second(*this, idle_);
  MakeRoom();
  MakeRoom();
  EXPECT_TRUE(first.closed());
  EXPECT_TRUE(second.closed());
  EXPECT_FALSE(reader.closed());
}

TEST_F(HttpClientList, OnlyStaleClientsMakeRoomForABatch) {
  const Listed reader(*this, readers_);
  clock_.Advance(kMinUnread - milliseconds(1));
  const Listed idle(*this, idle_);
  EXPECT_EQ(CloseForRoom(idle_, readers_, Victims::kStale), nullptr);
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(CloseForRoom(idle_, readers_, Victims::kStale), &reader.client);
  clock_.Advance(kMinIdle);
  EXPECT_EQ(CloseForRoom(idle_, readers_, Victims::kStale), &idle.client);
}

TEST_F(HttpClientList, ReaderMakesRoomIfNoOtherClientIsLeft) {
  const Listed reader(*this, readers_);
  MakeRoom();
  EXPECT_TRUE(reader.closed());
  EXPECT_EQ(CloseForRoom(idle_, readers_, Victims::kAny), nullptr);
}

}  // namespace
}  // namespace scidex::http
