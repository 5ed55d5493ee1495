// A password is never printed, however it was passed, even in an invalid DSN.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "support/eventually.h"
#include "support/exporter_process.h"
#include "support/temp_dir.h"

namespace scidex::test {
namespace {

// Occurs in no other message, encoded or not.
constexpr const char* kCanary = "Xq7swordfish";

using Environment = std::map<std::string, std::string>;

// One way to pass a DSN that contains the canary.
struct Given {
  std::string how;
  Environment environment;
  std::vector<std::string> flags;
};

const std::vector<std::string>& Dsns() {
  static const std::vector<std::string> kDsns{
      // Valid, but no server listens there.
      "postgresql://app:Xq7swordfish@127.0.0.1:1/db",
      "postgresql://app@127.0.0.1:1/db?password=Xq7swordfish",
      "postgresql://app:%58q7swordfish@127.0.0.1:1/db",
      "host=127.0.0.1 port=1 user=app password=Xq7swordfish",
      "host=127.0.0.1 port=1 user=app password='Xq7swordfish and more'",
      // Invalid.
      "postgresql://app:Xq7swordfish@127.0.0.1:port/db",
      "postgresql://app:Xq7swordfish@[::1/db",
      "postgresql://app:Xq7swordfish%zz@127.0.0.1:1/db",
      "postgresql://app:pass/Xq7swordfish@127.0.0.1:1/db",
      "postgresql://app:pass@Xq7swordfish@127.0.0.1:1/db",
      "postgresql://app@127.0.0.1:1/db?passwort=Xq7swordfish",
      "postgresql://app@127.0.0.1:1/db?password==Xq7swordfish",
      "host=127.0.0.1 port=1 password Xq7swordfish",
      "host=127.0.0.1 port=1 password='Xq7swordfish",
      "host=127.0.0.1 port=1 passwort=Xq7swordfish",
      "host=127.0.0.1 port=Xq7swordfish",
      "host=127.0.0.1 port=1 sslmode=Xq7swordfish",
      "Xq7swordfish",
      "app:Xq7swordfish@127.0.0.1:1/db",
      "mysql://app:Xq7swordfish@127.0.0.1:1/db",
      // Mistakes that libpq accepts: the password becomes part of a name.
      "host=127.0.0.1,port=1,password=Xq7swordfish",
      "host=127.0.0.1;port=1;password=Xq7swordfish",
      "host=127.0.0.1 port=1 user=app,password=Xq7swordfish",
      "host=127.0.0.1 port=1 user=app:Xq7swordfish",
      "host=127.0.0.1 port=1 dbname='host=x password=Xq7swordfish'",
      "host=127.0.0.1 port=1 dbname=postgresql://x/y?password=Xq7swordfish",
      "host=127.0.0.1 port=1 dbname=db;password=Xq7swordfish",
      "hostaddr='127.0.0.1 password=Xq7swordfish' port=1",
      "postgresql://app@127.0.0.1:1/db;password=Xq7swordfish?user=u",
      "postgresql://app%3AXq7swordfish@127.0.0.1:1/db",
      "postgresql://127.0.0.1%20password%3DXq7swordfish:1/db",
  };
  return kDsns;
}

bool IsShown(const std::string& text) { return text.find("q7swordfish") != std::string::npos; }

// All that the exporter prints at debug level, including its log, and every page if it serves.
std::string AllOutput(const Given& given) {
  std::vector<std::string> flags = given.flags;
  flags.push_back("--log.level=debug");
  std::string output;
  {
    const ProcessResult check = [&] {
      std::vector<std::string> command{SCIDEX_EXPORTER, "--config.check"};
      command.insert(command.end(), flags.begin(), flags.end());
      return Run({command, given.environment});
    }();
    output += check.output + check.errors;
    if (check.exit_status != 0) {
      EXPECT_NE(check.errors, "") << given.how;
      return output;
    }
  }
  ExporterProcess exporter(SCIDEX_EXPORTER, given.environment, flags);
  // After the first probe, a connect has failed.
  EXPECT_TRUE(Eventually(kPatience, [&] {
    return exporter.Value("scidex_pg_pool_probe_last_run_timestamp_seconds{pool=\"primary\"}") !=
           "0";
  }));
  for (const char* path : {"/metrics", "/", "/api/v1/pools", "/-/ready", "/-/healthy", "/nowhere"})
    output += Get(exporter.port(), path).body;
  exporter.process().Terminate(kPatience);
  return output + exporter.process().Output() + exporter.process().Errors();
}

void ExpectNotShown(const Given& given) { EXPECT_FALSE(IsShown(AllOutput(given))) << given.how; }

TEST(Redaction, OfADsnInTheEnvironment) {
  for (const std::string& dsn : Dsns())
    ExpectNotShown({"SCIDEX_PG_DSN=" + dsn, {{"SCIDEX_PG_DSN", dsn}}, {}});
}

TEST(Redaction, OfAReplicasDsnInTheEnvironment) {
  for (const std::string& dsn : Dsns()) {
    ExpectNotShown({"SCIDEX_PG_RO_DSN=" + dsn,
                    {{"SCIDEX_PG_DSN", "host=127.0.0.1 port=1"}, {"SCIDEX_PG_RO_DSN", dsn}},
                    {}});
  }
}

TEST(Redaction, OfADsnInAFile) {
  const TempDir dir;
  for (const std::string& dsn : Dsns()) {
    std::string quoted;
    for (const char c : dsn) quoted += c == '\'' ? std::string("''") : std::string(1, c);
    const std::string file =
        dir.Write("exporter.yaml", "primary:\n  dsn: '" + quoted + "'\n").string();
    ExpectNotShown({"dsn in a file: " + dsn, {}, {"--config.file=" + file}});
  }
}

TEST(Redaction, OfAPasswordFile) {
  const TempDir dir;
  const std::string password = dir.Write("password", std::string(kCanary) + "\n").string();
  const std::string file =
      dir.Write("exporter.yaml",
                "primary:\n  dsn: host=127.0.0.1 port=1\n  password_file: " + password + "\n")
          .string();
  ExpectNotShown({"a password file", {}, {"--config.file=" + file}});
}

TEST(Redaction, OfAPasswordThatIsGivenAsTheNameOfItsFile) {
  const TempDir dir;
  const std::string file =
      dir.Write("exporter.yaml", "primary: {dsn: host=127.0.0.1 port=1, password_file: " +
                                     std::string(kCanary) + "}\n")
          .string();
  ExpectNotShown({"a password as the name of a file", {}, {"--config.file=" + file}});
}

TEST(Redaction, OfTheVariablesOfLibpq) {
  for (const auto& [name, value] :
       {std::pair{"PGDATABASE", "postgresql://x/y?password=Xq7swordfish"},
        std::pair{"PGDATABASE", "host=x password=Xq7swordfish"},
        std::pair{"PGUSER", "app:Xq7swordfish"}, std::pair{"PGHOST", "db;password=Xq7swordfish"}}) {
    ExpectNotShown(
        {std::string(name) + '=' + value, {{name, value}, {"SCIDEX_PG_DSN", "port=1"}}, {}});
  }
}

TEST(Redaction, OfAFlagThatThereIsNot) {
  for (const std::string flag :
       {"--dsn=postgresql://app:Xq7swordfish@db/x", "postgresql://app:Xq7swordfish@db/x",
        "--password=Xq7swordfish", "-pXq7swordfish"}) {
    ExpectNotShown({flag, {}, {flag}});
  }
}

TEST(Redaction, OfPgpassword) {
  ExpectNotShown(
      {"PGPASSWORD", {{"PGPASSWORD", kCanary}, {"SCIDEX_PG_DSN", "host=127.0.0.1 port=1"}}, {}});
}

TEST(Redaction, OfAFileThatIsWrong) {
  const TempDir dir;
  for (const std::string text : {
           "primary:\n  dsn: postgresql://app:Xq7swordfish@db/x\n  nonsense: 1\n",
           "primary:\n  password: Xq7swordfish\n",
           "primary: postgresql://app:Xq7swordfish@db/x\n",
           "primary:\n  dsn: [postgresql://app:Xq7swordfish@db/x]\n",
           "postgresql://app:Xq7swordfish@db/x\n",
           "'postgresql://app:Xq7swordfish@db/x': 1\n",
           "primary:\n  dsn: a\n  dsn: postgresql://app:Xq7swordfish@db/x\n",
       }) {
    const std::string file = dir.Write("exporter.yaml", text).string();
    const ProcessResult check = test::Run(
        {{SCIDEX_EXPORTER, "--config.check", "--config.file=" + file, "--log.level=debug"}});
    EXPECT_NE(check.exit_status, 0) << text;
    EXPECT_FALSE(IsShown(check.output + check.errors)) << text << check.errors;
  }
}

}  // namespace
}  // namespace scidex::test
