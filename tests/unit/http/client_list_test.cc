#include "http/client_list.h"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <list>

#include "support/manual_clock.h"
#include "unit/http/peer.h"

namespace scidex::http {
namespace {

using std::chrono::milliseconds;

class HttpClientList : public testing::Test {
 protected:
  // A client in one of the lists.
  struct Listed {
    Listed(HttpClientList& test, ClientList& list)
        : client(ConnectClient(test.peers_.emplace_back(test.io_)), test.deadlines_),
          entry(list, client) {}
    bool closed() const { return client.deadline.interrupted(); }

    Client client;
    ClientList::Entry entry;
  };

  void MakeRoom() { CloseForRoom(idle_, readers_, handshakes_, Victims::kAny); }

  test::ManualClock clock_;
  asio::io_context io_;
  std::list<Peer> peers_;
  Deadlines deadlines_{clock_};
  ClientList idle_;
  ClientList readers_;
  ClientList handshakes_;
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
  EXPECT_EQ(CloseForRoom(idle_, readers_, handshakes_, Victims::kStale), nullptr);
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(CloseForRoom(idle_, readers_, handshakes_, Victims::kStale), &reader.client);
  clock_.Advance(kMinIdle);
  EXPECT_EQ(CloseForRoom(idle_, readers_, handshakes_, Victims::kStale), &idle.client);
}

TEST_F(HttpClientList, NewClientOutlivesAStalledHandshake) {
  const Listed handshake(*this, handshakes_);
  clock_.Advance(kMinHandshake);
  const Listed fresh(*this, idle_);
  MakeRoom();
  EXPECT_TRUE(handshake.closed());
  EXPECT_FALSE(fresh.closed());
}

TEST_F(HttpClientList, ReaderMakesRoomIfNoOtherClientIsLeft) {
  const Listed reader(*this, readers_);
  MakeRoom();
  EXPECT_TRUE(reader.closed());
  EXPECT_EQ(CloseForRoom(idle_, readers_, handshakes_, Victims::kAny), nullptr);
}

}  // namespace
}  // namespace scidex::http
