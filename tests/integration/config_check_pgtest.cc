// --config.check, with and without servers: its findings in the SQL of queries.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "integration/primary_and_replica.h"
#include "integration/servers.h"
#include "support/exporter_process.h"
#include "support/http_client.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace scidex::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kRowValue = "canary4711";

class ConfigCheck : public PrimaryAndReplica {
 protected:
  static void SetUpTestSuite() {
    PrimaryAndReplica::SetUpTestSuite();
    primary_->Execute("CREATE TABLE kept (n int, l text); INSERT INTO kept VALUES (1, '" +
                      std::string(kRowValue) + "'), (2, 'b'); GRANT ALL ON kept TO PUBLIC");
    ASSERT_TRUE(AwaitReplay(*primary_, *replica_));
  }
  ProcessResult Check(const std::string& queries, const std::vector<std::string>& flags = {},
                      const std::string& servers = Servers()) {
    const std::string path = dir_.Write("e.yaml", servers + "queries:\n" + queries).string();
    std::vector<std::string> command{SCIDEX_EXPORTER, "--config.file=" + path, "--config.check"};
    command.insert(command.end(), flags.begin(), flags.end());
    return scidex::test::Run({command, {}, ""});
  }
  static std::string Servers() {
    return "primary: {dsn: \"" + primary_->Dsn() + "\"}\nreplica: {dsn: \"" + replica_->Dsn() +
           "\"}\n";
  }
  static std::string Query(const std::string& name, const std::string& sql,
                           const std::string& more = "") {
    return "  - {name: " + name + ", sql: \"" + sql + "\", " + more +
           "values: [{column: n, help: N.}]}\n";
  }
  const TempDir dir_;
};

TEST_F(ConfigCheck, AReplicaWithTheHostAndPortOfThePrimaryIsAWarning) {
  const std::string query = Query("q", "SELECT 1 AS n");
  const std::string port = std::to_string(primary_->port());
  const std::string same = "primary: {dsn: \"" + primary_->Dsn() + "\"}\nreplica: {dsn: \"";
  const ProcessResult check = Check(query, {}, same + primary_->Dsn() + "\"}\n");
  EXPECT_EQ(check.exit_status, 0) << check.errors;
  EXPECT_THAT(check.errors, HasSubstr("e.yaml:2: replica.dsn: has the host and port of the "
                                      "primary, 127.0.0.1:" +
                                      port + "; all reads would go to the primary"));
  EXPECT_THAT(Check(query, {}, same + primary_->Dsn("app", "postgres") + "\"}\n").errors,
              HasSubstr("only if a pooler there distinguishes the two databases"));
  EXPECT_THAT(Check(query).errors, Not(HasSubstr("replica.dsn")));
}

TEST_F(ConfigCheck, MissingPasswordFileIsAnErrorWithoutItsName) {
  const std::string query = Query("q", "SELECT 1 AS n");
  const auto with = [](const std::string& path) {
    return "primary: {dsn: \"" + primary_->Dsn() + "\", password_file: " + path + "}\n";
  };
  const ProcessResult missing = Check(query, {}, with(dir_.path() / kRowValue));
  EXPECT_EQ(missing.exit_status, 1);
  EXPECT_EQ(missing.output, "");
  EXPECT_THAT(missing.errors, AllOf(HasSubstr("primary.password_file: the password file: "),
                                    Not(HasSubstr(kRowValue))));
  const ProcessResult startup =
      Check(query, {"--config.check.startup"}, with(dir_.path() / kRowValue));
  EXPECT_EQ(startup.exit_status, 0) << startup.errors;
  EXPECT_THAT(startup.errors,
              testing::ContainsRegex("warning: .*:[0-9]+: primary.password_file: "));
  const ProcessResult of_unit = Check(query, {}, with("/run/credentials/none.service/password"));
  EXPECT_EQ(of_unit.exit_status, 0) << of_unit.errors;
  EXPECT_THAT(of_unit.errors,
              testing::ContainsRegex("warning: .*:[0-9]+: primary.password_file: "));
}

TEST_F(ConfigCheck, UnknownSyntaxFailsUnlessOnlyAStartIsChecked) {
  const std::string query = Query("q", "SELECT 1 AS n NEW CLAUSE");
  const ProcessResult error = Check(query);
  EXPECT_EQ(error.exit_status, 1);
  EXPECT_EQ(error.output, "");
  EXPECT_THAT(error.errors, HasSubstr("e.yaml:4:35: queries[0].sql: syntax error"));
  const ProcessResult warning = Check(query, {"--config.check.startup"});
  EXPECT_EQ(warning.exit_status, 0) << warning.errors;
  EXPECT_EQ(warning.output, "the configuration is valid\n");
  EXPECT_THAT(warning.errors, HasSubstr("warning: "));
}

