// Invalid input to the process: one clear line, exit code 1, no secret, no stack trace.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "support/exporter_process.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace scidex::test {
namespace {

using testing::EndsWith;

constexpr const char* kCanary = "canary-4711";

struct Refusal {
  std::string what;
  std::vector<std::string> flags;
  std::map<std::string, std::string> environment;
  // The texts that the line must contain.
  std::vector<std::string> names;
};

class CommandLineTest : public testing::Test {
 protected:
  static ProcessResult RunExporter(const std::vector<std::string>& flags,
                                   const std::map<std::string, std::string>& environment = {}) {
    std::vector<std::string> command{SCIDEX_EXPORTER};
    command.insert(command.end(), flags.begin(), flags.end());
    return scidex::test::Run({command, environment, ""});
  }
  static void ExpectRefused(const Refusal& refusal) {
    const ProcessResult result = RunExporter(refusal.flags, refusal.environment);
    EXPECT_EQ(result.exit_status, 1) << refusal.what;
    EXPECT_EQ(result.output, "") << refusal.what;
    EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1)
        << refusal.what << ":\n"
        << result.errors;
    for (const std::string& name : refusal.names) {
      EXPECT_NE(result.errors.find(name), std::string::npos)
          << refusal.what << ": " << result.errors;
    }
    EXPECT_EQ(result.errors.find(kCanary), std::string::npos)
        << refusal.what << ": " << result.errors;
  }

  const TempDir dir_;
};

TEST_F(CommandLineTest, BadInputIsOneLineThatNamesThePlace) {
  const auto file = [this](const std::string& text) {
    return "--config.file=" + dir_.Write("bad.yaml", text).string();
  };
  const std::string canary = kCanary;
  ExpectRefused({"unknown flag", {"--web.listen-adress=:1"}, {}, {"--web.listen-adress"}});
  ExpectRefused(
      {"missing file", {"--config.file=/nonexistent/x.yaml"}, {}, {"/nonexistent/x.yaml"}});
  ExpectRefused({"directory",
                 {"--config.file=" + dir_.path().string()},
                 {},
                 {dir_.path().string(), "directory"}});
  ExpectRefused(
      {"unknown key", {file("primary:\n  dns: x\n")}, {}, {"bad.yaml:2", "primary.dns", "dsn"}});
  ExpectRefused({"wrong type",
                 {file("pools:\n  ro:\n    max_size: many\n")},
                 {},
                 {"bad.yaml:3", "pools.ro.max_size"}});
  ExpectRefused({"wrong unit",
                 {file("probe:\n  interval: 5 parsecs\n")},
                 {},
                 {"bad.yaml:2", "probe.interval"}});
  ExpectRefused({"max < min",
                 {file("pools:\n  ro:\n    min_idle: 5\n    max_size: 2\n")},
                 {},
                 {"bad.yaml", "pools.ro", "min_idle", "max_size"}});
  ExpectRefused({"DSN with a typo in the file",
                 {file("primary:\n  dsn: hots=" + canary + "\n")},
                 {},
                 {"bad.yaml:2", "primary.dsn"}});
  ExpectRefused({"DSN with a typo in the environment",
                 {},
                 {{"SCIDEX_PG_DSN", "host=db prot=" + canary}},
                 {"SCIDEX_PG_DSN"}});
  ExpectRefused({"replica's DSN with a typo",
                 {},
                 {{"SCIDEX_PG_RO_DSN", "host=db password=a " + canary}},
                 {"SCIDEX_PG_RO_DSN"}});
  ExpectRefused({"bad interval",
                 {},
                 {{"SCIDEX_PG_POOL_LOG_INTERVAL", "often"}},
                 {"SCIDEX_PG_POOL_LOG_INTERVAL"}});
  ExpectRefused({"IPv6", {"--web.listen-address=::1:0"}, {}, {"::1:0", "[::1]:0"}});
}

// Earlier log lines, for example about a database that does not answer, may precede it.
TEST_F(CommandLineTest, APortInUseIsNamedInTheLastLine) {
  ExporterProcess first(SCIDEX_EXPORTER, {});
  const std::string address = "127.0.0.1:" + std::to_string(first.port());
  const ProcessResult second = RunExporter({"--web.listen-address=" + address});
  EXPECT_EQ(second.exit_status, 1);
  EXPECT_THAT(second.errors, EndsWith("scidex_pg_exporter: cannot listen on " + address +
                                      ": Address already in use\n"));
}

TEST_F(CommandLineTest, CheckReportsAValidFileWithoutStarting) {
  const ProcessResult result =
      RunExporter({"--config.check",
                   "--config.file=" + std::string(SCIDEX_SOURCE_DIR) + "/config/exporter.yaml"});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
}

TEST_F(CommandLineTest, CheckRejectsWhatStartupWouldReject) {
  ExpectRefused({"check", {"--config.check"}, {{"SCIDEX_PG_DSN", "host"}}, {"SCIDEX_PG_DSN"}});
}

TEST_F(CommandLineTest, VersionAndHelpAreForPeople) {
  const ProcessResult version = RunExporter({"--version"});
  EXPECT_EQ(version.exit_status, 0);
  EXPECT_NE(version.output.find("scidex_pg_exporter"), std::string::npos);
  const ProcessResult help = RunExporter({"--help"});
  EXPECT_EQ(help.exit_status, 0);
  EXPECT_NE(help.output.find("--config.file"), std::string::npos);
}

}  // namespace
}  // namespace scidex::test
