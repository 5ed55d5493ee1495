// The server with many clients, with misbehaving clients, and during shutdown.
#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file_limit.h"
#include "support/eventually.h"
#include "support/http_client.h"
#include "unit/http/fixture.h"

namespace scidex::http {
namespace {

using test::Get;
using test::HttpConnection;
using test::HttpResponse;
using ::testing::Each;
using ::testing::Field;

std::size_t OpenFiles() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST(HttpServer, AsManyRequestsAreInsideTheirHandlersAtOnceAsItsOptionsSay) {
  Gate gate;
  const Server server(
      ListenOnLoopback(8),
      {{"/", [&](const Request&) { return Text(gate.WaitUntilOpen() ? "together" : "alone"); }}});
  std::vector<std::future<HttpResponse>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(
        std::async(std::launch::async, [&] { return Get(server.ports().at(0), "/"); }));
  }
  EXPECT_TRUE(gate.AwaitArrivals(8));
  gate.Open();
  for (auto& client : clients) EXPECT_EQ(client.get().body, "together");
}

TEST(HttpServer, CallsBackOnlyWhileBothOfItsThreadsGoOn) {
  Gate gate;
  std::atomic<int> calls{0};
  const auto server =
      std::make_shared<Server>(ListenOnLoopback(), Endpoints{{"/-/healthy",
                                                              {[&](const Request&) {
                                                                 gate.WaitUntilOpen();
                                                                 return Text("healthy");
                                                               },
                                                               Access::kEveryone}}});
  server->CallBack([&] { ++calls; });
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return calls == 1; }));
  auto client =
      std::async(std::launch::async, [&] { return Get(server->ports().at(0), "/-/healthy"); });
  EXPECT_TRUE(gate.AwaitArrivals(1));
  server->CallBack([&] { ++calls; });
  EXPECT_EQ(calls, 1);
  gate.Open();
  EXPECT_EQ(client.get().body, "healthy");
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return calls == 2; }));
}

TEST(HttpServer, FurtherRequestsGet503ExceptAtEndpointsForEveryone) {
  Gate gate;
  const Server server(ListenOnLoopback(1),
                      {{"/",
                        [&](const Request&) {
                          gate.WaitUntilOpen();
                          return Text("served");
                        }},
                       {"/-/healthy", {RespondWith("healthy"), Access::kEveryone}}});
  const int port = server.ports().at(0);
  auto first = std::async(std::launch::async, [&] { return Get(port, "/"); });
  ASSERT_TRUE(gate.AwaitArrivals(1));
  const HttpResponse second = Get(port, "/");
  EXPECT_EQ(second.code, 503);
  EXPECT_EQ(second.body, "more than 1 requests at once; try again later\n");
  EXPECT_EQ(Get(port, "/-/healthy").body, "healthy");
  gate.Open();
  EXPECT_EQ(first.get().body, "served");
  EXPECT_EQ(Get(port, "/").code, 200);
}

TEST(HttpServer, WithoutALimitMoreRequestsThanThreadsWaitAndAreServed) {
  Gate gate;
  const Server server(ListenOnLoopback(0), {{"/", [&](const Request&) {
                                               gate.WaitUntilOpen();
                                               return Text("served");
                                             }}});
  std::vector<std::unique_ptr<HttpConnection>> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(std::make_unique<HttpConnection>(server.ports().at(0)));
    clients.back()->SendRequest("GET", "/");
  }
  ASSERT_TRUE(gate.AwaitArrivals(16));
  gate.Open();
  for (const auto& client : clients) EXPECT_EQ(client->Read().body, "served");
}

TEST(HttpServer, ClientThatLeavesInMidAnswerLeavesNothingBehind) {
  const Server server(ListenOnLoopback(2), {{"/big", RespondWith(TextOfSize(30'000'000))},
                                            {"/small", RespondWith("fine")}});
  const int port = server.ports().at(0);
  Get(port, "/small");
  // This process has both ends of a connection to all threads but one.
  const std::size_t files = OpenFiles() + 6;
  for (int i = 0; i < 20; ++i) {
    HttpConnection client(port);
    client.SendRequest("GET", "/big");
    client.SendRequest("GET", "/big");
  }
  EXPECT_TRUE(
      test::Eventually(test::kPatience, [&] { return Get(port, "/small").body == "fine"; }));
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return OpenFiles() <= files; }))
      << OpenFiles();
}

TEST(HttpServer, SilentClientDelaysNoOtherAndCountsAsNoRequest) {
  const Server server(ListenOnLoopback(1), {{"/", RespondWith("served")}});
  const int port = server.ports().at(0);
  HttpConnection idle(port);
  EXPECT_EQ(Get(port, "/").body, "served");
  idle.SendRequest("GET", "/");
  EXPECT_EQ(idle.Read().body, "served");
  EXPECT_EQ(CountOf(server, 200), 2u);
}

