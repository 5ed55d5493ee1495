#include "app/command_line.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace scidex::app {
namespace {

CommandLine Parse(std::initializer_list<const char*> arguments) {
  std::vector<const char*> argv{"scidex_pg_exporter"};
  argv.insert(argv.end(), arguments);
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data());
}

TEST(CommandLine, WithoutFlagsChangesNothing) {
  const CommandLine flags = Parse({});
  EXPECT_EQ(flags.error, "");
  EXPECT_EQ(flags.print, "");
  config::Config config;
  ApplyFlags(flags, config);
  EXPECT_EQ(config.web.listen_addresses, std::vector<std::string>{":19187"});
  EXPECT_EQ(config.telemetry_path, "/metrics");
  EXPECT_EQ(config.web.max_requests, 16);
  EXPECT_EQ(config.log.level, base::LogLevel::kInfo);
}

TEST(CommandLine, EveryFlagWinsOverTheConfiguration) {
  const CommandLine flags =
      Parse({"--config.file=x.yaml", "--config.check", "--web.listen-address=:1",
             "--web.listen-address", "127.0.0.1:2", "--web.telemetry-path=/m",
             "--web.max-requests=3", "--log.level=debug", "--log.format=json"});
  EXPECT_EQ(flags.error, "");
  EXPECT_EQ(flags.config_file, "x.yaml");
  EXPECT_TRUE(flags.config_check);
  config::Config config;
  ApplyFlags(flags, config);
  EXPECT_EQ(config.web.listen_addresses, (std::vector<std::string>{":1", "127.0.0.1:2"}));
  EXPECT_EQ(config.telemetry_path, "/m");
  EXPECT_EQ(config.web.max_requests, 3);
  EXPECT_EQ(config.log.level, base::LogLevel::kDebug);
  EXPECT_EQ(config.log.format, base::LogFormat::kJson);
}

TEST(CommandLine, EmptyPathOfAFileIsRefused) {
  for (const char* flag : {"--config.file", "--web.config.file"}) {
    EXPECT_NE(Parse({flag, ""}).error.find(std::string(flag) + ": is empty"), std::string::npos);
  }
}

TEST(CommandLine, NoErrorRepeatsAPassword) {
  using Arguments = std::initializer_list<const char*>;
  for (const Arguments& arguments :
       {Arguments{"--dsn=postgresql://app:canary4711@db/x"}, Arguments{"--password=canary4711"},
        Arguments{"--postgresql://app:canary4711@db"}, Arguments{"--password", "canary4711"},
        Arguments{"-pcanary4711"}, Arguments{"-p", "canary4711"},
        Arguments{"postgresql://app:canary4711@db/x"}, Arguments{"host=db password=canary4711"},
        Arguments{"host=db", "canary4711"}, Arguments{"--log.level=postgresql://app:canary4711@db"},
        Arguments{"--log.level", "password=canary4711"},
        Arguments{"--web.max-requests", "password=canary4711"}}) {
    const CommandLine flags = Parse(arguments);
    EXPECT_NE(flags.error, "");
    EXPECT_EQ(flags.error.find("canary4711"), std::string::npos) << flags.error;
  }
  EXPECT_NE(Parse({"--dsn=x", "y"}).error.find("there is no flag --dsn;"), std::string::npos);
}

TEST(CommandLine, WhatIsWrongIsOneLineThatNamesTheFlag) {
  for (const auto& [argument, name] :
       {std::pair{"--web.listen-adress=:1", "--web.listen-adress"},
        std::pair{"--log.level=loud", "--log.level"}, std::pair{"--log.format=xml", "--log.format"},
        std::pair{"--web.max-requests=many", "--web.max-requests"},
        std::pair{"--web.max-requests=-1", "--web.max-requests"},
        std::pair{"--web.telemetry-path=metrics", "--web.telemetry-path"},
        std::pair{"--web.telemetry-path=/-/ready", "--web.telemetry-path"},
        std::pair{"--config.check.syntax=error", "--config.check.syntax: needs --config.check"},
        std::pair{"--config.check.connect", "--config.check.connect: needs --config.check"},
        std::pair{"--config.file", "--config.file"}, std::pair{"word", "word"}}) {
    const CommandLine flags = Parse({argument});
    EXPECT_NE(flags.error.find(name), std::string::npos) << argument << ": " << flags.error;
    EXPECT_EQ(flags.error.find('\n'), std::string::npos) << flags.error;
  }
}

TEST(CommandLine, ACheckTakesUnknownSyntaxForAnErrorUnlessTold) {
  EXPECT_EQ(Parse({"--config.check"}).syntax, SyntaxIs::kError);
  EXPECT_EQ(Parse({"--config.check", "--config.check.syntax=warn"}).syntax, SyntaxIs::kWarn);
  EXPECT_NE(Parse({"--config.check", "--config.check.syntax=loud"}).error, "");
  EXPECT_FALSE(Parse({"--config.check"}).connect);
  EXPECT_TRUE(Parse({"--config.check", "--config.check.connect"}).connect);
}

TEST(CommandLine, HelpNamesEveryFlagAndVariable) {
  const std::string help = Parse({"--help"}).print;
  for (const char* name : {"--config.file", "--config.check", "--config.check.syntax",
                           "--config.check.connect", "--web.listen-address", "--web.telemetry-path",
                           "--web.max-requests", "--log.level", "--log.format", "--version",
                           "SCIDEX_PG_DSN", "SCIDEX_PG_RO_DSN", "SCIDEX_PG_POOL_LOG_INTERVAL"}) {
    EXPECT_NE(help.find(name), std::string::npos) << name;
  }
}

TEST(CommandLine, VersionIsPrinted) {
  EXPECT_EQ(Parse({"--version"}).print.substr(0, 19), "scidex_pg_exporter ");
}

}  // namespace
}  // namespace scidex::app
