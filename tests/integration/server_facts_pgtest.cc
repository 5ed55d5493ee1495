// What a server reports about its connections, to roles with and without privileges.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "integration/primary_and_replica.h"
#include "integration/servers.h"
#include "postgres/canary.h"
#include "postgres/fact_sql.h"
#include "postgres/server_facts.h"
#include "postgres/session_connector.h"
#include "support/free_port.h"
#include "support/manual_clock.h"

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
  static routing::ServerFacts ReadFacts(postgres::Session& session) {
    postgres::FactsReader reader({.name = "test", .connections = true}, base::RealClock());
    return ReadFacts(reader, session);
  }
  static routing::ServerFacts ReadFacts(postgres::FactsReader& reader, postgres::Session& session) {
    const routing::Inspection inspection =
        reader.Read(session, base::RealClock().Now() + kPatience);
    EXPECT_EQ(inspection.result, routing::Inspection::Result::kAnswered)
        << inspection.message.ForLog();
    return inspection.facts;
  }
  static routing::ConnectionFacts ReadConnectionFacts(postgres::Session& session) {
    return ReadFacts(session).connections.value();
  }
};

TEST_F(ServerFactsTest, TheAddressIsThatOfTheServerInUseOfSeveral) {
  const std::string port = std::to_string(primary_->port());
  const std::string closed = std::to_string(FreePort());
  postgres::Session session(
      "test", postgres::SessionOptions{},
      postgres::PgConnPtr(PQconnectdb(("host=127.0.0.1,localhost port=" + closed + "," + port +
                                       " dbname=app user=app password=" + PostgresServer::kPassword)
                                          .c_str())),
      std::make_shared<base::HangupWatch>());
  EXPECT_EQ(ReadFacts(session).address, (routing::ServerAddress{"localhost", port, "app"}));
}

TEST_F(ServerFactsTest, ServerThatDeniedItsStartTimeIsAskedAgain) {
  ManualClock clock;
  postgres::SessionOptions options;
  options.dsn = base::Secret(primary_->Dsn("stranger", "other"));
  postgres::SessionConnector connector("test", options, std::make_shared<postgres::Resolver>(),
                                       std::make_shared<base::HangupWatch>(), clock);
  const auto started = [&] {
    const pool::ConnectResult result = connector.Connect(base::RealClock().Now() + kPatience, {});
    EXPECT_EQ(result.outcome, pool::ConnectOutcome::kOk) << result.message.ForLog();
    return dynamic_cast<const postgres::Session&>(*result.connection).server_started();
  };
  ASSERT_NE(started(), 0);
  const std::string function = "EXECUTE ON FUNCTION pg_postmaster_start_time()";
  primary_->Execute("REVOKE " + function + " FROM PUBLIC", "other");
  EXPECT_EQ(started(), 0);
  primary_->Execute("GRANT " + function + " TO PUBLIC", "other");
  EXPECT_EQ(started(), 0);
  clock.Advance(postgres::kAskAgainAfter);
  EXPECT_NE(started(), 0);
}

TEST_F(ServerFactsTest, RoleWithoutPrivilegesCountsAllSessions) {
  // The sessions of this test have arrived, and those of earlier tests have ended.
  const auto stranger = Open(*primary_, "stranger", "other");
  ASSERT_TRUE(Eventually(kPatience, [&] { return ReadConnectionFacts(*stranger).sessions == 1; }));
  const auto app = Open(*primary_, "app", "app");
  const auto superuser = Open(*primary_, "postgres", "other");
  const auto second = Open(*primary_, "stranger", "app");
  const routing::ConnectionFacts facts = ReadConnectionFacts(*stranger);
  EXPECT_EQ(facts.sessions, 4u);
  EXPECT_EQ(facts.sessions_of_role, 2u);
  EXPECT_EQ(facts.sessions_of_database, 2u);
  EXPECT_EQ(ReadConnectionFacts(*superuser).sessions, 4u)
      << "not the same for one who may see everything";
  EXPECT_EQ(facts.role, "stranger");
  EXPECT_EQ(facts.database, "other");
}

