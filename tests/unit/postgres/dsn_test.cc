#include "postgres/dsn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace scidex::postgres {
namespace {

constexpr const char* kCanary = "hunter2canary";

Dsn Parse(const std::string& text) { return Dsn::Parse(base::Secret(text)); }

std::string ErrorOf(const std::string& text) {
  try {
    Parse(text);
  } catch (const DsnError& error) {
    return error.what();
  }
  return "no error";
}

class DsnTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGHOSTADDR", "PGSERVICE", "PGPASSWORD"}) {
      unsetenv(name);
    }
  }
};

TEST_F(DsnTest, BothFormsAreEquivalent) {
  EXPECT_EQ(Parse("postgresql://app:secret@db:5433/shop").Redacted(),
            "host=db port=5433 dbname=shop user=app");
  EXPECT_EQ(Parse("host=db port=5433 dbname=shop user=app password=secret").Redacted(),
            "host=db port=5433 dbname=shop user=app");
}

TEST_F(DsnTest, MissingParametersComeFromTheEnvironment) {
  setenv("PGHOST", "from-environment", 1);
  EXPECT_EQ(Parse("dbname=shop").Get("host"), "from-environment");
  EXPECT_EQ(Parse("host=mine").Get("host"), "mine");
  unsetenv("PGHOST");
}

TEST_F(DsnTest, InvalidValuesOfTheEnvironmentAreRefusedByTheirVariable) {
  setenv("PGSSLMODE", "odd", 1);
  EXPECT_THAT(ErrorOf("host=db"),
              testing::StartsWith("the value that the DSN takes from PGSSLMODE is invalid: sslmode "
                                  "must be one of disable, allow"));
  EXPECT_EQ(ErrorOf("host=db sslmode=require"), "no error");
  unsetenv("PGSSLMODE");
  setenv("PGCONNECT_TIMEOUT", "abc", 1);
  EXPECT_EQ(ErrorOf("host=db"),
            "the value that the DSN takes from PGCONNECT_TIMEOUT is invalid: "
            "connect_timeout must be a whole number");
  unsetenv("PGCONNECT_TIMEOUT");
  EXPECT_EQ(ErrorOf("host=db"), "no error");
}

TEST_F(DsnTest, TextWhereAPathOrServiceBelongsIsRefusedUnquoted) {
  for (const char* text : {"postgresql://app:swordfish@db/shop", "host=db password=swordfish",
                           "-----BEGIN PRIVATE KEY-----\\nswordfish"}) {
    const auto error_with = [text](const char* variable, const char* service) {
      setenv("PGSERVICE", service, 1);
      setenv(variable, text, 1);
      const std::string error = ErrorOf("host=db");
      unsetenv(variable);
      unsetenv("PGSERVICE");
      return error;
    };
    EXPECT_EQ(error_with("PGSSLKEY", ""),
              "the value that the DSN takes from PGSSLKEY is invalid: sslkey must be a path");
    EXPECT_EQ(error_with("PGSERVICE", ""),
              "the value that the DSN takes from PGSERVICE is invalid: service must be the name of "
              "a service");
    EXPECT_EQ(error_with("PGSERVICEFILE", "app"), "PGSERVICEFILE must be a path");
  }
  EXPECT_EQ(ErrorOf("host=db sslkey=/a=b@c/key sslrootcert=system"), "no error");
}

TEST_F(DsnTest, ContradictoryTlsVersionsAreRefusedWithTheirOrigin) {
  EXPECT_EQ(ErrorOf("host=db ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2"),
            "ssl_min_protocol_version (TLSv1.3) is above ssl_max_protocol_version (TLSv1.2); no "
            "TLS version is left");
  EXPECT_EQ(ErrorOf("host=db ssl_min_protocol_version=tlsv1.2 ssl_max_protocol_version=TLSv1.2"),
            "no error");
  EXPECT_EQ(ErrorOf("host=db ssl_max_protocol_version=TLSv1.1"),
            "ssl_min_protocol_version (TLSv1.2, the default of libpq) is above "
            "ssl_max_protocol_version (TLSv1.1); no TLS version is left");
  setenv("PGSSLMAXPROTOCOLVERSION", "TLSv1.2", 1);
  EXPECT_EQ(ErrorOf("host=db ssl_min_protocol_version=TLSv1.3"),
            "ssl_min_protocol_version (TLSv1.3) is above ssl_max_protocol_version (TLSv1.2, from "
            "PGSSLMAXPROTOCOLVERSION); no TLS version is left");
  unsetenv("PGSSLMAXPROTOCOLVERSION");
}

