#include "http/message.h"

#include <gtest/gtest.h>

#include <optional>

namespace scidex::http {
namespace {

std::optional<std::string_view> RouteIn(const char* query) {
  static Request request;
  request.query = query;
  return request.Parameter("route");
}

TEST(HttpRequest, HasTheFirstParameterOfAName) {
  EXPECT_EQ(RouteIn("route=replica"), "replica");
  EXPECT_EQ(RouteIn("a=1&route=replica&route=other"), "replica");
  EXPECT_EQ(RouteIn("route="), "");
  EXPECT_EQ(RouteIn("route"), "");
  EXPECT_EQ(RouteIn("route=a=b"), "a=b");
}

TEST(HttpRequest, HasNoParameterThatIsNotThere) {
  for (const char* query : {"", "&", "&&=", "=route", "router=1", "a=route", "Route=1"})
    EXPECT_EQ(RouteIn(query), std::nullopt) << query;
}

TEST(HttpRequest, HeaderLinesOfOneNameAreOneList) {
  Request request;
  EXPECT_EQ(request.ListHeader("Accept"), "");
  request.headers = {{"Accept", "text/html"}, {"Host", "a"}, {"accept", "text/plain;q=0.5"}};
  EXPECT_EQ(request.ListHeader("Accept"), "text/html, text/plain;q=0.5");
  EXPECT_EQ(request.Header("Accept"), "text/html");
}

}  // namespace
}  // namespace scidex::http
