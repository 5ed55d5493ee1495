#include "http/origin.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/http_client.h"
#include "unit/http/fixture.h"

namespace scidex::http {
namespace {

using test::HttpHeaders;

bool IsCrossSite(const HttpHeaders& headers) {
  return IsCrossSite(Request{"POST", "/", "", headers});
}

TEST(HttpOrigin, PageOfAnotherOriginIsSeenByWhatTheBrowserSays) {
  EXPECT_TRUE(IsCrossSite({{"Sec-Fetch-Site", "cross-site"}}));
  EXPECT_TRUE(IsCrossSite({{"Sec-Fetch-Site", "same-site"}}));
  EXPECT_TRUE(IsCrossSite({{"Host", "db:19187"}, {"Origin", "http://evil.example"}}));
  EXPECT_TRUE(IsCrossSite({{"Host", "db:19187"}, {"Origin", "http://db:8080"}}));
  EXPECT_TRUE(IsCrossSite({{"Host", "db:19187"}, {"Origin", "null"}}));
}

TEST(HttpOrigin, OwnPageAndProgramsThatAreNoBrowserMayAsk) {
  EXPECT_FALSE(IsCrossSite({{"Host", "db:19187"}}));
  EXPECT_FALSE(IsCrossSite({{"Host", "db:19187"}, {"Origin", "https://DB:19187"}}));
  EXPECT_FALSE(IsCrossSite({{"Sec-Fetch-Site", "same-origin"}}));
  EXPECT_FALSE(IsCrossSite({{"Sec-Fetch-Site", "none"}}));
}

TEST(HttpOrigin, HostIsOneOfTheAllowedOrAnAddress) {
  const std::vector<std::string> allowed{"exporter.example", "db"};
  for (const char* host : {"exporter.example", "EXPORTER.example:19187", "exporter.example.",
                           "db:1", "127.0.0.1", "10.1.2.3:19187", "[::1]", "[fe80::1]:19187"}) {
    EXPECT_TRUE(IsAllowedHost(host, allowed)) << host;
  }
  for (const char* host : {"evil.example", "evil.example:19187", "db.evil.example", "", ":1",
                           "1.2.3", "[db]", "127.0.0.1.evil.example", "::1"}) {
    EXPECT_FALSE(IsAllowedHost(host, allowed)) << host;
  }
}

TEST(HttpOrigin, ServerAnswersOnlyItsAllowedHostsButHealthChecks) {
  ServerOptions options = ListenOnLoopback();
  options.allowed_hosts = {"db"};
  const Server server(options, {{"/", RespondWith("here")},
                                {"/-/healthy", {RespondWith("healthy"), Access::kEveryone}}});
  const auto ask = [&](const std::string& path, const std::string& host) {
    return test::RequestRaw(server.ports().at(0),
                            "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
        .code;
  };
  EXPECT_EQ(ask("/", "db:19187"), 200);
  EXPECT_EQ(ask("/", "127.0.0.1"), 200);
  EXPECT_EQ(ask("/", "evil.example"), 403);
  EXPECT_EQ(ask("/-/healthy", "evil.example"), 200);
}

TEST(HttpOrigin, PageOfAnotherSiteCannotChangeAnything) {
  int asked = 0;
  const Server server(ListenOnLoopback(), {{"/-/reload",
                                            {[&](const Request&) {
                                               ++asked;
                                               return Text("done");
                                             },
                                             Access::kUsers, "POST"}},
                                           {"/", RespondWith("here")}});
  const int port = server.ports().at(0);
  const HttpHeaders cross{{"Sec-Fetch-Site", "cross-site"}};
  EXPECT_EQ(test::Request(port, "POST", "/-/reload", cross).code, 403);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(test::Request(port, "POST", "/-/reload").code, 200);
  // Another site's page may link here.
  EXPECT_EQ(test::Get(port, "/", cross).code, 200);
}

}  // namespace
}  // namespace scidex::http
