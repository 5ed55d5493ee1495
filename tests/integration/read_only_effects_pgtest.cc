// Tries all statements and functions of PostgreSQL in a read-only session of a primary, and
// compares the results with docs/read-only.md.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "integration/read_only_commands.h"
#include "integration/read_only_effects.h"
#include "integration/servers.h"
#include "support/process.h"

namespace scidex::test {

std::ostream& operator<<(std::ostream& out, Answer answer) {
  const char* const names[] = {"refused", "runs", "no privilege", "fails"};
  return out << names[static_cast<std::size_t>(answer)];
}

std::ostream& operator<<(std::ostream& out, Counted counted) {
  const char* const names[] = {"no", "a write", "tampering"};
  return out << names[static_cast<std::size_t>(counted)];
}

namespace {

using postgres::QueryResult;
using postgres::Session;

class ReadOnlyEffects : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<PostgresServer>(ServerSettings{{"wal_level", "logical"},
                                                              {"max_prepared_transactions", "5"},
                                                              {"max_replication_slots", "10"},
                                                              {"log_statement", "none"}});
    server_->Execute(
        "CREATE TABLE t (a int); CREATE INDEX t_a ON t (a); CREATE SEQUENCE q;"
        "CREATE TABLE t_values (a int, b int[]); CREATE INDEX t_brin ON t_values USING brin (a);"
        "CREATE INDEX t_gin ON t_values USING gin (b); CREATE MATERIALIZED VIEW m AS SELECT 1;"
        "CREATE EXTENSION dblink;"
        "CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS "
        "'INSERT INTO t VALUES (1) RETURNING a';"
        "CREATE PROCEDURE lifts() LANGUAGE plpgsql AS $$ BEGIN COMMIT; "
        "SET TRANSACTION READ WRITE; PERFORM writes(); COMMIT; END $$;"
        "ALTER TABLE t OWNER TO app; ALTER TABLE t_values OWNER TO app;"
        "ALTER SEQUENCE q OWNER TO app; GRANT CREATE ON SCHEMA public TO app");
    server_->Execute("CREATE TABLE itself AS SELECT '" + server_->Dsn("postgres") +
                     "' AS dsn; GRANT SELECT ON itself TO app");
    major_ = std::stoi(server_->QueryOne("SHOW server_version_num")) / 10000;
  }
  static void TearDownTestSuite() { server_.reset(); }

  static database::DatabaseOptions OptionsAs(const std::string& user) {
    database::DatabaseOptions options = OneReadSession(*server_, server_->Dsn(user));
    options.probe.canary_interval = base::Duration::zero();
    return options;
  }
  static Answer AnswerTo(const pool::Lease& lease, std::string_view statement,
                         std::string& message) {
    const QueryResult result = Session::Of(lease).Query(std::string(statement).c_str(),
                                                        base::RealClock().Now() + kPatience);
    message = result.message.ForLog();
    if (result.status == QueryResult::Status::kOk) return Answer::kRuns;
    if (result.sqlstate == "25006") return Answer::kRefused;
    return result.sqlstate == "42501" ? Answer::kNoPrivilege : Answer::kFails;
  }
  static Answer ExpectedAnswer(const Effect& effect, Answer answer) {
    const bool refused = effect.refused_from != 0 && major_ >= effect.refused_from;
    return refused && answer == Answer::kRuns ? Answer::kRefused : answer;
  }

