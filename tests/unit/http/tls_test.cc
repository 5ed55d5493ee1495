#include "http/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "support/eventually.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"
#include "unit/http/certificate.h"
#include "unit/http/fixture.h"
#include "unit/http/tls_client.h"

namespace scidex::http {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    Write(MakeCertificate());
    WriteFile("tls");
  }
  void Write(const CertificatePair& pair) {
    dir_.Write("crt", pair.certificate);
    dir_.Write("key", pair.key);
  }
  void WriteFile(const std::string& text) { path_ = dir_.Write("web", text); }
  std::unique_ptr<WebConfig> Config() {
    return std::make_unique<WebConfig>(path_, [this](const std::string& text) {
      WebOptions options;
      options.tls_enabled = text.starts_with("tls");
      options.tls.cert_file = dir_.path() / "crt";
      options.tls.key_file = dir_.path() / "key";
      if (text == "tls with client certificates") {
        options.tls.client_auth = ClientAuth::kVerifyIfGiven;
        options.tls.client_ca_file = options.tls.cert_file;
      }
      if (text == "tls with an empty client CA") {
        options.tls.client_auth = ClientAuth::kRequireAndVerify;
        options.tls.client_ca_file = dir_.Write("empty", "");
      }
      if (text.starts_with("tls with cipher ")) {
        options.tls.cipher_suites = {text.substr(std::string("tls with cipher ").size())};
      }
      if (text == "tls with a curve twice") {
        options.tls.curves = {"X25519", "CurveP256", "X25519", "CurveP256"};
      }
      if (text == "tls with headers") options.headers = {{"X-Frame-Options", "deny"}};
      return options;
    });
  }
  int Start() {
    server_ = std::make_unique<Server>(
        ListenOnLoopback(),
        Endpoints{{"/", RespondWith("inside")},
                  {"/-/healthy", {RespondWith("healthy"), Access::kEveryone}}},
        Config());
    return server_->ports().at(0);
  }

  const test::TempDir dir_;
  std::string path_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsTest, KeptConnectionEndsWhenItsCertificateWasReplaced) {
  const int port = Start();
  TlsClient kept(port);
  ASSERT_TRUE(kept.Handshake());
  EXPECT_THAT(kept.Ask("/"), HasSubstr("inside"));
  EXPECT_THAT(kept.Ask("/"), HasSubstr("inside"));
  Write(MakeCertificate());
  EXPECT_EQ(kept.Ask("/"), "");
  TlsClient fresh(port);
  ASSERT_TRUE(fresh.Handshake());
  EXPECT_THAT(fresh.Ask("/"), HasSubstr("inside"));
}

TEST_F(TlsTest, PairThatDoesNotMatchYetKeepsTheOneBeforeForAMoment) {
  test::ManualClock clock;
  const auto config = Config();
  Tls tls(*config, clock);
  const TlsContext before = tls.Context();
  const CertificatePair next = MakeCertificate();
  const test::LogTap log;
  dir_.Write("crt", next.certificate);
  EXPECT_EQ(tls.Context(), before);
  clock.Advance(Tls::kMismatchGrace - milliseconds(1));
  EXPECT_EQ(tls.Context(), before);
  EXPECT_EQ(log.Count({"level=warn", "is not the key of the certificate"}), 1u);
  clock.Advance(milliseconds(1));
  EXPECT_THROW(tls.Context(), TlsError);
  dir_.Write("key", next.key);
  EXPECT_NE(tls.Context(), before);
  // So that the file gets another modification time.
  dir_.Write("key", MakeCertificate().key);
  EXPECT_NO_THROW(tls.Context());
}

TEST_F(TlsTest, PairOfDifferentAlgorithmsDoesNotMatch) {
  test::ManualClock clock;
  const auto config = Config();
  Tls tls(*config, clock);
  const TlsContext before = tls.Context();
  const CertificatePair rsa = MakeCertificate(2048);
  dir_.Write("crt", rsa.certificate);
  EXPECT_EQ(tls.Context(), before);
  clock.Advance(Tls::kMismatchGrace);
  EXPECT_THROW(tls.Context(), TlsError);
  dir_.Write("key", rsa.key);
  EXPECT_NE(tls.Context(), before);
  dir_.Write("crt", MakeCertificate().certificate);
  EXPECT_THROW(Start(), TlsError);
}

TEST_F(TlsTest, MismatchedPairDelaysNoOtherChange) {
  const auto config = Config();
  Tls tls(*config);
  tls.Context();
  dir_.Write("key", MakeCertificate().key);
  WriteFile("tls with headers");
  EXPECT_THROW(tls.Context(), TlsError);
}

TEST_F(TlsTest, PairThatNeverMatchedIsRefused) {
  dir_.Write("key", MakeCertificate().key);
  EXPECT_THROW(Start(), TlsError);
}

