#include "support/postgres_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <chrono>
#include <string>

#include "support/eventually.h"

namespace scidex::test {
namespace {

bool Answers(const std::string& dsn) { return PQping(dsn.c_str()) == PQPING_OK; }

TEST(PostgresServer, PrimaryAnswersItsUsersOverTcpWithTheirPasswordOnly) {
  const PostgresServer primary;
  PGconn* good = PQconnectdb(primary.Dsn().c_str());
  EXPECT_EQ(PQstatus(good), CONNECTION_OK) << PQerrorMessage(good);
  PQfinish(good);
  PGconn* bad = PQconnectdb((primary.Dsn() + "-and-more").c_str());
  EXPECT_THAT(PQerrorMessage(bad), testing::HasSubstr("password authentication failed"));
  PQfinish(bad);
}

TEST(PostgresServer, SettingsReachTheServer) {
  PostgresServer primary({{"max_connections", "7"}, {"superuser_reserved_connections", "1"}});
  EXPECT_EQ(primary.QueryOne("SHOW max_connections"), "7");
  primary.Set("max_connections", "9");
  primary.Restart();
  EXPECT_EQ(primary.QueryOne("SHOW max_connections"), "9");
}

TEST(PostgresServer, ReplicaIsInRecoveryAndSeesWhatThePrimaryWrites) {
  const PostgresServer primary;
  const auto replica = PostgresServer::MakeReplicaOf(primary);
  primary.Execute("CREATE TABLE seen AS SELECT 42 AS a");
  EXPECT_EQ(replica->QueryOne("SELECT pg_is_in_recovery()"), "t");
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return replica->QueryOne("SELECT to_regclass('seen') IS NOT NULL") == "t" &&
           replica->QueryOne("SELECT a FROM seen") == "42";
  }));
}

TEST(PostgresServer, PromotedReplicaTakesWrites) {
  const PostgresServer primary;
  const auto replica = PostgresServer::MakeReplicaOf(primary);
  EXPECT_THROW(replica->Execute("CREATE TABLE written ()"), std::runtime_error);
  replica->Promote();
  replica->Execute("CREATE TABLE written ()");
}

TEST(PostgresServer, KilledServerAnswersAgainOnItsPortOnceStarted) {
  PostgresServer primary;
  primary.Execute("CREATE TABLE kept AS SELECT 1 AS a");
  const int port = primary.port();
  primary.Kill9();
  EXPECT_FALSE(Answers(primary.Dsn()));
  primary.Start();
  EXPECT_EQ(primary.port(), port);
  EXPECT_EQ(primary.QueryOne("SELECT a FROM kept"), "1");
}

TEST(PostgresServer, StoppedServerRefusesAndASuspendedOneNeitherRefusesNorAnswers) {
  PostgresServer primary;
  primary.Stop();
  EXPECT_EQ(PQping(primary.Dsn().c_str()), PQPING_NO_RESPONSE);
  primary.Start();
  PGconn* open = PQconnectdb(primary.Dsn().c_str());
  primary.Suspend();
  EXPECT_FALSE(Answers(primary.Dsn() + " connect_timeout=2"));
  ASSERT_EQ(PQsendQuery(open, "SELECT 1"), 1);
  EXPECT_EQ(PQisBusy(open), 1);
  primary.Resume();
  EXPECT_TRUE(
      Eventually(kPatience, [&] { return PQconsumeInput(open) == 1 && PQisBusy(open) == 0; }));
  EXPECT_EQ(PQstatus(open), CONNECTION_OK);
  PQfinish(open);
}

}  // namespace
}  // namespace scidex::test