  static void CheckEffect(database::Database& database, const Effect& effect, Answer expected) {
    SCOPED_TRACE(effect.statement);
    if (*effect.setup != '\0') server_->Execute(effect.setup);
    pool::Lease lease = database.AcquireRead();
    if (*effect.on_session != '\0') QueryOne(lease, effect.on_session);
    const pool::PoolStats before = FallthroughStats(database);
    std::string message;
    const Answer answer = AnswerTo(lease, effect.statement, message);
    EXPECT_EQ(answer, ExpectedAnswer(effect, expected)) << message;
    const int pid = PQbackendPID(Session::Of(lease).raw());
    lease.Evict();
    const pool::PoolStats after = FallthroughStats(database);
    const bool runs = answer == Answer::kRuns;
    EXPECT_EQ(after.read_only_violations - before.read_only_violations,
              answer == Answer::kRefused ? 1u : 0u);
    EXPECT_EQ(after.read_only_writes - before.read_only_writes,
              runs && effect.counted == Counted::kWrite ? 1u : 0u);
    EXPECT_EQ(after.read_only_tampered - before.read_only_tampered,
              runs && effect.counted == Counted::kTampering ? 1u : 0u);
    CleanUpAfter(effect, pid);
  }
  static void CleanUpAfter(const Effect& effect, int pid) {
    EXPECT_TRUE(Eventually(kPatience, [&] {
      return server_->QueryOne("SELECT count(*) FROM pg_stat_activity WHERE pid = " +
                               std::to_string(pid)) == "0";
    }));
    for (std::string left;
         !(left = server_->QueryOne("SELECT gid FROM pg_prepared_xacts")).empty();)
      server_->Execute("ROLLBACK PREPARED '" + left + "'");
    if (*effect.cleanup != '\0') server_->Execute(effect.cleanup);
  }

  inline static std::unique_ptr<PostgresServer> server_;
  inline static int major_ = 0;
};

TEST_F(ReadOnlyEffects, AreAsListedForASuperuser) {
  database::Database database(OptionsAs("postgres"));
  for (const Effect& effect : kEffects) {
    if (effect.since <= major_) CheckEffect(database, effect, effect.superuser);
  }
}

TEST_F(ReadOnlyEffects, AreAsListedForAnOrdinaryRole) {
  database::Database database(OptionsAs("app"));
  for (const Effect& effect : kEffects) {
    if (effect.since <= major_) CheckEffect(database, effect, effect.role);
  }
}

TEST_F(ReadOnlyEffects, AllElseIsRefusedAndCountedForASuperuserToo) {
  database::Database database(OptionsAs("postgres"));
  std::vector<std::string_view> statements(std::begin(kRefused), std::end(kRefused));
  statements.insert(statements.end(), std::begin(kDefinitions), std::end(kDefinitions));
  for (const std::string_view statement : statements) {
    const std::uint64_t before = FallthroughStats(database).read_only_violations;
    std::string message;
    const pool::Lease lease = database.AcquireRead();
    EXPECT_EQ(AnswerTo(lease, statement, message), Answer::kRefused) << statement << message;
    EXPECT_EQ(FallthroughStats(database).read_only_violations, before + 1) << statement;
  }
  EXPECT_EQ(server_->QueryOne("SELECT count(*) FROM t"), "0");
}

bool IsListedIn(const auto& names, std::string_view name) {
  return std::any_of(std::begin(names), std::end(names), [name](std::string_view one) {
    return one.ends_with('*') ? name.starts_with(one.substr(0, one.size() - 1)) : one == name;
  });
}

bool IsCalledInAStatement(const std::string& function) {
  const auto calls = [&](std::string_view statement) {
    return statement.find(" " + function + "(") != std::string_view::npos ||
           statement.find("(" + function + "(") != std::string_view::npos;
  };
  return std::any_of(std::begin(kEffects), std::end(kEffects),
                     [&](const Effect& effect) { return calls(effect.statement); }) ||
         std::any_of(std::begin(kRefused), std::end(kRefused), calls);
}

TEST_F(ReadOnlyEffects, EveryVolatileFunctionOfTheServerIsListed) {
  std::istringstream names(
      server_->QueryOne("SELECT string_agg(DISTINCT proname, ' ') FROM pg_proc WHERE provolatile = "
                        "'v' AND prokind <> 'a'",
                        "template1"));
  for (std::string name; names >> name;) {
    EXPECT_TRUE(IsListedIn(kHarmlessFunctions, name) || IsListedIn(kNotCallable, name) ||
                IsCalledInAStatement(name))
        << name << " is in none of the lists";
  }
}

