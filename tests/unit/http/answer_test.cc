// The responses that a client receives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "support/http_client.h"
#include "support/log_tap.h"
#include "unit/http/fixture.h"

namespace scidex::http {
namespace {

using test::Get;
using test::Head;
using test::HttpResponse;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HttpAnswer, GetReturnsCodeHeadersAndBodyOfTheHandler) {
  const Server server(ListenOnLoopback(), {{"/metrics", [](const Request&) {
                                              Response response = Text("up 1\n");
                                              response.code = 503;
                                              response.content_type = "text/x-test";
                                              response.headers = {{"Cache-Control", "no-store"}};
                                              return response;
                                            }}});
  const HttpResponse response = Get(server.ports().at(0), "/metrics");
  EXPECT_EQ(response.code, 503);
  EXPECT_EQ(response.body, "up 1\n");
  EXPECT_EQ(response.Header("Content-Type"), "text/x-test");
  EXPECT_EQ(response.Header("Content-Length"), "5");
  EXPECT_EQ(response.Header("Cache-Control"), "no-store");
  EXPECT_THAT(response.Header("Date"), ::testing::EndsWith(" GMT"));
}

TEST(HttpAnswer, HeadHasTheHeadersOfGetAndNoBody) {
  const Server server(ListenOnLoopback(), {{"/metrics", RespondWith("up 1\n")}});
  test::HttpConnection connection(server.ports().at(0));
  connection.SendRequest("HEAD", "/metrics", {{"Connection", "close"}});
  const HttpResponse response = connection.Read(/*to_head=*/true);
  EXPECT_EQ(response.code, 200);
  EXPECT_EQ(response.Header("Content-Length"), "5");
  EXPECT_EQ(response.Header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(connection.ReadToEnd(), "");
}

TEST(HttpAnswer, HandlerSeesPathQueryAndHeadersAndNeverHead) {
  Request seen;
  const Server server(ListenOnLoopback(), {{"/a b", [&](const Request& request) {
                                              seen = request;
                                              return Text("");
                                            }}});
  Head(server.ports().at(0), "/a%20b?x=%20y&z", {{"Accept", "text/plain"}});
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.path, "/a b");
  EXPECT_EQ(seen.query, "x=%20y&z");
  EXPECT_EQ(seen.Header("accept"), "text/plain");
  EXPECT_EQ(seen.Header("absent"), "");
}

TEST(HttpAnswer, TabWithinAHeaderIsASpaceForTheHandler) {
  std::string seen;
  const Server server(ListenOnLoopback(), {{"/", [&](const Request& request) {
                                              seen = request.Header("X-Note");
                                              return Text("");
                                            }}});
  EXPECT_EQ(Get(server.ports().at(0), "/", {{"X-Note", "a\tb"}}).code, 200);
  EXPECT_EQ(seen, "a b");
}

TEST(HttpAnswer, UnknownPathIs404AndNamesThePathsThatExist) {
  const Server server(ListenOnLoopback(),
                      {{"/metrics", RespondWith("")}, {"/-/ready", RespondWith("")}});
  for (const char* path : {"/metric", "/metrics/", "/metrics%00", "//metrics", "/x/../metrics"}) {
    const HttpResponse response = Get(server.ports().at(0), path);
    EXPECT_EQ(response.code, 404) << path;
    EXPECT_THAT(response.body, AllOf(HasSubstr("/metrics\n"), HasSubstr("/-/ready\n"))) << path;
  }
}

TEST(HttpAnswer, OtherMethodsAre405WithAllow) {
  const Server server(ListenOnLoopback(), {{"/metrics", RespondWith("up 1\n")}});
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    const HttpResponse response = test::Request(server.ports().at(0), method, "/metrics");
    EXPECT_EQ(response.code, 405) << method;
    EXPECT_EQ(response.Header("Allow"), "GET, HEAD, OPTIONS") << method;
  }
}

