// The syntax of the web configuration file.
#include "config/web_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace scidex::config {
namespace {

using http::ClientAuth;
using http::TlsVersion;
using http::WebOptions;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

constexpr char kPath[] = "/etc/scidex/web.yml";

WebOptions Parse(const std::string& text) { return ParseWebFile(kPath, text); }

std::string WebFileError(const std::string& text) {
  try {
    Parse(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

std::string TlsSection(const std::string& keys) {
  return "tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n" + keys;
}

TEST(WebFile, EmptySectionsBesideOneThatIsNotAreTheDefaults) {
  for (const char* text :
       {"tls_server_config:\nhttp_server_config:\nbasic_auth_users:\n",
        "tls_server_config: {}\nhttp_server_config: {headers: }\n",
        "tls_server_config:\n  client_auth_type: ''\nhttp_server_config: {http2: false}\n"}) {
    const WebOptions options = Parse(text);
    EXPECT_FALSE(options.tls_enabled) << text;
    EXPECT_THAT(options.users, IsEmpty()) << text;
    EXPECT_THAT(options.headers, IsEmpty()) << text;
  }
}

TEST(WebFile, OneThatSetsNothingIsRefused) {
  for (const char* text :
       {"", "\n", "# nothing\n", "---\n", "{}\n", "null\n", "basic_auth_users:\n",
        "basic_auth_users: {}\n", "tls_server_config: {}\n"}) {
    EXPECT_THAT(WebFileError(text), testing::HasSubstr("sets nothing")) << text;
  }
}

TEST(WebFile, EveryKeyIsRead) {
  const WebOptions options = Parse(R"(
tls_server_config:
  cert_file: certs/a.crt
  key_file: /keys/a.key
  client_ca_file: ca.crt
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [one.example, two.example]
  min_version: TLS10
  max_version: TLS12
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
  curve_preferences: [X25519, CurveP521]
  prefer_server_cipher_suites: off
http_server_config:
  http2: yes
  headers:
    X-Frame-Options: sameorigin
    Strict-Transport-Security: max-age=1
basic_auth_users:
  alice: hash one
  "with a blank": hash two
)");
  EXPECT_TRUE(options.tls_enabled);
  EXPECT_EQ(options.tls.cert_file, "/etc/scidex/certs/a.crt");
  EXPECT_EQ(options.tls.key_file, "/keys/a.key");
  EXPECT_EQ(options.tls.client_ca_file, "/etc/scidex/ca.crt");
  EXPECT_EQ(options.tls.client_auth, ClientAuth::kRequireAndVerify);
  EXPECT_THAT(options.tls.client_allowed_sans, ElementsAre("one.example", "two.example"));
  EXPECT_EQ(options.tls.min_version, TlsVersion::kTls10);
  EXPECT_EQ(options.tls.max_version, TlsVersion::kTls12);
  EXPECT_THAT(options.tls.cipher_suites, ElementsAre("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
  EXPECT_THAT(options.tls.curves, ElementsAre("X25519", "CurveP521"));
  EXPECT_FALSE(options.tls.prefer_server_cipher_suites);
  EXPECT_THAT(options.headers, ElementsAre(Pair("Strict-Transport-Security", "max-age=1"),
                                           Pair("X-Frame-Options", "sameorigin")));
  EXPECT_THAT(options.users, ElementsAre(Pair("alice", base::Secret("hash one")),
                                         Pair("with a blank", base::Secret("hash two"))));
}

TEST(WebFile, InlineCertificateAndKeyAreRead) {
  const WebOptions options = Parse(
      "tls_server_config: {cert: one, key: two, client_ca: three, client_auth_type: "
      "RequireAnyClientCert}");
  EXPECT_TRUE(options.tls_enabled);
  EXPECT_EQ(options.tls.cert, "one");
  EXPECT_EQ(options.tls.key, base::Secret("two"));
  EXPECT_EQ(options.tls.client_ca, "three");
}

TEST(WebFile, ErrorIsOneLineWithFileLineAndKey) {
  const std::string web = std::string(kPath) + ":";
  EXPECT_EQ(WebFileError("basic_auth_users:\n  a: b\n  a: c\n"),
            web + "3: basic_auth_users.a: is set twice; set it once");
  EXPECT_THAT(
      WebFileError("basic_auth_user: {}"),
      StartsWith(web + "1: basic_auth_user: unknown key; valid keys are basic_auth_users, "));
  EXPECT_THAT(WebFileError(TlsSection("  min_version: TLS14\n")),
              StartsWith(web + "4: tls_server_config.min_version: \"TLS14\" is invalid; "
                               "write one of TLS10, TLS11, TLS12, TLS13"));
  EXPECT_THAT(WebFileError(TlsSection("  client_auth_type: Sometimes\n")),
              testing::HasSubstr("NoClientCert, RequestClientCert"));
  EXPECT_THAT(WebFileError(TlsSection("  curve_preferences: [P256]\n")),
              testing::HasSubstr("\"P256\" is not a curve"));
  EXPECT_THAT(WebFileError(TlsSection("  cipher_suites: TLS\n")),
              testing::HasSubstr("is not a list"));
  EXPECT_THAT(WebFileError(TlsSection("  cert_file: {}\n")), testing::HasSubstr("is set twice"));
  EXPECT_THAT(WebFileError("tls_server_config: {cert_file: []}"),
              testing::HasSubstr("is not a string"));
  EXPECT_THAT(WebFileError("http_server_config: {http2: 2}"),
              testing::HasSubstr("write true or false"));
  EXPECT_THAT(
      WebFileError("http_server_config: {headers: {Server: x}}"),
      testing::HasSubstr("this header cannot be set; valid headers are Strict-Transport-Security"));
  EXPECT_THAT(WebFileError("http_server_config: {headers: {X-Frame-Options: DENY}}"),
              testing::HasSubstr("write one of deny, sameorigin"));
  for (const char* control : {"a\\nb: c", "a\\x7f"}) {
    EXPECT_THAT(WebFileError("http_server_config: {headers: {X-XSS-Protection: \"" +
                             std::string(control) + "\"}}"),
                testing::HasSubstr("control character"));
  }
  EXPECT_THAT(WebFileError(TlsSection("  client_ca_file: \"ca\\0.crt\"\n")),
              testing::HasSubstr("client_ca_file: contains a NUL character"));
  EXPECT_THAT(WebFileError("rate_limit: {burst: 1}"), testing::HasSubstr("is not supported"));
  EXPECT_THAT(WebFileError("{"), testing::HasSubstr("not YAML"));
  EXPECT_THAT(WebFileError("text"), testing::HasSubstr("is not a mapping"));
}

TEST(WebFile, RequiredAndForbiddenCombinationsAreReported) {
  EXPECT_THAT(WebFileError("tls_server_config: {cert_file: a}"),
              testing::HasSubstr("lacks key_file"));
  EXPECT_THAT(WebFileError("tls_server_config: {key_file: a}"),
              testing::HasSubstr("lacks cert_file"));
  EXPECT_THAT(WebFileError("tls_server_config: {client_auth_type: RequireAnyClientCert}"),
              testing::HasSubstr("lacks cert_file"));
  EXPECT_THAT(WebFileError(TlsSection("  cert: x\n")),
              testing::HasSubstr("has both cert and cert_file"));
  EXPECT_THAT(WebFileError(TlsSection("  client_ca_file: x\n")),
              testing::HasSubstr("no effect without client_auth_type"));
  EXPECT_THAT(WebFileError(TlsSection("  client_allowed_sans: [x]\n")),
              testing::HasSubstr("no effect without client_auth_type"));
  EXPECT_THAT(WebFileError(TlsSection("  min_version: TLS13\n  max_version: TLS12\n")),
              testing::HasSubstr("higher than max_version"));
}

TEST(WebFile, NoErrorRepeatsAKeyOrAHash) {
  for (const char* text :
       {"tls_server_config: {key: [canary]}", "basic_auth_users: {alice: [canary]}",
        "basic_auth_users: canary", "basic_auth_users:\n  alice:canary\n"}) {
    EXPECT_THAT(WebFileError(text), ::testing::Not(testing::HasSubstr("canary"))) << text;
  }
}

TEST(WebFile, KeyInPlaceOfItsPathIsRefusedAndNotRepeated) {
  const std::string error = WebFileError(
      "tls_server_config:\n  cert_file: a.crt\n  key_file: |\n    -----BEGIN PRIVATE KEY-----\n"
      "    canary\n");
  EXPECT_EQ(error, std::string(kPath) +
                       ":3: tls_server_config.key_file: is not a path; write the text of a "
                       "certificate or key under tls_server_config.key");
}

TEST(WebFile, NamesOfCertificatesThatAreNotVerifiedAreRefused) {
  for (const char* type :
       {"RequestClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven"}) {
    EXPECT_THAT(WebFileError(TlsSection("  client_allowed_sans: [x]\n  client_auth_type: " +
                                        std::string(type) + "\n  client_ca_file: ca.crt\n")),
                testing::HasSubstr("client_allowed_sans protects nothing"))
        << type;
  }
}

TEST(WebFile, UserWhoseColonHasNoSpaceIsRefusedWithoutThePassword) {
  for (const char* users : {"{prometheus:hunter2}", "{alice: $2b$10$a, prometheus:hunter2}",
                            "{prometheus:hunter2, alice: $2b$10$a}", "{'prometheus:hunter2'}"}) {
    const std::string error = WebFileError("basic_auth_users: " + std::string(users) + "\n");
    EXPECT_THAT(error, testing::HasSubstr("without a colon")) << users;
    EXPECT_THAT(error, testing::Not(testing::HasSubstr("hunter2"))) << users;
  }
}

TEST(WebFile, MissingQuoteDoesNotSwitchTheLoginOff) {
  const std::string error = WebFileError(
      "http_server_config:\n  headers:\n    X-Frame-Options: \"deny\n"
      "basic_auth_users:\n  alice: $2y$10$abcdefghijklmnopqrstuv\n");
  EXPECT_THAT(error, testing::HasSubstr("without a closing quote"));
  EXPECT_THAT(error, testing::Not(testing::HasSubstr("$2y$")));
}

}  // namespace
}  // namespace scidex::config
