// A front with short timeouts, in front of a backend of the test.
#include "http/front.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/thread.h"
#include "http/address.h"
#include "http/backend.h"
#include "http/private_listener.h"
#include "http/tls.h"
#include "http/web_config.h"
#include "support/eventually.h"
#include "support/http_client.h"
#include "support/temp_dir.h"
#include "unit/http/certificate.h"
#include "unit/http/fixture.h"
#include "unit/http/tls_client.h"

namespace scidex::http {
namespace {

using std::chrono::milliseconds;
using test::Get;
using test::HttpConnection;
using test::HttpResponse;

// On a free port of the loopback interface.
struct Listener {
  base::UniqueFd socket = Listen(ParseAddress("127.0.0.1:0").at(0));
  int port = PortOf(AddressOf(socket.get()));
};

class FrontTest : public testing::Test {
 protected:
  // In front of a backend that echoes the request.
  void Start(const FrontLimits& limits = {}) {
    backend_ =
        std::make_unique<Backend>(2, [](Request request) { return Answer(std::move(request)); });
    StartBefore(backend_->path(), limits, &backend_->bodies());
  }
  void StartBefore(const std::string& backend_path, const FrontLimits& limits = {},
                   HandedBodies* bodies = nullptr) {
    Listener listener;
    FrontOptions options;
    options.limits = limits;
    port_ = listener.port;
    options.listeners.push_back(std::move(listener.socket));
    if (tls_) options.tls = &*tls_;
    options.backend_connections = 2;
    options.backend_path = backend_path;
    options.backend_bodies = bodies == nullptr ? &bodies_ : bodies;
    options.direct_paths = {"/-/healthy"};
    options.direct_answer = [](const Request& request) {
      return Text(request.method + ' ' + request.path + ' ' + request.query);
    };
    front_ = std::make_unique<Front>(std::move(options), counts_);
  }
  void StartWithTls(const FrontLimits& limits) {
    tls_.emplace(web_);
    Start(limits);
  }
  std::uint64_t Count(int code) const {
    for (const auto& [number, count] : counts_.Read()) {
      if (number == code) return count;
    }
    return 0;
  }

  CodeCounts counts_;
  int port_ = 0;
  // Of a backend that sends its bodies.
  HandedBodies bodies_;
  const test::TempDir dir_;
  WebConfig web_{dir_.Write("web", "tls"), [](const std::string&) {
                   const CertificatePair pair = MakeCertificate();
                   WebOptions options;
                   options.tls_enabled = true;
                   options.tls.cert = pair.certificate;
                   options.tls.key = base::Secret(pair.key);
                   return options;
                 }};
  std::optional<Tls> tls_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Front> front_;

 private:
  static Response Answer(Request request) {
    if (request.path == "/big") return Text(TextOfSize(30'000'000));
    std::string text = request.method + ' ' + request.path + '\n';
    for (const auto& [name, value] : request.headers)
      text.append(name).append("=").append(value + '\n');
    return Text(text);
  }
};

TEST_F(FrontTest, PassesOnWhatHandlersMayKnowAndNothingOfTheConnection) {
  Start();
  HttpConnection client(port_);
  client.SendRequest("GET", "/x?y",
                     {{"Accept", "text/plain"},
                      {"Connection", "keep-alive, Upgrade"},
                      {"Upgrade", "websocket"},
                      {"Expect", "100-continue"},
                      {"Content-Length", "0"}});
  EXPECT_EQ(client.Read().body, "GET /x\nHost=127.0.0.1\nAccept=text/plain\n");
}

// A client that could name the place of another response would receive it, or destroy it.
TEST_F(FrontTest, ClientsNameNoPlaceForABody) {
  Start();
  HttpConnection client(port_);
  for (int i = 0; i < 3; ++i) {
    client.SendRequest("GET", "/x", {{"scidex-body-PLACE", "77"}});
    EXPECT_EQ(client.Read().body, "GET /x\nHost=127.0.0.1\n");
  }
}

TEST_F(FrontTest, HandlersSeeNothingOfABodyThatIsNotRead) {
  Start();
  HttpConnection client(port_);
  client.SendRequest("POST", "/",
                     {{"Transfer-Encoding", "chunked"}, {"TE", "trailers"}, {"Trailer", "X"}});
  EXPECT_EQ(client.Read().body, "POST /\nHost=127.0.0.1\n");
}

TEST_F(FrontTest, DirectPathsAreAnsweredWithoutTheBackend) {
  StartBefore("/nowhere");
  EXPECT_EQ(Get(port_, "/-/healthy?x=1").body, "GET /-/healthy x=1");
  HttpConnection client(port_);
  client.SendRequest("HEAD", "/-/healthy");
  EXPECT_EQ(client.Read(/*to_head=*/true).Header("Content-Length"), "16");
  EXPECT_EQ(Count(200), 2u);
  EXPECT_EQ(Get(port_, "/").code, 503);
}

TEST_F(FrontTest, RequestThatDoesNotArriveWholeInTimeIs408) {
  Start({.request_timeout = milliseconds(50)});
  HttpConnection slow(port_);
  slow.Send("GET / HTTP/1.1\r\n");
  const HttpResponse response = slow.Read();
  EXPECT_EQ(response.code, 408);
  EXPECT_EQ(response.Header("Connection"), "close");
  EXPECT_EQ(slow.ReadToEnd(), "");
  EXPECT_EQ(Count(408), 1u);
}

TEST_F(FrontTest, SilentClientIsClosedWithoutAResponse) {
  // Long enough for the second client's request to arrive first.
  Start({.idle_timeout = milliseconds(500)});
  HttpConnection idle(port_);
  EXPECT_EQ(idle.ReadToEnd(), "");
  HttpConnection kept(port_);
  kept.SendRequest("GET", "/");
  EXPECT_EQ(kept.Read().code, 200);
  EXPECT_EQ(kept.ReadToEnd(), "");
  EXPECT_EQ(Count(408), 0u);
}

TEST_F(FrontTest, ClientThatDoesNotReadItsResponseIsClosed) {
  Start({.send_timeout = milliseconds(50)});
  HttpConnection deaf(port_);
  deaf.SendRequest("GET", "/big");
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return Count(200) == 1; }));
  front_->Drain(base::Add(base::RealClock().Now(), test::kPatience));
  // The front has closed the connection, so the response is incomplete.
  EXPECT_LT(deaf.ReadToEnd().size(), 30'000'000u);
}