TEST_F(ServerFactsTest, LimitsAreReadAndDoNotBindASuperuser) {
  const routing::ConnectionFacts stranger =
      ReadConnectionFacts(*Open(*primary_, "stranger", "other"));
  EXPECT_EQ(stranger.max_connections, 50u);
  EXPECT_EQ(stranger.reserved, 4u);
  EXPECT_EQ(stranger.role_limit, 7u);
  EXPECT_EQ(stranger.database_limit, 9u);
  const routing::ConnectionFacts superuser =
      ReadConnectionFacts(*Open(*primary_, "postgres", "other"));
  EXPECT_EQ(superuser.role_limit, std::nullopt);
  EXPECT_EQ(superuser.database_limit, std::nullopt);
  EXPECT_EQ(ReadConnectionFacts(*Open(*primary_, "app", "app")).role_limit, std::nullopt);
}

TEST_F(ServerFactsTest, AReplicaAnswersTooAndIsAnotherInstance) {
  const routing::ConnectionFacts replica =
      ReadConnectionFacts(*Open(*replica_, "stranger", "other"));
  EXPECT_EQ(replica.max_connections, 50u);
  EXPECT_EQ(replica.role_limit, 7u);
  EXPECT_GE(replica.sessions, 1u);
  EXPECT_NE(ReadFacts(*Open(*replica_, "stranger", "other")).instance,
            ReadFacts(*Open(*primary_, "stranger", "other")).instance);
}

// Runs `change` on the primary, and `undo` at the end; both are replayed on the replica when the
// calls return.
class TemporaryChange {
 public:
  TemporaryChange(const PostgresServer& primary, const PostgresServer& replica,
                  const std::string& change, std::string undo, std::string database)
      : primary_(primary),
        replica_(replica),
        undo_(std::move(undo)),
        database_(std::move(database)) {
    ExecuteAndReplay(change);
  }
  ~TemporaryChange() { ExecuteAndReplay(undo_); }
  TemporaryChange(const TemporaryChange&) = delete;
  TemporaryChange& operator=(const TemporaryChange&) = delete;

 private:
  void ExecuteAndReplay(const std::string& sql) const {
    primary_.Execute(sql, database_);
    const std::string position = primary_.QueryOne("SELECT pg_current_wal_insert_lsn()");
    EXPECT_TRUE(Eventually(kPatience, [&] {
      return replica_.QueryOne("SELECT pg_last_wal_replay_lsn() >= '" + position + "'") == "t";
    }));
  }

  const PostgresServer& primary_;
  const PostgresServer& replica_;
  const std::string undo_;
  const std::string database_;
};

int CountOccurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++count;
  return count;
}

TEST_F(ServerFactsTest, RevokedCatalogsCostOnlyTheirOwnFacts) {
  const TemporaryChange revoked(*primary_, *replica_,
                                "REVOKE SELECT ON pg_database, pg_roles, pg_authid FROM PUBLIC",
                                "GRANT SELECT ON pg_database, pg_roles TO PUBLIC", "other");
  const auto session = Open(*primary_, "stranger", "other");
  const routing::ServerFacts facts = ReadFacts(*session);
  EXPECT_FALSE(facts.connections);
  EXPECT_FALSE(facts.in_recovery);
  EXPECT_TRUE(facts.wal_position);
  EXPECT_TRUE(facts.timeline);
  EXPECT_TRUE(facts.transactions);
  EXPECT_NE(facts.instance, "");
}

TEST_F(ServerFactsTest, FunctionThatIsMissingIsAskedForOnceInTenMinutes) {
  const TemporaryChange revoked(
      *primary_, *replica_, "REVOKE EXECUTE ON FUNCTION pg_last_wal_receive_lsn() FROM PUBLIC",
      "GRANT EXECUTE ON FUNCTION pg_last_wal_receive_lsn() TO PUBLIC", "other");
  const auto session = Open(*replica_, "stranger", "other");
  ManualClock clock;
  postgres::FactsReader reader({.name = "test"}, clock);
  const auto refusals = [] {
    return CountOccurrences(replica_->Log(),
                            "permission denied for function pg_last_wal_receive_lsn");
  };
  const int before = refusals();
  const routing::ServerFacts facts = ReadFacts(reader, *session);
  EXPECT_EQ(facts.replayed_all_received, std::nullopt);
  EXPECT_TRUE(facts.in_recovery);
  EXPECT_TRUE(facts.wal_position);
  EXPECT_EQ(facts.wal_receiver_up, true);
  EXPECT_EQ(refusals(), before + 2) << "with the others, and alone";
  ReadFacts(reader, *session);
  EXPECT_EQ(refusals(), before + 2);
  clock.Advance(std::chrono::minutes(10));
  ReadFacts(reader, *session);
  EXPECT_EQ(refusals(), before + 4);
}