TEST(HttpAnswer, OptionsReturnsTheMethodsOfAPath) {
  const Server server(ListenOnLoopback(),
                      {{"/metrics", RespondWith("up 1\n")},
                       {"/-/healthy", {RespondWith("healthy"), Access::kEveryone}},
                       {"/-/reload", {RespondWith("done"), Access::kUsers, "POST"}}});
  const int port = server.ports().at(0);
  const auto ask = [port](const std::string& path) {
    const HttpResponse response = test::Request(port, "OPTIONS", path);
    EXPECT_EQ(response.body, "") << path;
    return std::to_string(response.code) + ' ' + response.Header("Allow");
  };
  EXPECT_EQ(ask("/metrics"), "200 GET, HEAD, OPTIONS");
  EXPECT_EQ(ask("/-/healthy"), "200 GET, HEAD, OPTIONS");
  EXPECT_EQ(ask("/-/reload"), "200 POST, OPTIONS");
  EXPECT_EQ(ask("*"), "200 GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(test::Request(port, "OPTIONS", "/none").code, 404);
  // The default request of HAProxy.
  EXPECT_EQ(test::RequestRaw(port, "OPTIONS /metrics HTTP/1.0\r\n\r\n").code, 200);
}

TEST(HttpAnswer, OptionsOfTheServerOmitsTheMethodOfAnEndpointThatIsOff) {
  const Server server(ListenOnLoopback(),
                      {{"/metrics", RespondWith("up 1\n")},
                       {"/-/reload", {RespondWith("off"), Access::kUsers, "POST", false}}});
  EXPECT_EQ(test::Request(server.ports().at(0), "OPTIONS", "*").Header("Allow"),
            "GET, HEAD, OPTIONS");
}

TEST(HttpAnswer, RequestWithABodyIsAnsweredWithoutReadingIt) {
  const Server server(ListenOnLoopback(), {{"/metrics", RespondWith("up 1\n")}});
  test::HttpConnection connection(server.ports().at(0));
  connection.SendRequest("POST", "/metrics", {{"Content-Length", "1000000"}});
  const HttpResponse response = connection.Read();
  EXPECT_EQ(response.code, 405);
  EXPECT_EQ(response.Header("Connection"), "close");
  EXPECT_EQ(connection.ReadToEnd(), "");
}

TEST(HttpAnswer, HandlerThatThrowsIs500WithoutTheReasonWhichIsLogged) {
  const test::LogTap log;
  const Server server(ListenOnLoopback(), {{"/metrics", [](const Request&) -> Response {
                                              throw std::runtime_error("the secret reason");
                                            }}});
  const HttpResponse response = Get(server.ports().at(0), "/metrics");
  EXPECT_EQ(response.code, 500);
  EXPECT_EQ(response.body, "internal error; see the log\n");
  EXPECT_THAT(log.Lines(), ElementsAre(AllOf(HasSubstr("level=error"), HasSubstr("path=/metrics"),
                                             HasSubstr("error=\"the secret reason\""))));
}

TEST(HttpAnswer, HandlerThatThrowsSomethingElseIs500Too) {
  const test::LogTap log;
  const Server server(ListenOnLoopback(), {{"/", [](const Request&) -> Response { throw 1; }}});
  EXPECT_EQ(Get(server.ports().at(0), "/").code, 500);
  EXPECT_THAT(log.Lines(), ElementsAre(HasSubstr("error=unknown")));
}

TEST(HttpAnswer, CodeOutsideTheClosedSetIs500AndLogged) {
  const test::LogTap log;
  const Server server(ListenOnLoopback(), {{"/", [](const Request&) {
                                              Response response = Text("short and stout");
                                              response.code = 418;
                                              return response;
                                            }}});
  EXPECT_EQ(Get(server.ports().at(0), "/").code, 500);
  EXPECT_THAT(log.Lines(), ElementsAre(AllOf(HasSubstr("path=/"), HasSubstr("code=418"))));
}

TEST(HttpAnswer, EveryAnswerForbidsSniffingItsType) {
  const test::LogTap log;
  const Server server(ListenOnLoopback(),
                      {{"/ok", RespondWith("")},
                       {"/throws", [](const Request&) -> Response { throw std::exception(); }}});
  const int port = server.ports().at(0);
  for (const HttpResponse& response :
       {Get(port, "/ok"), Get(port, "/none"), Get(port, "/throws"),
        test::Request(port, "POST", "/ok"), test::RequestRaw(port, "nonsense\r\n\r\n")}) {
    EXPECT_EQ(response.Header("X-Content-Type-Options"), "nosniff") << response.code;
  }
}

TEST(HttpAnswer, BodyOfManyMegabytesArrivesWhole) {
  std::string body = TextOfSize(20'000'000);
  for (std::size_t i = 0; i < body.size(); i += 4096) body[i] = static_cast<char>('a' + i % 23);
  const Server server(ListenOnLoopback(), {{"/big", RespondWith(body)}});
  const HttpResponse response = Get(server.ports().at(0), "/big");
  EXPECT_EQ(response.Header("Content-Length"), "20000000");
  EXPECT_TRUE(response.body == body);
}

TEST(HttpAnswer, MalformedRequestsAre400AndTheServerContinues) {
  const Server server(ListenOnLoopback(), {{"/metrics", RespondWith("up 1\n")}});
  const int port = server.ports().at(0);
  for (const char* request :
       {"nonsense\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n",
        "GET metrics HTTP/1.1\r\nHost: a\r\n\r\n", "GET /metrics HTTP/1.1\r\n\r\n",
        "BREW /metrics HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    const HttpResponse response = test::RequestRaw(port, request);
    EXPECT_EQ(response.code, 400) << request;
    EXPECT_THAT(response.body, HasSubstr("malformed")) << request;
    EXPECT_EQ(response.Header("Connection"), "close") << request;
  }
  EXPECT_EQ(Get(port, "/metrics").code, 200);
}

TEST(HttpAnswer, HeadLongerThanTheLimitIs431AndTheMessageNamesTheLimit) {
  const Server server(ListenOnLoopback(), {{"/metrics", RespondWith("up 1\n")}});
  const int port = server.ports().at(0);
  const HttpResponse response =
      test::RequestRaw(port, "GET /metrics HTTP/1.1\r\nX: " + std::string(20'000, 'x'));
  EXPECT_EQ(response.code, 431);
  EXPECT_THAT(response.body, HasSubstr("longer than 16384 bytes"));
  EXPECT_EQ(Get(port, "/metrics", {{"X", std::string(10'000, 'x')}}).code, 200);
}

TEST(HttpAnswer, UnknownVersionsHaveTheirOwnCode) {
  const Server server(ListenOnLoopback(), {{"/", RespondWith("")}});
  EXPECT_EQ(test::RequestRaw(server.ports().at(0), "GET / HTTP/2.0\r\n\r\n").code, 505);
}

TEST(HttpAnswer, RequestsOfAPipelineAreAnsweredInTheirOrder) {
  const Server server(ListenOnLoopback(),
                      {{"/a", RespondWith("first")}, {"/b", RespondWith("second")}});
  test::HttpConnection connection(server.ports().at(0));
  connection.Send(
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\n\r\nHEAD /a HTTP/1.1\nHost: x\n\nGET /b HTTP/1.0\r\n\r\n");
  EXPECT_EQ(connection.Read().body, "first");
  EXPECT_EQ(connection.Read(/*to_head=*/true).Header("Content-Length"), "5");
  EXPECT_EQ(connection.Read().body, "second");
  EXPECT_EQ(connection.ReadToEnd(), "");
}

TEST(HttpAnswer, ConnectionOfAnHttp10ClientIsKeptIfItAsksForIt) {
  const Server server(ListenOnLoopback(), {{"/", RespondWith("here")}});
  test::HttpConnection connection(server.ports().at(0));
  for (int i = 0; i < 2; ++i) {
    connection.Send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    EXPECT_EQ(connection.Read().Header("Connection"), "keep-alive");
  }
}

TEST(HttpAnswer, AbsoluteTargetIsServedAsItsPath) {
  const Server server(ListenOnLoopback(), {{"/metrics", RespondWith("up 1\n")}});
  const int port = server.ports().at(0);
  const std::string target = "http://127.0.0.1:" + std::to_string(port) + "/metrics?a";
  EXPECT_EQ(Get(port, target).body, "up 1\n");
  EXPECT_EQ(Get(port, "http://another.example/metrics").body, "up 1\n");
}

TEST(HttpAnswer, WebSocketUpgradeIsAnsweredAsAPlainGet) {
  const Server server(ListenOnLoopback(), {{"/metrics", RespondWith("up 1\n")}});
  test::HttpConnection connection(server.ports().at(0));
  connection.SendRequest("GET", "/metrics", {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}});
  EXPECT_EQ(connection.Read().body, "up 1\n");
}

TEST(HttpAnswer, ConnectionIsKeptAliveUnlessTheClientAsksToCloseIt) {
  const Server server(ListenOnLoopback(), {{"/metrics", RespondWith("up 1\n")}});
  test::HttpConnection connection(server.ports().at(0));
  for (int i = 0; i < 3; ++i) {
    connection.SendRequest("GET", "/metrics");
    const HttpResponse response = connection.Read();
    EXPECT_EQ(response.Header("Connection"), "keep-alive");
    EXPECT_EQ(response.body, "up 1\n");
  }
  connection.SendRequest("GET", "/metrics", {{"Connection", "close"}});
  EXPECT_EQ(connection.Read().Header("Connection"), "close");
  EXPECT_EQ(connection.ReadToEnd(), "");
}

TEST(HttpAnswer, Http10ClientIsClosedAfterTheAnswer) {
  const Server server(ListenOnLoopback(), {{"/metrics", RespondWith("up 1\n")}});
  test::HttpConnection connection(server.ports().at(0));
  connection.Send("GET /metrics HTTP/1.0\r\n\r\n");
  EXPECT_EQ(connection.Read().Header("Connection"), "close");
  EXPECT_EQ(connection.ReadToEnd(), "");
}

TEST(HttpAnswer, TextOfAnErrorNeverRepeatsWhatTheClientSent) {
  const Server server(ListenOnLoopback(), {{"/metrics", RespondWith("")}});
  const int port = server.ports().at(0);
  EXPECT_THAT(Get(port, "/<script>").body, Not(HasSubstr("script")));
  EXPECT_THAT(test::RequestRaw(port, "<script>\r\n\r\n").body, Not(HasSubstr("script")));
}

}  // namespace
}  // namespace scidex::http