// Without the front, each client that sent its request slowly, or did not read its response, would
// occupy a thread.
TEST(HttpServer, ThousandIdleAndAHundredSlowClientsDelayNoOther) {
  base::RaiseFileLimit();
  const Server server(ListenOnLoopback(0),
                      {{"/", RespondWith("served")}, {"/big", RespondWith(TextOfSize(4'000'000))}});
  const int port = server.ports().at(0);
  std::vector<std::unique_ptr<HttpConnection>> idle;
  for (int i = 0; i < 1000; ++i) idle.push_back(std::make_unique<HttpConnection>(port));
  std::vector<std::unique_ptr<HttpConnection>> slow;
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i < 100; ++i) {
    slow.push_back(std::make_unique<HttpConnection>(port));
    slow.back()->Send(request.substr(0, 1));
  }
  // Together well below the limit for responses that are being sent.
  std::vector<std::unique_ptr<HttpConnection>> deaf;
  for (int i = 0; i < 4; ++i) {
    deaf.push_back(std::make_unique<HttpConnection>(port));
    deaf.back()->SendRequest("GET", "/big");
  }
  for (std::size_t i = 1; i < request.size(); i += 5) {
    EXPECT_EQ(Get(port, "/").body, "served");
    for (const auto& client : slow) client->Send(request.substr(i, 5));
  }
  // All of them are still connected, and are served like any other client.
  for (const auto& client : slow) EXPECT_EQ(client->Read().body, "served");
  for (const auto& client : idle) client->SendRequest("GET", "/");
  for (const auto& client : idle) EXPECT_EQ(client->Read().body, "served");
  for (const auto& client : deaf) EXPECT_EQ(client->Read().body.size(), 4'000'000u);
}

TEST(HttpServer, CountsEveryAnswerByItsCodeAndHasEveryCodeFromTheStart) {
  const Server server(ListenOnLoopback(), {{"/", RespondWith("")}});
  const int port = server.ports().at(0);
  const auto codes = server.RequestCounts();
  EXPECT_THAT(codes, Each(Field(&std::pair<int, std::uint64_t>::second, 0u)));

  Get(port, "/");
  test::Head(port, "/");
  Get(port, "/none");
  test::Request(port, "POST", "/");
  test::RequestRaw(port, "nonsense\r\n\r\n");
  EXPECT_EQ(CountOf(server, 200), 2u);
  EXPECT_EQ(CountOf(server, 404), 1u);
  EXPECT_EQ(CountOf(server, 405), 1u);
  EXPECT_EQ(CountOf(server, 400), 1u);
  EXPECT_EQ(server.RequestCounts().size(), codes.size());
}

TEST(HttpServer, ServesSeveralAddressesOfBothFamiliesAndSaysWhichPortEachGot) {
  const Server server(ListenOn({"127.0.0.1:0", ":0", "[::1]:0"}), {{"/", RespondWith("here")}});
  ASSERT_EQ(server.ports().size(), 3u);
  for (const int i : {1, 2}) {
    HttpConnection client(server.ports()[static_cast<std::size_t>(i)], test::kHttpTimeout, "::1");
    client.SendRequest("GET", "/");
    EXPECT_EQ(client.Read().body, "here");
  }
  EXPECT_NE(server.ports()[0], server.ports()[1]);
  EXPECT_EQ(Get(server.ports()[0], "/").body, "here");
  EXPECT_EQ(Get(server.ports()[1], "/").body, "here");
}

TEST(HttpServer, ItsThreadsTakeNoSignals) {
  Gate gate;
  sigset_t blocked;
  const Server server(ListenOnLoopback(), {{"/", [&](const Request&) {
                                              pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
                                              return Text("");
                                            }}});
  Get(server.ports().at(0), "/");
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 1);
  EXPECT_EQ(sigismember(&blocked, SIGINT), 1);
  sigset_t own;
  pthread_sigmask(SIG_SETMASK, nullptr, &own);
  EXPECT_EQ(sigismember(&own, SIGTERM), 0);
}

TEST(HttpServer, WaitsForNoIdleClientWhenItStops) {
  auto server = std::make_unique<Server>(ListenOnLoopback(4), Endpoints{{"/", RespondWith("")}});
  const int port = server->ports().at(0);
  HttpConnection kept(port);
  kept.SendRequest("GET", "/");
  EXPECT_EQ(kept.Read().Header("Connection"), "keep-alive");
  HttpConnection half(port);
  half.Send("GET / HT");
  std::vector<std::unique_ptr<HttpConnection>> silent;
  for (int i = 0; i < 8; ++i) silent.push_back(std::make_unique<HttpConnection>(port));
  server.reset();
}

TEST(HttpServer, StopsWithoutAnyClient) {
  for (int i = 0; i < 5; ++i) const Server server(ListenOnLoopback(), {});
}

TEST(HttpServer, StopFinishesRunningResponsesAndNewRequestsGet503) {
  Gate gate;
  const std::string body = TextOfSize(3'000'000);
  auto server = std::make_unique<Server>(ListenOnLoopback(4), Endpoints{{"/slow",
                                                                         [&](const Request&) {
                                                                           gate.WaitUntilOpen();
                                                                           return Text(body);
                                                                         }},
                                                                        {"/", RespondWith("")}});
  const int port = server->ports().at(0);
  auto answer = std::async(std::launch::async, [&] { return Get(port, "/slow"); });
  ASSERT_TRUE(gate.AwaitArrivals(1));
  auto stopped = std::async(std::launch::async, [&] { server.reset(); });
  EXPECT_TRUE(test::Eventually(test::kPatience, [&] { return Get(port, "/").code == 503; }));
  gate.Open();
  EXPECT_TRUE(answer.get().body == body);
  stopped.get();
}

TEST(HttpServer, StopWaitsForAClientThatDoesNotReadOnlyForTheGracePeriod) {
  ServerOptions options = ListenOnLoopback(4);
  options.stop_grace = std::chrono::milliseconds(10);
  auto server =
      std::make_unique<Server>(options, Endpoints{{"/big", RespondWith(TextOfSize(30'000'000))}});
  HttpConnection client(server->ports().at(0));
  client.SendRequest("GET", "/big");
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return CountOf(*server, 200) == 1; }));
  const base::TimePoint start = base::RealClock().Now();
  server.reset();
  // Without stop_grace, this would take FrontLimits::send_timeout.
  EXPECT_LT(base::RealClock().Now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace scidex::http
