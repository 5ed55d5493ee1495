#include "http/handshakes.h"

#include <gtest/gtest.h>

#include <asio/buffer.hpp>
#include <asio/system_error.hpp>
#include <asio/write.hpp>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "support/temp_dir.h"
#include "unit/http/certificate.h"
#include "unit/http/loop.h"
#include "unit/http/peer.h"
#include "unit/http/tls_client.h"

namespace scidex::http {
namespace {

class HttpHandshakes : public testing::Test {
 protected:
  HttpHandshakes() {
    const CertificatePair pair = MakeCertificate();
    dir_.Write("crt", pair.certificate);
    dir_.Write("key", pair.key);
  }
  ~HttpHandshakes() override {
    if (!released_) go_on_.set_value();
    deadlines_.Stop();
    EXPECT_TRUE(loop_.RunUntil([&] { return ended_ == clients_.size(); }));
  }

  static constexpr std::size_t kMaxBeginning = 64;
  static constexpr std::size_t kMaxWaiting = 16;
  static constexpr std::size_t kMaxCompleting = 64;

  // Whose handshake begins when the loop runs. Its hello has been sent.
  void Come() { Come(hello_); }
  void Come(const std::string& sent) {
    Peer& peer = *peers_.emplace_back(std::make_unique<Peer>(loop_.io()));
    clients_.push_back(std::make_unique<Client>(ConnectClient(peer), deadlines_));
    asio::write(peer, asio::buffer(sent));
    clients_.back()->socket.non_blocking(true);
    loop_.Spawn(Perform(*clients_.back()));
  }
  void GoOn() {
    released_ = true;
    go_on_.set_value();
  }

  const test::TempDir dir_;
  const std::string hello_ = ClientHello();
  std::promise<void> computing_;
  std::promise<void> go_on_;
  bool released_ = false;
  bool first_ = true;
  // The first computation waits for GoOn().
  WebConfig config_{dir_.Write("web", "tls"), [this](const std::string&) {
                      if (std::exchange(first_, false)) {
                        computing_.set_value();
                        go_on_.get_future().wait();
                      }
                      WebOptions options;
                      options.tls_enabled = true;
                      options.tls.cert_file = dir_.path() / "crt";
                      options.tls.key_file = dir_.path() / "key";
                      return options;
                    }};
  Tls tls_{config_};
  Loop loop_;
  Deadlines deadlines_{base::RealClock()};
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::size_t ended_ = 0;
  Handshakes handshakes_{tls_};

 private:
  asio::awaitable<void> Perform(Client& client) {
    struct Ended {
      ~Ended() { ++count; }
      std::size_t& count;
    };
    const Ended ended{ended_};
    try {
      co_await handshakes_.Perform(client);
    } catch (const asio::system_error&) {
      // It was ended, or did not complete its handshake.
    }
  }
};

// The first computation runs during these tests.
TEST_F(HttpHandshakes, ClientEndedForAnotherDoesNotWaitForItsTurn) {
  Come();
  loop_.Poll();
  computing_.get_future().wait();
  for (int i = 0; i < 200; ++i) Come();
  EXPECT_TRUE(loop_.RunUntil([&] { return ended_ == clients_.size() - kMaxWaiting - 1; }));
  // The others got no response to their hello yet.
  EXPECT_EQ(peers_.back()->available(), 0u);
  GoOn();
  EXPECT_TRUE(loop_.RunUntil([&] { return peers_.back()->available() > 0; }));
  EXPECT_TRUE(loop_.RunUntil([&] { return peers_.front()->available() > 0; }));
}

TEST_F(HttpHandshakes, ClientsThatSendNoWholeHelloEndNoOther) {
  Come();
  loop_.Poll();
  computing_.get_future().wait();
  Come();
  loop_.Poll();
  for (int i = 0; i < 200; ++i) Come(hello_.substr(0, 3));
  EXPECT_TRUE(loop_.RunUntil([&] { return ended_ == clients_.size() - kMaxBeginning - 2; }));
  GoOn();
  EXPECT_TRUE(loop_.RunUntil([&] { return peers_[1]->available() > 0; }));
  EXPECT_TRUE(loop_.RunUntil([&] { return peers_[0]->available() > 0; }));
}

TEST_F(HttpHandshakes, ClientsThatDoNotCompleteEndNoOther) {
  GoOn();
  const auto has_response = [&] { return peers_.back()->available() > 0; };
  for (std::size_t i = 0; i < kMaxCompleting; ++i) {
    Come();
    ASSERT_TRUE(loop_.RunUntil(has_response));
  }
  EXPECT_EQ(ended_, 0u);
  Come();
  EXPECT_TRUE(loop_.RunUntil([&] { return ended_ == 1 && has_response(); }));
}

}  // namespace
}  // namespace scidex::http
