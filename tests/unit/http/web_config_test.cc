// The effect of a web configuration file on a server. Its syntax is tested with the configuration,
// and its effect is compared with Prometheus's exporter-toolkit in tests/e2e/web_config.py.
#include "http/web_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "http/server.h"
#include "support/http_client.h"
#include "support/log_tap.h"
#include "support/temp_dir.h"
#include "unit/http/fixture.h"

namespace scidex::http {
namespace {

using test::Get;
using test::HttpResponse;
using ::testing::HasSubstr;

// bcrypt of "right".
constexpr char kHash[] = "$2y$04$exRnqWuxTk7hQ5ttZuRdauQNNMWL5rO2ES6VjQQUCy6iZpNbD/PgC";
const test::HttpHeaders kAlice{{"Authorization", "Basic YWxpY2U6cmlnaHQ="}};

// A syntax of one word: the user who is allowed.
WebOptions Parse(const std::string& text) {
  WebOptions options;
  if (text == "nonsense") throw std::runtime_error("web: nonsense");
  if (text == "alice") options.users.emplace("alice", kHash);
  if (text == "bad hash") options.users.emplace("alice", "canary");
  if (text == "deny") options.headers.emplace("X-Frame-Options", "deny");
  if (text == "tls") options.tls_enabled = true;
  return options;
}

class WebConfigTest : public testing::Test {
 protected:
  void Write(const std::string& text) { path_ = dir_.Write("web", text); }
  int Start() {
    server_ = std::make_unique<Server>(
        ListenOnLoopback(),
        Endpoints{{"/", RespondWith("inside")},
                  {"/-/healthy", {RespondWith("healthy"), Access::kAlways}},
                  {"/-/ready", {RespondWith("ready"), Access::kEveryone}}},
        std::make_unique<WebConfig>(path_, &Parse));
    return server_->ports().at(0);
  }

