// What a server says of its connections, to roles with and without rights.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "integration/primary_and_replica.h"
#include "integration/servers.h"
#include "postgres/server_facts.h"

namespace scidex::test {
namespace {

class ServerFactsTest : public PrimaryAndReplica {
 protected:
  static void SetUpTestSuite() {
    Start({{"superuser_reserved_connections", "4"}});
    primary_->Execute("CREATE ROLE stranger LOGIN CONNECTION LIMIT 7 PASSWORD '" +
                      std::string(PostgresServer::kPassword) + "'");
    primary_->Execute("CREATE DATABASE other CONNECTION LIMIT 9");
    const std::string position = primary_->QueryOne("SELECT pg_current_wal_lsn()");
    ASSERT_TRUE(Eventually(kPatience, [&] {
      return replica_->QueryOne("SELECT pg_last_wal_replay_lsn() >= '" + position + "'") == "t";
    }));
  }

  static std::unique_ptr<postgres::Session> Open(const PostgresServer& server,
                                                 const std::string& user,
                                                 const std::string& database) {
    return std::make_unique<postgres::Session>(
        "test", postgres::SessionOptions{},
        postgres::PgConnPtr(PQconnectdb(server.Dsn(user, database).c_str())),
        std::make_shared<base::HangupWatch>());
  }
  static postgres::ConnectionFacts Ask(postgres::Session& session) {
    const postgres::ServerFactsResult result =
        postgres::ReadServerFacts(session, base::RealClock().Now() + kPatience);
    EXPECT_EQ(result.status, postgres::QueryResult::Status::kOk) << result.message.ForLog();
    return result.facts.connections;
  }
};

TEST_F(ServerFactsTest, ARoleWithoutRightsCountsEverybody) {
  // Each other session is counted once it has come, and those of earlier tests have gone.
  const auto stranger = Open(*primary_, "stranger", "other");
  ASSERT_TRUE(Eventually(kPatience, [&] { return Ask(*stranger).sessions == 1; }));
  const auto app = Open(*primary_, "app", "app");
  const auto superuser = Open(*primary_, "postgres", "other");
  const auto second = Open(*primary_, "stranger", "app");
  const postgres::ConnectionFacts facts = Ask(*stranger);
  EXPECT_EQ(facts.sessions, 4u);
  EXPECT_EQ(facts.sessions_of_role, 2u);
  EXPECT_EQ(facts.sessions_of_database, 2u);
  EXPECT_EQ(Ask(*superuser).sessions, 4u) << "not the same for one who may see everything";
  EXPECT_EQ(facts.role, "stranger");
  EXPECT_EQ(facts.database, "other");
}

TEST_F(ServerFactsTest, LimitsAreReadAndDoNotBindASuperuser) {
  const postgres::ConnectionFacts stranger = Ask(*Open(*primary_, "stranger", "other"));
  EXPECT_EQ(stranger.max_connections, 50u);
  EXPECT_EQ(stranger.reserved, 4u);
  EXPECT_EQ(stranger.role_limit, 7u);
  EXPECT_EQ(stranger.database_limit, 9u);
  const postgres::ConnectionFacts superuser = Ask(*Open(*primary_, "postgres", "other"));
  EXPECT_EQ(superuser.role_limit, std::nullopt);
  EXPECT_EQ(superuser.database_limit, std::nullopt);
  EXPECT_EQ(Ask(*Open(*primary_, "app", "app")).role_limit, std::nullopt);
}

TEST_F(ServerFactsTest, AReplicaAnswersTooAndIsAnotherInstance) {
  const postgres::ConnectionFacts replica = Ask(*Open(*replica_, "stranger", "other"));
  EXPECT_EQ(replica.max_connections, 50u);
  EXPECT_EQ(replica.role_limit, 7u);
  EXPECT_GE(replica.sessions, 1u);
  EXPECT_NE(replica.instance, Ask(*Open(*primary_, "stranger", "other")).instance);
}

}  // namespace
}  // namespace scidex::test
