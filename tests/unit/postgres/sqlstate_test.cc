#include "postgres/sqlstate.h"

#include <gtest/gtest.h>

namespace scidex::postgres {
namespace {

using pool::ConnectOutcome;

TEST(SqlState, IsFoundInAVerboseMessageInAnyLanguage) {
  EXPECT_EQ(
      SqlStateIn("connection to server at \"127.0.0.1\", port 1 failed: FATAL:  28P01: password "
                 "authentication failed for user \"app\""),
      "28P01");
  EXPECT_EQ(SqlStateIn("FATALE:  53300: troppi client"), "53300");
}

TEST(SqlState, AMessageOfLibpqItselfHasNone) {
  EXPECT_EQ(SqlStateIn("connection to server at \"127.0.0.1\", port 1 failed: Connection refused"),
            "");
  EXPECT_EQ(SqlStateIn("x:  ABCDE"), "");
  EXPECT_EQ(SqlStateIn("x:  abcde: y"), "");
  EXPECT_EQ(SqlStateIn(""), "");
}

TEST(SqlState, SessionErrorsAreDistinguishedFromStatementErrors) {
  for (const char* lost : {"57P01", "57P02", "57P03", "08000", "08003", "08006", "08P01"}) {
    EXPECT_TRUE(MeansLost(lost)) << lost;
    EXPECT_EQ(MeansShutdown(lost), lost[0] == '5') << lost;
  }
  // Cancelled, divided by zero, read-only, serialization, too many connections; and none at all.
  for (const char* not_lost : {"57014", "22012", "25006", "40001", "53300", ""}) {
    EXPECT_FALSE(MeansLost(not_lost)) << not_lost;
  }
}

TEST(SqlState, RefusalsOfTheServerAreDistinguished) {
  EXPECT_EQ(ConnectOutcomeOf("28P01"), ConnectOutcome::kAuthFailed);
  EXPECT_EQ(ConnectOutcomeOf("28000"), ConnectOutcome::kAuthFailed);
  EXPECT_EQ(ConnectOutcomeOf("53300"), ConnectOutcome::kTooManyConnections);
  EXPECT_EQ(ConnectOutcomeOf("57P03"), ConnectOutcome::kNotAcceptingConnections);
  EXPECT_EQ(ConnectOutcomeOf("3D000"), ConnectOutcome::kConnectFailed);
}

}  // namespace
}  // namespace scidex::postgres