  const test::TempDir dir_;
  std::string path_;
  std::unique_ptr<Server> server_;
};

TEST_F(WebConfigTest, InvalidTextIsParsedOnce) {
  int parses = 0;
  Write("alice");
  WebConfig config(path_, [&](const std::string& text) {
    ++parses;
    return Parse(text);
  });
  config.Read();
  for (const auto& [text, why] :
       {std::pair{"nonsense", "web: nonsense"}, std::pair{"bad hash", "is not a bcrypt hash"},
        std::pair{"no users", "no longer names users"}}) {
    Write(text);
    parses = 0;
    for (int i = 0; i < 3; ++i) {
      EXPECT_THAT([&] { config.Read(); }, testing::Throws<std::runtime_error>(testing::Property(
                                              &std::runtime_error::what, HasSubstr(why))));
    }
    EXPECT_EQ(parses, 1) << text;
  }
  Write("alice");
  EXPECT_EQ(config.Read()->users.size(), 1u);
}

TEST_F(WebConfigTest, UsersAreAskedForAtEveryPathButThoseForEveryone) {
  Write("alice");
  const int port = Start();
  EXPECT_EQ(Get(port, "/").code, 401);
  EXPECT_EQ(Get(port, "/none").code, 401);
  EXPECT_EQ(Get(port, "/").Header("WWW-Authenticate"), "Basic");
  EXPECT_EQ(Get(port, "/", kAlice).body, "inside");
  EXPECT_EQ(Get(port, "/-/healthy").body, "healthy");
  EXPECT_EQ(Get(port, "/-/ready").body, "ready");
  EXPECT_EQ(test::Request(port, "POST", "/", kAlice).code, 405);
  // Answered on the thread of health checks, which wrong passwords must not keep busy.
  EXPECT_EQ(test::Request(port, "OPTIONS", "*", {{"Authorization", "Basic eDp5"}}).code, 200);
}

TEST_F(WebConfigTest, InvalidFileServesNothingAndIsLoggedOnce) {
  Write("");
  const int port = Start();
  EXPECT_EQ(Get(port, "/").code, 200);
  const test::LogTap log;
  Write("nonsense");
  for (const char* path : {"/", "/", "/-/ready", "/none"}) {
    const HttpResponse response = Get(port, path, kAlice);
    EXPECT_EQ(response.code, 500) << path;
    EXPECT_THAT(response.body, HasSubstr("see the log"));
  }
  EXPECT_EQ(log.Count({"level=error", "web: nonsense"}), 1u);
  Write("bad hash");
  EXPECT_EQ(Get(port, "/", kAlice).code, 500);
  EXPECT_EQ(log.Count({"basic_auth_users.alice", "is not a bcrypt hash"}), 1u);
  EXPECT_EQ(log.Count({"canary"}), 0u);
  Write("tls");
  EXPECT_EQ(Get(port, "/", kAlice).code, 500);
  EXPECT_EQ(log.Count({"the server was started without TLS; restart it"}), 1u);
  Write("deny");
  EXPECT_EQ(Get(port, "/").Header("X-Frame-Options"), "deny");
}

TEST_F(WebConfigTest, InvalidFileDoesNotMakeTheProcessLookDead) {
  Write("alice");
  const int port = Start();
  for (const char* invalid : {"nonsense", "", "tls"}) {
    Write(invalid);
    const HttpResponse response = Get(port, "/-/healthy");
    EXPECT_EQ(response.code, 200) << invalid;
    EXPECT_EQ(response.body, "healthy") << invalid;
    EXPECT_EQ(Get(port, "/-/ready").code, 500) << invalid;
  }
}

TEST_F(WebConfigTest, EmptiedFileLetsNoClientIn) {
  Write("alice");
  const int port = Start();
  const test::LogTap log;
  Write("");
  for (const auto& headers : {test::HttpHeaders{}, kAlice}) {
    EXPECT_EQ(Get(port, "/", headers).code, 500);
  }
  EXPECT_EQ(log.Count({"level=error", "web: no longer names users"}), 1u);
  // Neither does one that is otherwise valid.
  Write("deny");
  EXPECT_EQ(Get(port, "/").code, 500);
  Write("alice");
  EXPECT_EQ(Get(port, "/").code, 401);
  EXPECT_EQ(Get(port, "/", kAlice).body, "inside");
}

TEST_F(WebConfigTest, UsersThatAreAddedLaterCannotBeTakenAwayAgain) {
  Write("");
  const int port = Start();
  EXPECT_EQ(Get(port, "/").code, 200);
  Write("alice");
  EXPECT_EQ(Get(port, "/").code, 401);
  Write("");
  EXPECT_EQ(Get(port, "/").code, 500);
}

TEST_F(WebConfigTest, ServerThatIsRestartedOnAnEmptiedFileServes) {
  Write("alice");
  Start();
  server_.reset();
  Write("");
  EXPECT_EQ(Get(Start(), "/").code, 200);
}

// A file in a language of one word: its conditions on client certificates, and its CA.
struct FileTerms {
  const char* word;
  ClientAuth auth;
  const char* ca = "";
  std::vector<std::string> names;
};
const FileTerms kFileTerms[] = {
    {"none", ClientAuth::kNone, "", {}},
    {"asks", ClientAuth::kRequest, "", {}},
    {"requires", ClientAuth::kRequireAny, "", {}},
    {"verifies", ClientAuth::kVerifyIfGiven, "ca", {}},
    {"both", ClientAuth::kRequireAndVerify, "ca", {}},
    {"both of any CA", ClientAuth::kRequireAndVerify, "", {}},
    {"names", ClientAuth::kRequireAndVerify, "ca", {"a.example"}},
    {"other names", ClientAuth::kRequireAndVerify, "other", {"b.example"}},
};

class WebConfigTerms : public WebConfigTest {
 protected:
  WebConfigTerms()
      : config_(dir_.path() / "web", [](const std::string& text) {
          WebOptions options;
          options.tls_enabled = true;
          for (const FileTerms& terms : kFileTerms) {
            if (text != terms.word) continue;
            options.tls.client_auth = terms.auth;
            options.tls.client_ca_file = terms.ca;
            options.tls.client_allowed_sans = terms.names;
          }
          return options;
        }) {}
  std::string ErrorOf(const std::string& word) {
    Write(word);
    try {
      config_.Read();
    } catch (const ServerError& error) {
      return error.what();
    }
    return "";
  }

  WebConfig config_;
};

TEST_F(WebConfigTerms, ConditionsOnClientCertificatesCannotBeLost) {
  EXPECT_EQ(ErrorOf("asks"), "");
  EXPECT_EQ(ErrorOf("none"), "");
  EXPECT_EQ(ErrorOf("verifies"), "");
  EXPECT_THAT(ErrorOf("none"), HasSubstr("web: no longer verifies client certificates; "));
  EXPECT_THAT(ErrorOf("requires"), HasSubstr("no longer verifies client certificates"));
  EXPECT_THAT(ErrorOf("both of any CA"), HasSubstr("no longer names the CA"));
  EXPECT_EQ(ErrorOf("verifies"), "");
  EXPECT_EQ(ErrorOf("both"), "");
  EXPECT_THAT(ErrorOf("verifies"), HasSubstr("no longer requires client certificates"));
  EXPECT_THAT(ErrorOf("asks"), HasSubstr("no longer requires client certificates"));
  EXPECT_EQ(ErrorOf("names"), "");
  EXPECT_EQ(ErrorOf("other names"), "");
  EXPECT_THAT(ErrorOf("both"), HasSubstr("no longer has client_allowed_sans"));
  EXPECT_EQ(ErrorOf("names"), "");
}

TEST_F(WebConfigTest, InvalidFileFailsStartup) {
  Write("nonsense");
  EXPECT_THROW(Start(), std::runtime_error);
  Write("bad hash");
  EXPECT_THROW(Start(), ServerError);
  path_ = dir_.path() / "none";
  EXPECT_THROW(Start(), std::runtime_error);
}

}  // namespace
}  // namespace scidex::http