TEST_F(FrontTest, BeyondItsLimitTheLongestIdleClientIsClosed) {
  Start({.max_clients = 3});
  std::vector<std::unique_ptr<HttpConnection>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<HttpConnection>(port_));
    clients.back()->SendRequest("GET", "/");
    EXPECT_EQ(clients.back()->Read().code, 200);
  }
  clients[0]->SendRequest("GET", "/");
  EXPECT_EQ(clients[0]->Read().code, 200);
  EXPECT_EQ(Get(port_, "/").code, 200);
  EXPECT_EQ(clients[1]->ReadToEnd(), "");
  for (const int i : {0, 2}) {
    clients[static_cast<std::size_t>(i)]->SendRequest("GET", "/");
    EXPECT_EQ(clients[static_cast<std::size_t>(i)]->Read().code, 200);
  }
}

// AddressSanitizer once found a timer's handler that used a destroyed client.
TEST_F(FrontTest, ClientsThatLeaveAtTheMomentOfADeadlineLeaveNothing) {
  Start({.request_timeout = milliseconds(2),
         .idle_timeout = milliseconds(2),
         .send_timeout = milliseconds(2)});
  const std::string get = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";
  // Clients in each state: before a request, within one, while a response is read, and within a
  // body.
  const std::vector<std::string> sent{"", get.substr(0, 9), get,
                                      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"};
  // Each disconnects after several others have connected, which takes about as long as a deadline.
  std::deque<std::unique_ptr<HttpConnection>> clients;
  for (std::size_t i = 0; i < 4000; ++i) {
    clients.push_back(std::make_unique<HttpConnection>(port_));
    clients.back()->Send(sent[i % sent.size()]);
    if (clients.size() > i % 41) clients.pop_front();
  }
  clients.clear();
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] {
    try {
      return Get(port_, "/-/healthy").code == 200;
    } catch (const std::runtime_error&) {
      // Two milliseconds may be too short on a busy machine.
      return false;
    }
  }));
}

TEST_F(FrontTest, ClientThatDoesNotReadMakesRoomWhereNoneIsIdle) {
  Start({.max_clients = 2});
  HttpConnection deaf(port_);
  deaf.SendRequest("GET", "/big");
  HttpConnection also_deaf(port_);
  also_deaf.SendRequest("GET", "/big");
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return Count(200) == 2; }));
  EXPECT_EQ(Get(port_, "/").code, 200);
}

TEST_F(FrontTest, BurstBeyondTheLimitRefusesNoClient) {
  Start({.max_clients = 4});
  std::vector<std::unique_ptr<HttpConnection>> silent;
  for (int i = 0; i < 40; ++i) silent.push_back(std::make_unique<HttpConnection>(port_));
  EXPECT_EQ(Get(port_, "/-/healthy").code, 200);
}