TEST_F(ConfigCheck, EachQueryIsRunOnceAndReportedWithoutItsValues) {
  const ProcessResult result = Check(
      Query("labelled", "SELECT l, n, true AS other FROM kept", "labels: [l], ") +
          Query("short", "SELECT n, l FROM kept", "from: primary, max_series: 1, labels: [l], ") +
          Query("none", "SELECT n FROM kept WHERE false"),
      {"--config.check.connect"});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("labelled: 2 rows, 2 series (from route replica, "),
                    HasSubstr("  \"l\" text: label\n  \"n\" integer: gauge labelled_n\n"
                              "  \"other\" boolean: not used\n"),
                    HasSubstr("short: 2 rows, 1 series, 1 dropped over max_series (from primary, "),
                    HasSubstr("none: 0 rows, 0 series (from route replica, "),
                    HasSubstr("3 queries were run, 0 failed\n"), Not(HasSubstr(kRowValue))));
}

TEST_F(ConfigCheck, FailedQueryIsExplainedOnlyInOurOwnWords) {
  const ProcessResult result = Check(
      Query("missing", "SELECT n FROM nowhere") + Query("text", "SELECT l::int AS n FROM kept") +
          Query("column", "SELECT * FROM (SELECT 1 AS m) x") +
          Query("twice", "SELECT 1 AS n FROM kept") +
          Query("hangs", "SELECT 1 AS n FROM pg_sleep(3600)", "timeout: 100ms, ") +
          Query("writes", "SELECT nextval('s') AS n") + Query("right", "SELECT 1 AS n"),
      {"--config.check.connect"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("missing: error refused: "), HasSubstr("42P01"), HasSubstr("22P02"),
                    HasSubstr("column: error bad_column: the result has no column \"n\""),
                    HasSubstr("  \"m\" integer: not used\n"), HasSubstr("twice: error duplicate: "),
                    HasSubstr("hangs: error timeout: "), HasSubstr("right: 1 rows, 1 series"),
                    HasSubstr("7 queries were run, 6 failed\n"), Not(HasSubstr(kRowValue)),
                    Not(HasSubstr("nowhere"))));
  EXPECT_THAT(result.errors, HasSubstr("query failed"));
}

TEST_F(ConfigCheck, UnavailableServerIsReportedWithinADeadline) {
  const std::string password = "Xq7swordfish";
  const ProcessResult result =
      Check(Query("a", "SELECT 1 AS n") + Query("b", "SELECT 2 AS n"), {"--config.check.connect"},
            "primary: {dsn: \"host=127.0.0.1 port=1 user=u password=" + password + "\"}\n\n");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(
      result.output,
      AllOf(HasSubstr("a: error acquire_timeout: "), HasSubstr("b: error acquire_timeout: "),
            HasSubstr("2 queries were run, 2 failed\n"), Not(HasSubstr(password))));
  EXPECT_THAT(result.errors, Not(HasSubstr(password)));
}

TEST_F(ConfigCheck, WithoutQueriesNothingIsRun) {
  const std::string path = dir_.Write("e.yaml", Servers()).string();
  const ProcessResult result = scidex::test::Run(
      {{SCIDEX_EXPORTER, "--config.file=" + path, "--config.check", "--config.check.connect"},
       {},
       ""});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_EQ(result.output, "the configuration is valid\n0 queries were run, 0 failed\n");
}

TEST_F(ConfigCheck, AWriteIsAnErrorWithItsVerb) {
  const ProcessResult result = Check(Query("q", "DELETE FROM kept"));
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, HasSubstr("DELETE cannot run on a read-only session"));
}

TEST_F(ConfigCheck, NoSqlOfAReloadEndsTheProcess) {
  const auto file = [this](const std::string& sql) {
    return "--config.file=" +
           dir_.Write("e.yaml", Servers() + "queries:\n" + Query("q", sql)).string();
  };
  ExporterProcess exporter(SCIDEX_EXPORTER, {}, {file("SELECT 1 AS n"), "--web.enable-lifecycle"});
  ASSERT_TRUE(exporter.AwaitValue("q_n", "1"));
  file("DELETE FROM kept");
  EXPECT_EQ(Request(exporter.port(), "POST", "/-/reload").code, 500);
  std::string deep = "SELECT 1";
  for (int i = 0; i < 32'000; ++i) deep += "+1";
  for (const std::string& sql : {deep + " AS n", std::string(100'000, '('), std::string("SELEC")}) {
    file(sql);
    EXPECT_EQ(Request(exporter.port(), "POST", "/-/reload").code, 200);
  }
  // The log is written asynchronously.
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return exporter.process().Errors().find("queries[0].sql: syntax error") != std::string::npos;
  }));
  file("SELECT 2 AS n");
  EXPECT_EQ(Request(exporter.port(), "POST", "/-/reload").code, 200);
  EXPECT_TRUE(exporter.AwaitValue("q_n", "2"));
}

}  // namespace
}  // namespace scidex::test