TEST_F(ServerFactsTest, OnlyAPrimaryReportsWhatItHasFlushed) {
  const routing::ServerFacts facts = ReadFacts(*Open(*primary_, "stranger", "other"));
  ASSERT_TRUE(facts.flushed_position && facts.wal_position);
  EXPECT_LE(*facts.flushed_position, *facts.wal_position);
  EXPECT_EQ(facts.commits_flushed_within, std::chrono::milliseconds(600));
  EXPECT_EQ(ReadFacts(*Open(*replica_, "stranger", "other")).flushed_position, std::nullopt);
}

TEST_F(ServerFactsTest, OnlyAReplicaReportsTheTimelineThatItHasReached) {
  EXPECT_EQ(ReadFacts(*Open(*replica_, "stranger", "other")).reached_timeline, 1u);
  EXPECT_EQ(ReadFacts(*Open(*primary_, "stranger", "other")).reached_timeline, std::nullopt);
}

TEST_F(ServerFactsTest, AgeOfARestartedReplicaIsThatOfItsCheckpoint) {
  primary_->Execute("CHECKPOINT");
  const std::string position = primary_->QueryOne("SELECT pg_current_wal_lsn()");
  ASSERT_TRUE(Eventually(kPatience, [&] {
    return replica_->QueryOne("SELECT pg_last_wal_replay_lsn() >= '" + position + "'") == "t";
  }));
  replica_->Execute("CHECKPOINT");
  replica_->Restart();
  ASSERT_EQ(replica_->QueryOne("SELECT pg_last_xact_replay_timestamp()"), "");
  EXPECT_TRUE(ReadFacts(*Open(*replica_, "app", "app")).since_last_replay.has_value());
}

TEST_F(ServerFactsTest, TimelineOfTheRestartPointNeedsNoOtherPrivilege) {
  const TemporaryChange revoked(
      *primary_, *replica_, "REVOKE EXECUTE ON FUNCTION pg_control_recovery() FROM PUBLIC",
      "GRANT EXECUTE ON FUNCTION pg_control_recovery() TO PUBLIC", "other");
  const routing::ServerFacts facts = ReadFacts(*Open(*replica_, "stranger", "other"));
  EXPECT_EQ(facts.reached_timeline, std::nullopt);
  EXPECT_EQ(facts.timeline, 1u);
}

TEST_F(ServerFactsTest, RecoveryIsKnownByReportWhereItsFunctionIsRefused) {
  const TemporaryChange revoked(*primary_, *replica_,
                                "REVOKE EXECUTE ON FUNCTION pg_is_in_recovery() FROM PUBLIC",
                                "GRANT EXECUTE ON FUNCTION pg_is_in_recovery() TO PUBLIC", "other");
  EXPECT_TRUE(ReadFacts(*Open(*replica_, "stranger", "other")).in_recovery);
  EXPECT_FALSE(ReadFacts(*Open(*primary_, "stranger", "other")).in_recovery);
}

TEST_F(ServerFactsTest, SettingsOfTheRoleDoNotStandInTheWay) {
  const TemporaryChange odd(
      *primary_, *replica_,
      "CREATE SCHEMA evil;"
      "CREATE FUNCTION evil.pg_is_in_recovery() RETURNS bool LANGUAGE sql "
      "RETURN NOT pg_catalog.pg_is_in_recovery();"
      "GRANT USAGE ON SCHEMA evil TO PUBLIC;"
      "ALTER ROLE stranger SET search_path = evil, pg_catalog;"
      "ALTER ROLE stranger SET statement_timeout = '2ms';"
      "ALTER ROLE stranger SET lock_timeout = '1ms';"
      "ALTER ROLE stranger SET default_transaction_isolation = 'serializable';"
      "ALTER ROLE stranger SET default_transaction_deferrable = on;"
      "ALTER ROLE stranger SET row_security = off;"
      "ALTER ROLE stranger SET DateStyle = 'German';"
      "ALTER ROLE stranger SET IntervalStyle = 'sql_standard';"
      "ALTER ROLE stranger SET extra_float_digits = -15",
      "ALTER ROLE stranger RESET ALL; DROP SCHEMA evil CASCADE", "other");
  const std::string started = " FROM (SELECT extract(epoch FROM pg_postmaster_start_time())) t(s)";
  for (const PostgresServer* server : {primary_.get(), replica_.get()}) {
    const auto session = Open(*server, "stranger", "other");
    for (int i = 0; i < 20; ++i) {
      const routing::ServerFacts facts = ReadFacts(*session);
      EXPECT_EQ(facts.in_recovery, server == replica_.get());
      EXPECT_EQ(facts.instance, server->QueryOne("SELECT (s * 1000000)::bigint" + started));
      EXPECT_TRUE(facts.wal_position);
      EXPECT_TRUE(facts.connections);
    }
  }
}

