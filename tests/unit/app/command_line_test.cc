#include "app/command_line.h"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <optional>
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
  const CommandLine flags = Parse({"--config.file=x.yaml", "--config.check",
                                   "--web.listen-address=:1", "--web.listen-address", "127.0.0.1:2",
                                   "--web.telemetry-path=/m", "--web.max-requests=3",
                                   "--log.level=debug", "--log.format=json", "--log.journald=on"});
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
  EXPECT_EQ(config.log.journald, base::Journald::kOn);
}

TEST(CommandLine, EmptyAddressMeansToListenNowhere) {
  config::Config config;
  ApplyFlags(Parse({"--web.listen-address="}), config);
  EXPECT_EQ(config.web.listen_addresses, std::vector<std::string>{});
  ApplyFlags(Parse({"--web.listen-address=", "--web.listen-address=:1"}), config);
  EXPECT_EQ(config.web.listen_addresses, std::vector<std::string>{":1"});
}

TEST(CommandLine, TextfileWinsOverTheConfiguration) {
  config::Config config;
  config.textfile_path = "/a.prom";
  ApplyFlags(Parse({"--textfile.path=/b.prom", "--textfile.interval=30s"}), config);
  EXPECT_EQ(config.textfile_path, "/b.prom");
  EXPECT_EQ(config.textfile_interval, std::chrono::seconds(30));
}

TEST(CommandLine, ReadyIsAskedForWithAnyRouteWithOneOrWithOneOfSeveral) {
  using routing::Route;
  using Routes = std::vector<Route>;
  EXPECT_EQ(Parse({}).probe_ready, std::nullopt);
  EXPECT_EQ(Parse({"--probe.ready"}).probe_ready, Routes{});
  EXPECT_EQ(Parse({"--probe.ready", "--log.level=info"}).probe_ready, Routes{});
  EXPECT_EQ(Parse({"--probe.ready=replica"}).probe_ready, Routes{Route::kReplica});
  EXPECT_EQ(Parse({"--probe.ready=replica,primary_fallthrough"}).probe_ready,
            (Routes{Route::kReplica, Route::kPrimaryFallthrough}));
  EXPECT_EQ(Parse({"--probe.timeout=250ms"}).probe_timeout, std::chrono::milliseconds(250));
}

// Probably an unset variable: the exporter must not seem ready whatever the route is.
TEST(CommandLine, EmptyRouteIsRefused) {
  for (const CommandLine& flags :
       {Parse({"--probe.ready="}), Parse({"--probe.ready", ""}),
        Parse({"--probe.ready", "", "--log.level=info"}), Parse({"--probe.ready=,"})}) {
    EXPECT_NE(flags.error.find("--probe.ready: "), std::string::npos) << flags.error;
  }
}

TEST(CommandLine, EmptyPathOfAFileIsRefused) {
  for (const char* flag : {"--config.file", "--web.config.file", "--textfile.path"}) {
    for (const CommandLine& flags :
         {Parse({flag, ""}), Parse({(std::string(flag) + "=").c_str(), "--log.level=info"})}) {
      EXPECT_NE(flags.error.find(std::string(flag) + ": is empty"), std::string::npos)
          << flags.error;
    }
  }
}

TEST(CommandLine, FlagThatIsGivenTwiceIsNotCalledEmpty) {
  for (const char* flag : {"--config.file", "--web.config.file", "--textfile.path"}) {
    const std::string once = std::string(flag) + "=a.prom";
    const CommandLine flags = Parse({once.c_str(), once.c_str()});
    EXPECT_NE(flags.error.find(std::string(flag) + ": At Most 1"), std::string::npos)
        << flags.error;
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
  EXPECT_NE(Parse({"--dsn=x", "y"}).error.find("unknown flag --dsn;"), std::string::npos);
}

TEST(CommandLine, ErrorIsOneLineThatNamesTheFlag) {
  for (const auto& [argument, name] :
       {std::pair{"--web.listen-adress=:1", "--web.listen-adress"},
        std::pair{"--log.level=loud", "--log.level"},
        std::pair{"--log.format=xml", "--log.format"},
        std::pair{"--web.max-requests=many", "--web.max-requests"},
        std::pair{"--web.max-requests=-1", "--web.max-requests"},
        std::pair{"--web.allowed-hosts=db:19187", "--web.allowed-hosts"},
        std::pair{"--web.allowed-hosts=", "--web.allowed-hosts"},
        std::pair{"--web.telemetry-path=metrics", "--web.telemetry-path"},
        std::pair{"--web.telemetry-path=/-/ready", "--web.telemetry-path"},
        std::pair{"--config.check.startup", "--config.check.startup: requires --config.check"},
        std::pair{"--config.check.connect", "--config.check.connect: requires --config.check"},
        std::pair{"--config.reload=0", "--config.reload"},
        std::pair{"--config.reload=self", "--config.reload"},
        std::pair{"--probe.ready=primary", "--probe.ready"},
        std::pair{"--probe.ready=replica,", "--probe.ready"},
        std::pair{"--probe.ready=", "--probe.ready"},
        std::pair{"--probe.timeout=5", "--probe.timeout"},
        std::pair{"--probe.timeout=0s", "--probe.timeout"},
        std::pair{"--once.timeout=soon", "--once.timeout"},
        std::pair{"--textfile.interval=2m", "--textfile.interval"},
        std::pair{"--log.journald=maybe", "--log.journald"},
        std::pair{"--config.file", "--config.file"},
        std::pair{"word", "word"}}) {
    const CommandLine flags = Parse({argument});
    EXPECT_NE(flags.error.find(name), std::string::npos) << argument << ": " << flags.error;
    EXPECT_EQ(flags.error.find('\n'), std::string::npos) << flags.error;
  }
}

TEST(CommandLine, CheckIsStrictAndDoesNotConnectByDefault) {
  EXPECT_FALSE(Parse({"--config.check"}).startup);
  EXPECT_TRUE(Parse({"--config.check", "--config.check.startup"}).startup);
  EXPECT_FALSE(Parse({"--config.check"}).connect);
  EXPECT_TRUE(Parse({"--config.check", "--config.check.connect"}).connect);
}

TEST(CommandLine, HelpNamesEveryFlagAndVariable) {
  const std::string help = Parse({"--help"}).print;
  for (const char* name : {"--help",
                           "--config.file",
                           "--config.check",
                           "--config.check.startup",
                           "--config.check.connect",
                           "--config.reload",
                           "--probe.ready",
                           "--probe.timeout",
                           "--web.listen-address",
                           "--web.allowed-hosts",
                           "--web.telemetry-path",
                           "--web.config.file",
                           "--web.max-requests",
                           "--web.enable-lifecycle",
                           "--textfile.interval",
                           "--textfile.path",
                           "--once",
                           "--once.timeout",
                           "--log.level",
                           "--log.format",
                           "--log.journald",
                           "--version",
                           "SCIDEX_PG_DSN",
                           "SCIDEX_PG_RO_DSN",
                           "SCIDEX_PG_POOL_LOG_INTERVAL"}) {
    EXPECT_NE(help.find(name), std::string::npos) << name;
  }
}

TEST(CommandLine, VersionIsPrinted) {
  EXPECT_EQ(Parse({"--version"}).print.substr(0, 19), "scidex_pg_exporter ");
}

}  // namespace
}  // namespace scidex::app