TEST_F(FrontTest, StalledHandshakesMakeRoomForANewClient) {
  StartWithTls({.max_clients = 2});
  TlsClient first(port_);
  TlsClient second(port_);
  for (TlsClient* const stalled : {&first, &second}) {
    stalled->SendRaw(ClientHello());
    ASSERT_TRUE(stalled->Hears());
  }
  TlsClient fresh(port_);
  EXPECT_TRUE(fresh.Handshake());
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return first.IsClosed(); }));
  EXPECT_FALSE(second.IsClosed());
}

TEST_F(FrontTest, AnswersThatAreNotReadHoldNoMoreMemoryThanTheirLimit) {
  Start({.max_answer_bytes = 70'000'000});
  std::vector<std::unique_ptr<HttpConnection>> deaf;
  for (int i = 0; i < 3; ++i) {
    deaf.push_back(std::make_unique<HttpConnection>(port_));
    deaf.back()->SendRequest("GET", "/big?" + std::to_string(i));
    ASSERT_TRUE(test::Eventually(test::kPatience,
                                 [&] { return Count(200) == static_cast<std::uint64_t>(i) + 1; }));
  }
  // Two responses fit: the client that had read nothing for the longest time was closed for the
  // third.
  EXPECT_LT(deaf[0]->ReadToEnd().size(), 30'000'000u);
  EXPECT_EQ(deaf[1]->Read().body.size(), 30'000'000u);
  EXPECT_EQ(deaf[2]->Read().body.size(), 30'000'000u);
}

TEST_F(FrontTest, ResponseLargerThanTheLimitIsSentAlone) {
  Start({.max_answer_bytes = 20'000'000});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Get(port_, "/big").body.size(), 30'000'000u);
}

TEST_F(FrontTest, BackendThatIsGoneIs503) {
  StartBefore("/nowhere");
  EXPECT_EQ(Get(port_, "/").code, 503);
  EXPECT_EQ(Count(503), 1u);
}

TEST_F(FrontTest, RefusedClientIsDisconnected) {
  StartBefore("/nowhere");
  HttpConnection client(port_);
  client.SendRequest("GET", "/");
  EXPECT_THAT(client.ReadToEnd(), testing::AllOf(testing::HasSubstr(" 503 "),
                                                 testing::HasSubstr("\r\nConnection: close\r\n")));
}

// Accepts the next connection to a backend of the test, and reads a request.
base::UniqueFd AcceptRequest(const PrivateListener& listener) {
  base::UniqueFd connection;
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] {
    connection = base::UniqueFd(accept4(listener.socket(), nullptr, nullptr, SOCK_CLOEXEC));
    return connection.valid();
  }));
  std::string request(4096, '\0');
  EXPECT_GT(recv(connection.get(), request.data(), request.size(), 0), 0);
  return connection;
}

// A kept connection that the backend has closed does not fail a client's request.
TEST_F(FrontTest, BackendThatClosesBetweenTwoRequestsIsAskedAgain) {
  const PrivateListener listener;
  const base::Thread backend("backend", [&] {
    for (int served = 0; served < 3; ++served) {
      const base::UniqueFd connection = AcceptRequest(listener);
      const std::string answer =
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";
      EXPECT_EQ(send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(answer.size()));
    }
  });
  StartBefore(listener.path());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get(port_, "/").body, "ok");
}

// It may have reloaded before it closed the connection.
TEST_F(FrontTest, BackendThatFailsIsNotAskedToPostAgain) {
  const PrivateListener listener;
  std::optional<base::Thread> backend;
  base::UniqueFd kept;
  backend.emplace("backend", [&] {
    kept = AcceptRequest(listener);
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    EXPECT_EQ(send(kept.get(), answer.data(), answer.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(answer.size()));
    const base::UniqueFd closed = AcceptRequest(listener);
  });
  StartBefore(listener.path());
  EXPECT_EQ(Get(port_, "/").body, "ok");
  HttpConnection client(port_);
  client.SendRequest("POST", "/-/reload");
  EXPECT_EQ(client.Read().code, 503);
  backend.reset();
  EXPECT_EQ(accept4(listener.socket(), nullptr, nullptr, SOCK_CLOEXEC), -1);
}

TEST_F(FrontTest, BackendThatDoesNotAnswerInTimeIs503) {
  const PrivateListener listener;
  base::UniqueFd silent;
  const base::Thread backend("backend", [&] { silent = AcceptRequest(listener); });
  StartBefore(listener.path(), {.backend_timeout = milliseconds(50)});
  EXPECT_EQ(Get(port_, "/").code, 503);
}

}  // namespace
}  // namespace scidex::http
