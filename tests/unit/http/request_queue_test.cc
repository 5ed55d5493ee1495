#include "http/request_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/backend.h"
#include "unit/http/fixture.h"
#include "unit/http/loop.h"
#include "unit/http/peer.h"

namespace scidex::http {
namespace {

using std::chrono::hours;

// One slot, in front of a backend whose handlers wait until Open().
class HttpRequestQueue : public testing::Test {
 protected:
  ~HttpRequestQueue() override {
    gate_.Open();
    EXPECT_TRUE(AwaitReplies());
    // Closes the connection to the backend, which waits for that.
    link_.reset();
  }
  // The first request takes the slot.
  void Ask(const std::string& target, const std::string& method = "GET") {
    Peer& peer = peers_.emplace_back(loop_.io());
    clients_.push_back(std::make_unique<Client>(ConnectClient(peer), deadlines_));
    RequestHead& head = heads_.emplace_back();
    head.method = method;
    head.target = target;
    replies_.push_back(nullptr);
    loop_.Spawn(Wait(head, *clients_.back(), replies_.back()));
    loop_.Poll();
  }
  bool AwaitReplies() {
    return loop_.RunUntil([this] { return ended_ == static_cast<int>(replies_.size()); });
  }
  std::vector<std::string> Bodies() const {
    std::vector<std::string> bodies;
    for (const ReplyPtr& reply : replies_) {
      bodies.push_back(reply == nullptr ? "none" : reply->body);
    }
    return bodies;
  }

  Loop loop_;
  Deadlines deadlines_{base::RealClock()};
  AnswerMemory memory_{1 << 20};
  Gate gate_;
  std::atomic<int> handled_{0};
  Backend backend_{1, [this](const Request& request) {
                     gate_.WaitUntilOpen();
                     return Text(request.path + ' ' + std::to_string(++handled_));
                   }};
  std::unique_ptr<BackendLink> link_ = std::make_unique<BackendLink>(
      backend_.path(), backend_.bodies(), hours(1), deadlines_, memory_);
  std::size_t max_clients_ = 75;
  RequestQueue queue_{{.slots = 1,
                       .patience = {3, hours(1)},
                       .max_clients = [this] { return max_clients_; },
                       .refusal = "too many"},
                      *link_};
  std::list<Peer> peers_;
  std::list<std::unique_ptr<Client>> clients_;
  std::list<RequestHead> heads_;
  std::list<ReplyPtr> replies_;
  int ended_ = 0;

 private:
  asio::awaitable<void> Wait(const RequestHead& head, const Client& client, ReplyPtr& reply) {
    reply = co_await queue_.Ask(head, client);
    ++ended_;
  }
};

TEST_F(HttpRequestQueue, SameRequestsThatWaitAreAnsweredTogether) {
  Ask("/a");
  for (int i = 0; i < 50; ++i) Ask("/b");
  gate_.Open();
  ASSERT_TRUE(AwaitReplies());
  EXPECT_EQ(Bodies().front(), "/a 1");
  for (const ReplyPtr& reply : replies_) {
    if (reply != replies_.front()) {
      EXPECT_EQ(reply, replies_.back());
    }
  }
  EXPECT_EQ(Bodies().back(), "/b 2");
  // A shared response counts once.
  const std::size_t both = memory_.used();
  replies_.front() = nullptr;
  EXPECT_EQ(memory_.used(), both / 2);
}

TEST_F(HttpRequestQueue, ResponseBegunBeforeARequestIsNotSharedWithIt) {
  Ask("/a");
  Ask("/a");
  gate_.Open();
  ASSERT_TRUE(AwaitReplies());
  EXPECT_THAT(Bodies(), ::testing::ElementsAre("/a 1", "/a 2"));
}

TEST_F(HttpRequestQueue, RequestsThatChangeSomethingAreEachAskedFor) {
  Ask("/a");
  Ask("/b", "POST");
  Ask("/b", "POST");
  gate_.Open();
  ASSERT_TRUE(AwaitReplies());
  EXPECT_EQ(handled_, 3);
}

TEST_F(HttpRequestQueue, RequestBeyondTheWaitLimitIsRefused) {
  for (const char* target : {"/a", "/b", "/c", "/d", "/e"}) Ask(target);
  EXPECT_EQ(Bodies().back(), "too many\n");
  gate_.Open();
  ASSERT_TRUE(AwaitReplies());
  EXPECT_EQ(handled_, 4);
}

TEST_F(HttpRequestQueue, RequestBeyondTheLimitOfWaitingClientsIsRefused) {
  Ask("/a");
  for (int i = 0; i < 52; ++i) Ask("/b");
  EXPECT_EQ(Bodies().back(), "too many\n");
  gate_.Open();
  ASSERT_TRUE(AwaitReplies());
  EXPECT_EQ(handled_, 2);
}

TEST_F(HttpRequestQueue, LastPlacesAreForIdenticalRequests) {
  max_clients_ = 3;
  for (const char* target : {"/a", "/b", "/c", "/d", "/b", "/b"}) Ask(target);
  EXPECT_EQ(Bodies(),
            (std::vector<std::string>{"none", "none", "none", "too many\n", "none", "too many\n"}));
  gate_.Open();
  ASSERT_TRUE(AwaitReplies());
  EXPECT_EQ(handled_, 3);
}

TEST_F(HttpRequestQueue, IdenticalRequestsLeavePlacesForDifferentOnes) {
  max_clients_ = 6;
  for (const char* target : {"/a", "/b", "/b", "/b", "/b", "/b", "/b"}) Ask(target);
  EXPECT_EQ(Bodies().back(), "too many\n");
  Ask("/c");
  EXPECT_EQ(Bodies().back(), "none");
  gate_.Open();
  ASSERT_TRUE(AwaitReplies());
  EXPECT_EQ(handled_, 3);
}

TEST_F(HttpRequestQueue, RequestWhoseClientsHaveAllHungUpIsDropped) {
  Ask("/a");
  Ask("/b");
  Ask("/b");
  peers_.back().close();
  Ask("/c");
  peers_.back().close();
  gate_.Open();
  ASSERT_TRUE(AwaitReplies());
  EXPECT_EQ(handled_, 2);
  EXPECT_EQ(Bodies().back(), "none");
}

TEST_F(HttpRequestQueue, StopEndsTheWaiting) {
  Ask("/a");
  Ask("/b");
  Ask("/b");
  queue_.Stop();
  loop_.Poll();
  EXPECT_EQ(ended_, 2);
}

}  // namespace
}  // namespace scidex::http
