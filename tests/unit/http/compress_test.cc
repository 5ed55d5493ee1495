#include "http/compress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http/server.h"
#include "support/http_client.h"
#include "unit/http/fixture.h"
#include "unit/http/gunzip.h"

namespace scidex::http {
namespace {

using testing::Contains;
using testing::Pair;

TEST(Compress, GivesWhatTheClientAcceptsAndBringsBackTheSameBytes) {
  GzipCache cache;
  const std::string body = TextOfSize(100'000) + "end";
  Response response = Text(body);
  Compress("gzip", cache, response);
  EXPECT_LT(response.body.size(), 2'000u);
  EXPECT_EQ(Gunzip(response.body), body);
  EXPECT_THAT(response.headers, Contains(Pair("Content-Encoding", "gzip")));
  EXPECT_THAT(response.headers, Contains(Pair("Vary", "Accept-Encoding")));
}

TEST(Compress, LeavesTheBodyAndSetsVaryIfTheClientAcceptsNoGzip) {
  GzipCache cache;
  const std::string body = TextOfSize(2'000);
  Response response = Text(body);
  Compress("", cache, response);
  EXPECT_EQ(response.body, body);
  EXPECT_THAT(response.headers, Contains(Pair("Vary", "Accept-Encoding")));
}

TEST(Compress, LeavesASmallBodyAsItIs) {
  GzipCache cache;
  Response response = Text("healthy\n");
  Compress("gzip", cache, response);
  EXPECT_EQ(response.body, "healthy\n");
  EXPECT_TRUE(response.headers.empty());
}

TEST(Compress, IsDoneByTheServerForGetAndForHeadAlike) {
  const std::string body = TextOfSize(50'000);
  const Server server(ListenOnLoopback(), {{"/", RespondWith(body)}});
  const int port = server.ports()[0];
  const test::HttpResponse plain = test::Get(port, "/");
  EXPECT_EQ(plain.body, body);
  EXPECT_EQ(plain.Header("Content-Encoding"), "");
  const test::HttpResponse zipped = test::Get(port, "/", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(zipped.Header("Content-Encoding"), "gzip");
  EXPECT_EQ(Gunzip(zipped.body), body);
  const test::HttpResponse second =
      test::Get(port, "/", {{"Accept-Encoding", "br"}, {"Accept-Encoding", "gzip"}});
  EXPECT_EQ(second.Header("Content-Encoding"), "gzip");
  const test::HttpResponse head = test::Head(port, "/", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(head.Header("Content-Encoding"), "gzip");
  EXPECT_EQ(head.Header("Content-Length"), std::to_string(zipped.body.size()));
}

}  // namespace
}  // namespace scidex::http