TEST_F(DsnTest, SeveralServersAreTriedInOrderEachWithItsPort) {
  const Dsn dsn = Parse("host=a,b,c hostaddr=127.0.0.1,, port=1,2,3");
  ASSERT_EQ(dsn.endpoints().size(), 3u);
  EXPECT_EQ(dsn.endpoints()[0].hostaddr, "127.0.0.1");
  EXPECT_EQ(dsn.endpoints()[1].host, "b");
  EXPECT_EQ(dsn.endpoints()[1].hostaddr, "");
  EXPECT_EQ(dsn.endpoints()[2].port, "3");
}

TEST_F(DsnTest, OnePortServesEveryHost) {
  const Dsn dsn = Parse("postgresql://a,b/shop?port=6000");
  ASSERT_EQ(dsn.endpoints().size(), 2u);
  EXPECT_EQ(dsn.endpoints()[0].port, "6000");
  EXPECT_EQ(dsn.endpoints()[1].port, "6000");
}

TEST_F(DsnTest, AnEmptyDsnHasOneServerLibpqsDefault) {
  ASSERT_EQ(Parse("").endpoints().size(), 1u);
  EXPECT_EQ(Parse("").endpoints()[0].host, "");
}

TEST_F(DsnTest, AServiceIsTakenFromTheEnvironmentAlone) {
  EXPECT_THAT(ErrorOf("service=shop"), testing::HasSubstr("set PGSERVICE"));
}

TEST_F(DsnTest, ErrorNamesTheProblemAndTheCorrectForm) {
  EXPECT_EQ(ErrorOf("host=db port=54x2"),
            "not a PostgreSQL connection string: the port is not a number from 1 to 65535; write "
            "postgresql://user@host:5432/dbname or host=… port=… dbname=… user=…");
  EXPECT_NE(ErrorOf("hots=db").find("a keyword that libpq does not know"), std::string::npos);
  EXPECT_NE(ErrorOf("db").find("a keyword without \"=\""), std::string::npos);
  EXPECT_NE(ErrorOf("host='db").find("a single quote that is not closed"), std::string::npos);
  EXPECT_NE(ErrorOf("postgresql://db/shop?hots=1").find("a parameter after \"?\""),
            std::string::npos);
  EXPECT_NE(ErrorOf("postgresql://u:%zz@db/shop").find("a \"%\" that is not followed"),
            std::string::npos);
  EXPECT_NE(ErrorOf("host=db sslmode=sometimes").find("sslmode must be one of disable, allow"),
            std::string::npos);
  EXPECT_NE(ErrorOf("host=a,b port=1,2,3").find("2 hosts"), std::string::npos);
  EXPECT_NE(ErrorOf("host=a,b,c port=1,2").find("3 hosts"), std::string::npos);
}

TEST_F(DsnTest, ValuesThatLibpqRefusesWhenItConnectsAreRefused) {
  for (const char* text :
       {"target_session_attrs=bogus", "gssencmode=on", "channel_binding=maybe",
        "ssl_min_protocol_version=TLSv9", "connect_timeout=abc", "connect_timeout=5s",
        "keepalives_idle=99999999999", "keepalives_idle=+-5", "tcp_user_timeout=''",
        "sslmode=", "gssencmode=''"}) {
    const std::string keyword(text, std::string_view(text).find('='));
    EXPECT_THAT(ErrorOf(text), testing::HasSubstr(keyword + " must be ")) << text;
  }
  for (const char* text :
       {"target_session_attrs=prefer-standby", "ssl_max_protocol_version=tlsv1.3",
        "connect_timeout=' 5 '", "keepalives=0", "channel_binding=require"}) {
    EXPECT_EQ(ErrorOf(text), "no error") << text;
  }
}