// As psql's \h lists them, in two columns.
std::set<std::string> CommandsOfTheReference(const PostgresServer& server) {
  const ProcessResult help = Run({{"/usr/bin/psql", "-X", "-c", "\\h", server.Dsn()}});
  EXPECT_EQ(help.exit_status, 0) << help.errors;
  std::set<std::string> commands;
  std::istringstream lines(help.output);
  std::size_t second = std::string::npos;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t abort = line.find("ABORT ");
    if (abort != std::string::npos) second = line.find_first_not_of(' ', abort + 5);
    if (second == std::string::npos) continue;
    for (std::string column :
         {line.substr(0, second), line.substr(std::min(second, line.size()))}) {
      column.erase(0, std::min(column.find_first_not_of(' '), column.size()));
      column.erase(column.find_last_not_of(' ') + 1);
      if (!column.empty()) commands.insert(column);
    }
  }
  return commands;
}

bool IsCommandOfAStatement(const std::string& command) {
  const auto begins = [&](std::string_view statement) {
    return statement == command || statement.starts_with(command + " ");
  };
  return std::any_of(std::begin(kEffects), std::end(kEffects),
                     [&](const Effect& effect) {
                       return begins(effect.statement) ||
                              effect.statement.find("; " + command + " ") != std::string_view::npos;
                     }) ||
         std::any_of(std::begin(kRefused), std::end(kRefused), begins) ||
         std::any_of(std::begin(kDefinitions), std::end(kDefinitions), begins);
}

TEST_F(ReadOnlyEffects, EveryCommandOfTheReferenceIsListed) {
  const std::set<std::string> commands = CommandsOfTheReference(*server_);
  EXPECT_GT(commands.size(), 180u);
  for (const std::string& command : commands) {
    // Listed with a name in between.
    if (command == "SELECT INTO" || command == "CREATE TABLE AS") continue;
    EXPECT_TRUE(IsListedIn(kHarmlessCommands, command) || IsCommandOfAStatement(command))
        << command << " is in none of the lists";
  }
}

std::string Describe(const Effect& effect, Answer answer) {
  std::ostringstream words;
  words << answer;
  if (answer == Answer::kRuns && effect.refused_from != 0)
    words << "; refused from PostgreSQL " << effect.refused_from;
  return words.str();
}

std::string AsMarkdown() {
  std::ostringstream out;
  out << "| statement | superuser | ordinary role | counted | effect |\n"
         "|---|---|---|---|---|\n";
  for (const Effect& effect : kEffects) {
    out << "| `" << effect.statement << "`";
    if (effect.since > 15) out << " (from PostgreSQL " << effect.since << ")";
    out << " | " << Describe(effect, effect.superuser) << " | " << Describe(effect, effect.role)
        << " | " << effect.counted << " | " << effect.leaves << " |\n";
  }
  return out.str();
}

TEST(ReadOnlyPage, HasTheTable) {
  const std::string path = SCIDEX_SOURCE_DIR "/docs/read-only.md";
  const std::string begin = "<!-- effects:begin -->\n";
  std::ifstream file(path);
  std::string page{std::istreambuf_iterator<char>(file), {}};
  const std::size_t from = page.find(begin);
  const std::size_t to = page.find("<!-- effects:end -->\n");
  ASSERT_TRUE(from != std::string::npos && to != std::string::npos) << path << " has no place";
  const std::size_t start = from + begin.size();
  if (std::getenv("SCIDEX_UPDATE_GOLDEN") != nullptr) {
    page.replace(start, to - start, AsMarkdown());
    std::ofstream(path) << page;
    return;
  }
  EXPECT_EQ(page.substr(start, to - start), AsMarkdown()) << "SCIDEX_UPDATE_GOLDEN=1 writes it";
}

}  // namespace
}  // namespace scidex::test
