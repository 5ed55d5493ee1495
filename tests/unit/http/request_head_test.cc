// Which bytes are valid requests.
#include "http/request_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace scidex::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string WithHeaders(const std::string& headers) {
  return "GET /metrics HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

// The code and the message of the refusal.
std::string ParseError(const std::string& head) {
  try {
    ParseHead(head);
  } catch (const BadRequest& error) {
    return std::to_string(error.code()) + ' ' + error.what();
  }
  return "it is a request";
}

TEST(RequestHead, EndsWithTheFirstEmptyLineAndNotBefore) {
  const std::string head = WithHeaders("A: b\r\n");
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(FindHeadEnd(head.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(FindHeadEnd(head + "rest\r\n\r\n"), head.size());
}

TEST(RequestHead, MayHaveEmptyLinesBeforeItAndBareLineFeeds) {
  const std::string head = "\r\n\nGET / HTTP/1.1\nHost: a\n\n";
  EXPECT_EQ(FindHeadEnd(head), head.size());
  EXPECT_EQ(ParseHead(head).target, "/");
  EXPECT_EQ(FindHeadEnd("\r\n\r\n\r\n"), std::nullopt);
}

TEST(RequestHead, HasMethodTargetAndHeadersWithoutBlanksAround) {
  const RequestHead head = ParseHead(
      "POST /-/reload?a=b HTTP/1.1\r\nHost:a\r\nX-One: \t two words \t\r\nEmpty:\r\n\r\n");
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/-/reload?a=b");
  EXPECT_THAT(head.headers,
              ElementsAre(Pair("Host", "a"), Pair("X-One", "two words"), Pair("Empty", "")));
  EXPECT_FALSE(head.has_body);
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, AbsoluteTargetIsCutToItsPathAndQuery) {
  const auto target = [](const std::string& text) {
    return ParseHead("GET " + text + " HTTP/1.1\r\nHost: a\r\n\r\n").target;
  };
  EXPECT_EQ(target("http://a:19187/metrics?x=y"), "/metrics?x=y");
  EXPECT_EQ(target("HTTPS://[::1]/"), "/");
  EXPECT_EQ(target("http://a"), "/");
  EXPECT_EQ(target("http://a?x"), "/?x");
}

TEST(RequestHead, ConnectionSaysWhetherAnotherRequestMayFollow) {
  EXPECT_FALSE(ParseHead(WithHeaders("Connection: close\r\n")).keep_alive);
  EXPECT_FALSE(ParseHead(WithHeaders("Connection: te ,\tClose\r\n")).keep_alive);
  EXPECT_TRUE(ParseHead(WithHeaders("Connection: te, ,Upgrade,\r\n")).keep_alive);
  EXPECT_FALSE(ParseHead("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(ParseHead("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
  EXPECT_FALSE(ParseHead("GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n").keep_alive);
}

TEST(RequestHead, SaysWhetherThereIsABody) {
  EXPECT_TRUE(ParseHead(WithHeaders("Content-Length: 10\r\n")).has_body);
  EXPECT_TRUE(ParseHead(WithHeaders("Transfer-Encoding: chunked\r\n")).has_body);
  EXPECT_FALSE(ParseHead(WithHeaders("Content-Length: 00\r\n")).has_body);
  EXPECT_FALSE(ParseHead(WithHeaders("Content-Length: 0\r\nContent-Length: 0\r\n")).has_body);
}

TEST(RequestHead, AmbiguousRequestsAreRefused) {
  for (const char* headers :
       {"Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n", "Content-Length: \r\n", "Content-Length: 0x1\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "Host: b\r\n", "A : b\r\n",
        "A: b\r\n c\r\n", " A: b\r\n", "A\r\n", ": b\r\n", "A: b\rC: d\r\n", "A: \x01\r\n",
        "A\x80: b\r\n"}) {
    EXPECT_THAT(ParseError(WithHeaders(headers)), HasSubstr("400 the request is malformed: "))
        << headers;
  }
  EXPECT_THAT(ParseError(WithHeaders(std::string("A: b\0c\r\n", 9))),
              HasSubstr("control character"));
  EXPECT_THAT(ParseError("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), HasSubstr("400"));
  EXPECT_THAT(ParseError("GET / HTTP/1.1\r\n\r\n"), HasSubstr("it must have one Host header"));
}

TEST(RequestHead, InvalidRequestLineIsRefused) {
  for (const char* line : {"nonsense", "GET /", "GET  HTTP/1.1", "GET / ", "G(T / HTTP/1.1",
                           " / HTTP/1.1", "GET * HTTP/1.1", "GET a:80 HTTP/1.1", "GET / HTTP/1",
                           "GET / http/1.1", "GET / HTTP/1.10", "GET / HTTP/1.x", "GET / HTTP/x.1",
                           "GET /\x7f HTTP/1.1", "GET /a b HTTP/1.1", "\x16\x03\x01 / HTTP/1.1"}) {
    EXPECT_THAT(ParseError(std::string(line) + "\r\nHost: a\r\n\r\n"), HasSubstr("400 ")) << line;
  }
  EXPECT_THAT(ParseError("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), HasSubstr("505 only HTTP/1.1"));
}

TEST(RequestHead, MoreHeadersThanTheLimitAreRefused) {
  std::string headers;
  for (std::size_t i = 1; i < kMaxHeaders; ++i) headers += "A: b\r\n";
  EXPECT_EQ(ParseHead(WithHeaders(headers)).headers.size(), kMaxHeaders);
  EXPECT_EQ(ParseError(WithHeaders(headers + "A: b\r\n")),
            "431 the request has more than 50 headers");
}

}  // namespace
}  // namespace scidex::http