TEST_F(DsnTest, UnknownUriParameterIsNamedUnlessItMayBePartOfAPassword) {
  EXPECT_THAT(
      ErrorOf("postgresql://app@db/shop?sslmode=disable&pgbouncer=true"),
      testing::HasSubstr("a parameter after \"?\" that libpq does not know: \"pgbouncer\""));
  for (const char* text :
       {"postgresql://u:12/rest?swordfish=x@db/shop", "postgresql://db/shop?password=a&swordfish=b",
        "postgresql://db/shop?%70assword=a&swordfish=b", "postgresql://db/shop?sword7fish=b",
        "postgresql://db/shop?sword%66ish=b"}) {
    EXPECT_EQ(ErrorOf(text).find("sword"), std::string::npos) << text;
  }
}

TEST_F(DsnTest, NoErrorRepeatsAPieceOfTheSecret) {
  const std::string canary = kCanary;
  const std::vector<std::string> malformed{
      "host=db password=first " + canary + "=x",
      "host=db password=first " + canary,
      "host=db password='" + canary,
      "postgresql://u:" + canary + "/rest@db:5432/shop",
      "postgresql://u:12/" + canary + "@db:5432/shop",
      "postgresql://u:first@" + canary + "@db:port/shop",
      "postgresql://u:%" + canary + "@db/shop",
      "postgresql://u:p@db/shop?" + canary + "=1",
      "postgresql://u:p@db/shop?" + canary,
      "postgresql://[" + canary,
      "host=db port=" + canary,
      "host=db sslmode=" + canary,
      "host=u:" + canary + "@db dbname=shop",
      "postgresql://app:P@@" + canary + "@db/shop",
      "postgresql://app:12/@" + canary + "@db/shop",
      "host=a,@" + canary + "@db dbname=shop",
      "host=db dbname=@" + canary,
  };
  for (const std::string& text : malformed) {
    const std::string error = ErrorOf(text);
    EXPECT_NE(error, "no error") << text;
    EXPECT_EQ(error.find(canary), std::string::npos) << error;
  }
}

TEST_F(DsnTest, RedactedDsnNeverContainsThePassword) {
  const std::string canary = kCanary;
  for (const std::string& text : std::vector<std::string>{
           "postgresql://app:" + canary + "@db/shop", "host=db password=" + canary,
           "postgresql://app@db/shop?password=" + canary,
           "postgresql://app:%68unter2canary@db/shop",
           "host=db passfile=/x password='" + canary + "'"}) {
    EXPECT_EQ(Parse(text).Redacted().find(canary), std::string::npos) << text;
    EXPECT_EQ(Parse(text).Get("password"), canary) << text;
  }
}

TEST(LeadToSameServer, OnlyAddressesMatter) {
  const auto same = [](const char* a, const char* b) {
    return LeadToSameServer(base::Secret(a), base::Secret(b));
  };
  EXPECT_TRUE(
      same("host=a dbname=shop user=x password=one", "host=a dbname=shop user=y password=two"));
  EXPECT_TRUE(same("host=a port=5432 dbname=shop", "postgresql://x@a:5432/shop"));
  EXPECT_FALSE(same("host=a", "host=b"));
  EXPECT_FALSE(same("host=a dbname=one", "host=a dbname=two"));
  EXPECT_FALSE(same("host=a port=1", "host=a port=2"));
  EXPECT_FALSE(same("host=a", "host=a hostaddr=127.0.0.1"));
  EXPECT_FALSE(same("host=a,b", "host=a,b target_session_attrs=read-only"));
}

}  // namespace
}  // namespace scidex::postgres