TEST_F(TlsTest, SuitesOfTls12AreForwardSecretAndAuthenticated) {
  const int port = Start();
  EXPECT_TRUE(TlsClient(port, "ECDHE-ECDSA-AES128-GCM-SHA256").Handshake());
  EXPECT_TRUE(TlsClient(port, "ECDHE-ECDSA-CHACHA20-POLY1305").Handshake());
  EXPECT_FALSE(TlsClient(port, "ECDHE-ECDSA-AES128-SHA256").Handshake());
  EXPECT_FALSE(TlsClient(port, "ECDHE-ECDSA-AES256-SHA").Handshake());
  Write(MakeCertificate(2048));
  EXPECT_TRUE(TlsClient(port, "ECDHE-RSA-AES256-GCM-SHA384").Handshake());
  EXPECT_FALSE(TlsClient(port, "AES256-GCM-SHA384").Handshake());
}

TEST_F(TlsTest, FileWithoutTlsAnswersNoHandshakeAndNoRequest) {
  const int port = Start();
  TlsClient kept(port);
  ASSERT_TRUE(kept.Handshake());
  WriteFile("plain");
  EXPECT_EQ(kept.Ask("/"), "");
  EXPECT_FALSE(TlsClient(port).Handshake());
}

// Cut off after the keys of the certificate, the file would admit every client.
TEST_F(TlsTest, LossOfClientCertificatesAnswersNoHandshakeAndNoRequest) {
  WriteFile("tls with client certificates");
  const int port = Start();
  TlsClient kept(port);
  ASSERT_TRUE(kept.Handshake());
  EXPECT_THAT(kept.Ask("/"), HasSubstr("inside"));
  const test::LogTap log;
  WriteFile("tls");
  EXPECT_EQ(kept.Ask("/"), "");
  EXPECT_FALSE(TlsClient(port).Handshake());
  EXPECT_EQ(log.Count({"level=error", "no longer verifies client certificates"}), 1u);
  WriteFile("tls with client certificates");
  TlsClient fresh(port);
  ASSERT_TRUE(fresh.Handshake());
  EXPECT_THAT(fresh.Ask("/"), HasSubstr("inside"));
}

TEST_F(TlsTest, UnknownCipherSuiteIsNamedUnlessItMayBeASecret) {
  const auto error = [this](const std::string& cipher) -> std::string {
    WriteFile("tls with cipher " + cipher);
    try {
      Start();
    } catch (const std::exception& why) {
      return why.what();
    }
    return "it started";
  };
  EXPECT_THAT(error("TLS_NONE"), HasSubstr("\"TLS_NONE\" is not a cipher suite of OpenSSL"));
  EXPECT_THAT(error("S3cret@db"), HasSubstr("this is not a cipher suite of OpenSSL"));
}

TEST_F(TlsTest, CurveThatIsListedTwiceCountsOnce) {
  WriteFile("tls with a curve twice");
  EXPECT_TRUE(TlsClient(Start()).Handshake());
}

// Otherwise every CA of the system would be trusted.
TEST_F(TlsTest, EmptyFileOfClientCasIsRefused) {
  WriteFile("tls with an empty client CA");
  try {
    Start();
    FAIL() << "started";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("contains no certificate"));
  }
}

TEST_F(TlsTest, CheckFindsThatTheFileHasLostAProtection) {
  WriteFile("tls with client certificates");
  Start();
  server_->CheckWebConfig();
  WriteFile("tls");
  EXPECT_THROW(server_->CheckWebConfig(), ServerError);
  WriteFile("tls with client certificates");
  server_->CheckWebConfig();
}

// A client that stalls in its handshake does not delay the handshakes of others.
TEST_F(TlsTest, StalledHandshakesDelayNoOtherClient) {
  const int port = Start();
  TlsClient kept(port);
  ASSERT_TRUE(kept.Handshake());
  // After this, the server has completed the handshake too.
  EXPECT_THAT(kept.Ask("/"), HasSubstr("inside"));
  // The first bytes of a handshake.
  std::vector<std::unique_ptr<TlsClient>> stuck;
  for (int i = 0; i < 100; ++i) {
    stuck.push_back(std::make_unique<TlsClient>(port));
    stuck.back()->SendRaw("\x16\x03\x01\x02");
  }
  TlsClient fresh(port);
  EXPECT_TRUE(fresh.Handshake());
  EXPECT_THAT(fresh.Ask("/"), HasSubstr("inside"));
  EXPECT_THAT(kept.Ask("/"), HasSubstr("inside"));
  // The handshakes that stalled first were closed to make room, long before their timeout.
  EXPECT_TRUE(test::Eventually(std::chrono::seconds(5), [&] { return stuck.front()->IsClosed(); }));
  EXPECT_FALSE(stuck.back()->IsClosed());
}

}  // namespace
}  // namespace scidex::http