TEST_F(ServerFactsTest, LagByAQueryIsWhatItReturns) {
  const auto lag_by = [](const std::string& sql) {
    postgres::FactsReader reader({.name = "test", .lag_query = sql}, base::RealClock());
    const routing::ServerFacts facts = ReadFacts(reader, *Open(*replica_, "stranger", "other"));
    EXPECT_TRUE(facts.lag_is_queried);
    return facts.queried_lag;
  };
  EXPECT_EQ(lag_by("SELECT 1.5"), std::chrono::milliseconds(1500));
  EXPECT_EQ(lag_by("SELECT NULL::int"), std::nullopt);
  EXPECT_EQ(lag_by("SELECT 'soon'"), std::nullopt);
  EXPECT_EQ(lag_by("SELECT lag FROM no_such_table"), std::nullopt);
  EXPECT_EQ(lag_by("SELECT * FROM generate_series(1, 2)"), std::nullopt);
  EXPECT_EQ(lag_by("SELECT 'NaN'::float8"), std::nullopt);
  postgres::FactsReader reader({.name = "test", .lag_query = "SELECT 1"}, base::RealClock());
  EXPECT_FALSE(ReadFacts(reader, *Open(*primary_, "stranger", "other")).lag_is_queried);
}

TEST_F(ServerFactsTest, HungLagQueryIsCancelledByTheServer) {
  postgres::FactsReader reader({.name = "test", .lag_query = "SELECT 1 FROM pg_sleep(3600)"},
                               base::RealClock());
  const auto session = Open(*replica_, "stranger", "other");
  const routing::Inspection inspection =
      reader.Read(*session, base::RealClock().Now() + std::chrono::seconds(1));
  EXPECT_EQ(inspection.result, routing::Inspection::Result::kAnswered);
  EXPECT_EQ(inspection.facts.queried_lag, std::nullopt);
  EXPECT_TRUE(Eventually(kPatience, [] {
    return replica_->QueryOne(
               "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
               "usename = 'stranger'") == "0";
  }));
}

TEST_F(ServerFactsTest, StatementThatWaitsForALockIsCancelledByTheServer) {
  // A login takes this lock too.
  const auto locker = Open(*primary_, "postgres", "other");
  auto asks = Open(*primary_, "app", "other");
  auto tries = Open(*primary_, "app", "other");
  const auto until = [] { return base::RealClock().Now() + kPatience; };
  ASSERT_EQ(locker->Query("BEGIN; LOCK TABLE pg_database, pg_description", until()).status,
            postgres::QueryResult::Status::kOk);
  postgres::FactsReader reader({.name = "test", .connections = true}, base::RealClock());
  const auto soon = [] { return base::RealClock().Now() + std::chrono::milliseconds(200); };
  EXPECT_EQ(reader.Read(*asks, soon()).result, routing::Inspection::Result::kTimeout);
  EXPECT_EQ(postgres::CanaryWriter().TryWrite(*tries, soon(), {}).result,
            control::WriteAttempt::Result::kUnknown);
  asks.reset();
  tries.reset();
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return Value(locker->Query("SELECT count(*) FROM pg_catalog.pg_stat_get_activity(NULL) a WHERE "
                               "a.wait_event_type = 'Lock'",
                               until()),
                 0) == "0";
  }));
}

}  // namespace
}  // namespace scidex::test
