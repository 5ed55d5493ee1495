#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "config/file.h"
#include "config/keys.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace scidex::config {
namespace {

using Variables = std::map<std::string, std::string>;

Environment MakeEnvironment(const Variables& variables) {
  return [variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

class ConfigTest : public testing::Test {
 protected:
  Config LoadText(const std::string& text, const Variables& variables = {}) {
    return Load(dir_.Write("e.yaml", text), MakeEnvironment(variables));
  }
  // The error of a file, which begins with FILE.
  std::string ErrorOf(const std::string& text, const Variables& variables = {}) {
    const std::string path = dir_.Write("e.yaml", text);
    try {
      Load(path, MakeEnvironment(variables));
    } catch (const ConfigError& error) {
      std::string message = error.what();
      if (message.starts_with(path)) message.replace(0, path.size(), "FILE");
      return message;
    }
    return "no error";
  }

  const test::TempDir dir_;
};

TEST_F(ConfigTest, TheCommentedFileHasEveryKeyAndIsEqualToTheDefaults) {
  Draft from_file;
  const Lines lines = ReadFile(std::string(SCIDEX_SOURCE_DIR) + "/config/exporter.yaml", from_file);
  const Draft defaults;
  for (const Key& key : Keys()) {
    EXPECT_TRUE(lines.contains(key.path)) << key.path << " is missing in config/exporter.yaml";
    EXPECT_EQ(key.get(from_file), key.get(defaults)) << key.path;
  }
}

// tests/architecture/configuration_reference.py puts the file into docs/configuration.md.
TEST_F(ConfigTest, TheReferenceHasTheValuesThatAreAccepted) {
  std::string values;
  for (const Key& key : Keys()) {
    if (!key.values.empty()) values += key.path + ": " + key.values + '\n';
  }
  const std::string path = std::string(SCIDEX_SOURCE_DIR) + "/tests/unit/config/values.golden";
  if (test::UpdateGolden()) test::WriteAll(path, values);
  EXPECT_EQ(test::ReadAll(path), values) << "SCIDEX_UPDATE_GOLDEN=1 writes it";
}

TEST_F(ConfigTest, DifferencesBetweenFilesAreNamedWithoutTheirValues) {
  const std::string query =
      "queries: [{name: q, sql: SELECT 1 AS n, values: [{column: n, help: N.}]}]\n";
  const Config before = LoadText("primary: {dsn: 'host=a password=canary1'}\n" + query);
  EXPECT_EQ(ChangedKeys(before, before), std::vector<std::string>{});
  const Config after = LoadText(
      "primary: {dsn: 'host=a password=canary2'}\npools: {ro: {max_size: 7}}\nqueries: [{name: r, "
      "sql: SELECT 2 AS n, values: [{column: n, help: N.}]}]\n");
  EXPECT_EQ(
      ChangedKeys(before, after),
      (std::vector<std::string>{"pools.ro.max_size", "primary.dsn", "queries.q", "queries.r"}));
}

TEST_F(ConfigTest, TheVariableOfAnotherExporterIsAWarningUnlessThereIsADsn) {
  const Variables other{{"DATA_SOURCE_NAME", "postgresql://app:canary@db/shop"}};
  EXPECT_EQ(
      LoadText("log: {level: info}\n", other).warnings,
      (std::vector<std::string>{
          "DATA_SOURCE_NAME is set but not used by this exporter: set SCIDEX_PG_DSN instead"}));
  Variables both = other;
  both["SCIDEX_PG_DSN"] = "host=db";
  EXPECT_EQ(LoadText("log: {level: info}\n", both).warnings, std::vector<std::string>{});
}

TEST_F(ConfigTest, EveryKeyChangesItsOption) {
  Draft draft;
  for (const Key& key : Keys()) {
    const auto before = key.get(draft);
    for (const char* other : {"/other", "7", "7s", "debug", "json", "never", "reset_all", "dry_run",
                              "true", "replication", "serve_stale", "on"}) {
      if (before != std::vector<std::string>{other} && key.set({other}, draft)) break;
    }
    EXPECT_NE(key.get(draft), before) << key.path;
  }
}

TEST_F(ConfigTest, PoolsHaveTheDefaultsOfPoolsUnlessTheySetTheirOwn) {
  const Config config = LoadText(
      "pools: {ro: {max_size: 7}, defaults: {max_size: 30, leak_after: 1m}, primary: {leak_after: "
      "2m}}\n");
  EXPECT_EQ(config.database.ro_pool.max_size, 7u);
  EXPECT_EQ(config.database.primary_pool.max_size, 30u);
  EXPECT_EQ(config.database.ro_fallthrough_pool.max_size, 30u);
  EXPECT_EQ(config.database.primary_pool.leak_after, std::chrono::minutes(2));
  EXPECT_EQ(config.database.ro_fallthrough_pool.leak_after, std::chrono::minutes(1));
  // Keys that the file does not set keep the default of each pool.
  EXPECT_EQ(config.database.primary_pool.min_idle, 2u);
  EXPECT_EQ(config.database.ro_fallthrough_pool.min_idle, 1u);
}

TEST_F(ConfigTest, DefaultsOfPoolsAreTheSameConfigurationAsTheKeysWrittenOut) {
  const Config defaults = LoadText("pools: {defaults: {max_waiters: 9}}\n");
  const Config written =
      LoadText("pools: {primary: &p {max_waiters: 9}, ro: *p, ro_fallthrough: *p}\n");
  EXPECT_EQ(defaults.hash, written.hash);
  EXPECT_EQ(ChangedKeys(defaults, written), std::vector<std::string>{});
  EXPECT_EQ(ChangedKeys(defaults, LoadText("pools: {defaults: {max_waiters: 8}}\n")),
            (std::vector<std::string>{"pools.primary.max_waiters", "pools.ro.max_waiters",
                                      "pools.ro_fallthrough.max_waiters"}));
}

TEST_F(ConfigTest, ADefaultOfPoolsThatDoesNotFitIsNamedByItsLine) {
  EXPECT_EQ(
      ErrorOf("pools:\n  ro: {max_size: 4}\n  defaults:\n    min_idle: 5\n"),
      "FILE:4: pools.defaults.min_idle: 5 is more than pools.ro.max_size, which is 4; write at "
      "most 4");
  EXPECT_EQ(ErrorOf("pools:\n  defaults: {min_idle: 5, max_size: 4}\n"),
            "FILE:2: pools.defaults.min_idle: 5 is more than pools.defaults.max_size, which is 4; "
            "write at most 4");
  EXPECT_EQ(ErrorOf("pools: {defaults: {max_size: 4}, primary: {min_idle: 5}}\n"),
            "FILE:1: pools.primary.min_idle: 5 is more than pools.defaults.max_size, which is 4; "
            "write at most 4");
  EXPECT_EQ(ErrorOf("pools:\n  defaults:\n    max_size: 0\n"),
            "FILE:3: pools.defaults.max_size: \"0\" is invalid; write a whole number from 1 to "
            "10000");
}

TEST_F(ConfigTest, TheMinimalFileLoads) {
  const Config config =
      Load(std::string(SCIDEX_SOURCE_DIR) + "/config/exporter.minimal.yaml", MakeEnvironment({}));
  EXPECT_TRUE(config.database.primary.has_value());
  EXPECT_TRUE(config.database.replica.has_value());
}

TEST_F(ConfigTest, AFileThatSetsNothingIsRefused) {
  for (const char* text : {"", "\n", "# nothing\n", "---\n", "{}\n", "null\n",
                           "probe:\n  # interval: 2s\n", "probe: {}\n"}) {
    EXPECT_EQ(ErrorOf(text), "FILE: sets nothing; write at least one key, or omit --config.file")
        << text;
  }
  EXPECT_EQ(LoadText("probe: {timeout: 1s}\nlog:\n  # level: debug\n").database.probe.interval,
            std::chrono::seconds(1));
  EXPECT_EQ(LoadText("queries: []\n").database.queries.size(), 0u);
}

TEST_F(ConfigTest, MergeKeyIsReportedAsUnsupported) {
  EXPECT_EQ(ErrorOf("pools:\n  ro: &small {max_size: 3}\n  primary:\n    <<: *small\n"),
            "FILE:4: pools.primary: has a merge key (<<), which is not supported; write its keys "
            "out");
}

TEST_F(ConfigTest, FewAliasesAreAcceptedAndManyRefused) {
  EXPECT_EQ(
      LoadText("pools:\n  ro: &a {max_size: 3}\n  primary: *a\n").database.primary_pool.max_size,
      3u);
  std::string many = "web:\n  allowed_hosts: [&a host";
  for (int i = 0; i < 33; ++i) many += ", *a";
  EXPECT_NE(ErrorOf(many + "]\n").find("too many aliases"), std::string::npos);
  std::string large = "pools:\n  ro: &a {max_size: 3}\n  primary: *a\n#";
  EXPECT_NE(ErrorOf(large + std::string(70'000, 'x')).find("too large"), std::string::npos);
}

TEST_F(ConfigTest, ValueThatLooksLikeADsnIsNotRepeated) {
  for (const char* value : {"postgresql://u:canary4711@db", "host=db password=canary4711"}) {
    const std::string error = ErrorOf("log: {level: \"" + std::string(value) + "\"}\n");
    EXPECT_EQ(error.find("canary4711"), std::string::npos) << error;
    EXPECT_NE(error.find("log.level"), std::string::npos) << error;
    EXPECT_EQ(
        ErrorOf("log: {level: info}\n", {{"SCIDEX_PG_POOL_LOG_INTERVAL", value}}).find("canary"),
        std::string::npos);
  }
}

TEST_F(ConfigTest, TypoThatMakesASecretAKeyDoesNotPrintIt) {
  for (const char* text : {"primary: {dsn:postgresql://u:canary4711@db/x}\n",
                           "\"dsn:canary4711\": x\n", "primary:\n  \"canary4711 \": x\n"}) {
    try {
      LoadText(text);
      ADD_FAILURE() << "not refused: " << text;
    } catch (const ConfigError& error) {
      EXPECT_EQ(std::string(error.what()).find("canary4711"), std::string::npos) << error.what();
      EXPECT_THAT(error.what(),
                  testing::AllOf(testing::HasSubstr(" space "), testing::HasSubstr("colon")));
    }
  }
}

TEST_F(ConfigTest, ProbesTooRareForTheAutoscalerAreWarnedOf) {
  EXPECT_TRUE(LoadText("probe:\n  interval: 10s\n").warnings.empty());
  EXPECT_TRUE(LoadText("autoscaler:\n  mode: on\n").warnings.empty());
  EXPECT_EQ(
      LoadText("probe:\n  interval: 10s\nautoscaler:\n  mode: on\n").warnings,
      std::vector<std::string>{"the autoscaler considers a probe valid for 10s, and probe.interval "
                               "is 10s: no pool can grow between probes"});
}

TEST_F(ConfigTest, TheEnvironmentWinsOverTheFile) {
  const Config config =
      LoadText("primary:\n  dsn: host=file\npool_logger:\n  interval: 1m\n",
               {{"SCIDEX_PG_DSN", "host=environment"}, {"SCIDEX_PG_POOL_LOG_INTERVAL", "90"}});
  EXPECT_EQ(config.database.primary->dsn.Reveal(), "host=environment");
  EXPECT_EQ(config.SourceOf("primary.dsn"), "SCIDEX_PG_DSN");
  EXPECT_EQ(config.database.pool_logger.interval, std::chrono::seconds(90));
}

TEST_F(ConfigTest, WithoutAnyDsnThereIsAPrimaryAtLibpqsDefaults) {
  const Config config = Load("", MakeEnvironment({}));
  ASSERT_TRUE(config.database.primary.has_value());
  EXPECT_TRUE(config.database.primary->dsn.empty());
  EXPECT_FALSE(config.database.replica.has_value());
}

TEST_F(ConfigTest, WithAReplicasDsnAloneThereIsNoPrimary) {
  const Config config = Load("", MakeEnvironment({{"SCIDEX_PG_RO_DSN", "host=replica"}}));
  EXPECT_FALSE(config.database.primary.has_value());
  EXPECT_EQ(config.database.replica->dsn.Reveal(), "host=replica");
}

TEST_F(ConfigTest, AnEmptyVariableIsNoVariable) {
  const Config config =
      Load("", MakeEnvironment({{"SCIDEX_PG_DSN", ""}, {"SCIDEX_PG_RO_DSN", ""}}));
  EXPECT_TRUE(config.database.primary.has_value());
  EXPECT_FALSE(config.database.replica.has_value());
}

TEST_F(ConfigTest, SessionSettingsHoldForBothServers) {
  const Config config = LoadText(
      "replica:\n  dsn: host=r\nprimary:\n  dsn: host=p\nsession:\n  reset: discard_all\n");
  EXPECT_EQ(config.database.primary->reset, postgres::SessionReset::kDiscardAll);
  EXPECT_EQ(config.database.replica->reset, postgres::SessionReset::kDiscardAll);
}

TEST_F(ConfigTest, ErrorIsOneLineWithFileLineKeyAndCorrection) {
  EXPECT_EQ(ErrorOf("pools:\n  ro:\n    max_size: ten\n"),
            "FILE:3: pools.ro.max_size: \"ten\" is invalid; write a whole number from "
            "1 to 10000");
  EXPECT_EQ(ErrorOf("pools:\n  ro:\n    max_size: 0\n"),
            "FILE:3: pools.ro.max_size: \"0\" is invalid; write a whole number from 1 "
            "to 10000");
  EXPECT_EQ(ErrorOf("probe:\n  interval: 5 parsecs\n"),
            "FILE:2: probe.interval: \"5 parsecs\" is invalid; write a duration from "
            "10ms to 1h with a "
            "unit, such as 500ms, 5s or 1m30s");
  EXPECT_EQ(ErrorOf("probe:\n  interval: 5\n"),
            "FILE:2: probe.interval: \"5\" is invalid; write a duration from 10ms to "
            "1h with a unit, such "
            "as 500ms, 5s or 1m30s");
  EXPECT_EQ(ErrorOf("log:\n  level: loud\n"),
            "FILE:2: log.level: \"loud\" is invalid; write one of debug, info, warn, error");
  EXPECT_EQ(ErrorOf("log:\n  level: [info]\n"),
            "FILE:2: log.level: this is invalid; write one of debug, info, warn, error");
  EXPECT_EQ(ErrorOf("log:\n  level:\n"),
            "FILE:2: log.level: an empty value is invalid; write one of debug, info, warn, error");
  EXPECT_EQ(ErrorOf("web:\n  listen_addresses: :1\n"),
            "FILE:2: web.listen_addresses: \":1\" is invalid; write a list of "
            "addresses, such as [\":19187\"], or [] to listen nowhere");
  EXPECT_EQ(ErrorOf("web:\n  telemetry_path: /-/ready\n").substr(0, 28),
            "FILE:2: web.telemetry_path: ");
  EXPECT_EQ(ErrorOf("log: loud\n"), "FILE:1: log: is not a mapping; write KEY: VALUE lines");
  EXPECT_EQ(ErrorOf("just words\n"), "FILE:1: the file: is not a mapping; write KEY: VALUE lines");
}

TEST_F(ConfigTest, TelemetryPathIsOneThatClientsSendUnchanged) {
  for (const char* path :
       {"/m", "/metrics/", "/a//b", "/a.b/..c", "/!$&'()*+,;=:@-._~", "/status.css2"}) {
    EXPECT_TRUE(IsTelemetryPath(path)) << path;
  }
  for (const char* path : {"/métrics", "/m\t", "/m n", "/m%6e", "/m?a", "/m#a", "/m\\n", "/<m>",
                           "//m", "/./m", "/m/.", "/../m", "/m/../n", "/m/.."}) {
    EXPECT_FALSE(IsTelemetryPath(path)) << path;
  }
}

TEST_F(ConfigTest, UnknownKeyIsReportedWithTheNearestExistingKey) {
  EXPECT_EQ(ErrorOf("primary:\n  dns: x\n"),
            "FILE:2: primary.dns: unknown key; did you mean primary.dsn?");
  EXPECT_EQ(ErrorOf("pools:\n  ro:\n    maxsize: 3\n"),
            "FILE:3: pools.ro.maxsize: unknown key; did you mean pools.ro.max_size?");
  EXPECT_EQ(ErrorOf("something_else_entirely: 3\n"),
            "FILE:1: something_else_entirely: unknown key; config/exporter.yaml lists all keys");
}

TEST_F(ConfigTest, DuplicateKeyIsRefused) {
  EXPECT_EQ(ErrorOf("log:\n  level: info\n  level: warn\n"),
            "FILE:3: log.level: is set twice; set it once");
  EXPECT_EQ(ErrorOf("primary.dsn: host=a\nprimary:\n  dsn: host=b\n"),
            "FILE:3: primary.dsn: is set twice; set it once");
  EXPECT_EQ(ErrorOf("pools:\n  ro.max_size: 3\npools.ro: {max_size: 4}\n"),
            "FILE:3: pools.ro.max_size: is set twice; set it once");
  EXPECT_EQ(ErrorOf("pools.ro: {min_idle: 1}\npools: {ro: {max_size: 4}}\n"), "no error");
}

TEST_F(ConfigTest, ContradictoryBoundsAreRefusedAtTheirLine) {
  EXPECT_EQ(
      ErrorOf("pools:\n  ro:\n    min_idle: 5\n    max_size: 2\n"),
      "FILE:3: pools.ro.min_idle: 5 is more than pools.ro.max_size, which is 2; write at most 2");
  EXPECT_EQ(ErrorOf("pools:\n  ro:\n    max_size: 1\n"),
            "FILE:3: pools.ro.max_size: 1 is less than pools.ro.min_idle, which is 2 by default; "
            "write at least 2, or "
            "a smaller min_idle");
  EXPECT_EQ(ErrorOf("pools:\n  ro:\n    backoff_initial: 1m\n"),
            "FILE:3: pools.ro.backoff_initial: 1m is more than pools.ro.backoff_cap, which is 5s; "
            "write at most 5s");
}

// Sizes are unsigned, so -1 would become a huge number.
TEST_F(ConfigTest, ANegativeSizeIsRefused) {
  EXPECT_EQ(ErrorOf("pools:\n  ro:\n    max_size: -1\n"),
            "FILE:3: pools.ro.max_size: \"-1\" is invalid; write a whole number from 1 "
            "to 10000");
  EXPECT_EQ(ErrorOf("pools:\n  ro:\n    min_idle: -1\n"),
            "FILE:3: pools.ro.min_idle: \"-1\" is invalid; write a whole number from 0 "
            "to 10000");
}

TEST_F(ConfigTest, InvalidYamlIsRefusedWithItsLine) {
  EXPECT_EQ(ErrorOf("log:\n  level: [info\n").substr(0, 17), "FILE:3: not YAML:");
  EXPECT_EQ(ErrorOf("log: {}\n---\nlog: {}\n"),
            "FILE: contains several YAML documents; write one, and no comma before a key");
}

TEST_F(ConfigTest, AFileThatCannotBeReadIsNamed) {
  const std::string missing = dir_.path() / "missing.yaml";
  EXPECT_THROW(
      {
        try {
          Load(missing, MakeEnvironment({}));
        } catch (const ConfigError& error) {
          EXPECT_EQ(std::string(error.what()),
                    missing + ": cannot be read: No such file or directory");
          throw;
        }
      },
      ConfigError);
  try {
    Load(dir_.path(), MakeEnvironment({}));
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_EQ(std::string(error.what()),
              dir_.path().string() + ": is a directory; name a file in it");
  }
}

TEST_F(ConfigTest, ABadIntervalInTheEnvironmentIsNamed) {
  EXPECT_EQ(
      ErrorOf("log: {level: info}\n", {{"SCIDEX_PG_POOL_LOG_INTERVAL", "often"}}),
      "SCIDEX_PG_POOL_LOG_INTERVAL: \"often\" is not an interval from 1s to 365d; write a number "
      "of seconds, such as 3600, or a duration such as 1h");
  for (const char* value : {"0", "-1", "500ms", "31536001", "366d", "9223372036854775807"}) {
    EXPECT_THAT(ErrorOf("log: {level: info}\n", {{"SCIDEX_PG_POOL_LOG_INTERVAL", value}}),
                testing::HasSubstr("is not an interval"))
        << value;
  }
  const Config longest =
      LoadText("log: {level: info}\n", {{"SCIDEX_PG_POOL_LOG_INTERVAL", "31536000"}});
  EXPECT_EQ(longest.database.pool_logger.interval, std::chrono::hours(365 * 24));
}

TEST_F(ConfigTest, NoErrorRepeatsADsn) {
  for (const std::string text :
       {"primary:\n  dsn: [canary4711]\n", "primary:\n  dsn: {canary4711: x}\n",
        "primary:\n  dsn: canary4711: x\n", "replica:\n\tdsn: canary4711\n",
        "primary:\n  dsn: a\n  dsn: canary4711\n"}) {
    const std::string error = ErrorOf(text);
    EXPECT_NE(error, "no error") << text;
    EXPECT_EQ(error.find("canary4711"), std::string::npos) << error;
  }
}

TEST_F(ConfigTest, DsnInAFileThatAllUsersCanReadIsAWarning) {
  const std::filesystem::path path = dir_.Write("e.yaml", "primary:\n  dsn: host=db\n");
  EXPECT_TRUE(Load(path, MakeEnvironment({})).warnings.empty());
  std::filesystem::permissions(path, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(Load(path, MakeEnvironment({})).warnings.size(), 1u);
}

// Otherwise, libpq would read the DSN without what follows.
TEST_F(ConfigTest, EscapedNulCharacterIsRefused) {
  for (const char* nul : {"\\0", "\\x00", "\\u0000"}) {
    EXPECT_EQ(ErrorOf("primary:\n  dsn: \"host=db" + std::string(nul) + " sslmode=verify-full\"\n"),
              "FILE:2: primary.dsn: contains a NUL character; remove it");
  }
}

TEST_F(ConfigTest, MissingClosingQuoteIsRefusedWhereItsTextBegins) {
  const auto error_of = [&](const std::string& name) {
    return ErrorOf("primary: {dsn: host=a}\nsession:\n  application_name: " + name +
                   "\nread_only: {fallthrough: never}\n");
  };
  for (const char* name : {"'exporter", "\"exporter", "\"exporter\\\"", "'it''s", "'caf\u00e9",
                           "!!str &a 'x", "!!str &a # a comment\n    'x"}) {
    EXPECT_EQ(error_of(name), "FILE:3: the file: has a quoted text without a closing quote")
        << name;
  }
  for (const char* name : {"'it''s'", "\"a \\\" b\"", "it's", "'a\n    b'", "caf\u00e9 '"})
    EXPECT_EQ(error_of(name), "no error") << name;
  EXPECT_EQ(ErrorOf("\xef\xbb\xbf'log: {}\n").substr(0, 7), "FILE:1:");
  EXPECT_EQ(ErrorOf("\xef\xbb\xbflog: {level: 'info'}\n"), "no error");
}

TEST_F(ConfigTest, TypingErrorThatHidesPartOfATextIsRefused) {
  EXPECT_THAT(ErrorOf("primary:\n  dsn: &host=db1 port=2\n"),
              testing::AllOf(testing::HasSubstr("FILE:2:"), testing::HasSubstr("anchor")));
  EXPECT_THAT(ErrorOf("primary:\n  dsn: !host=db1 port=2\n"),
              testing::AllOf(testing::HasSubstr("FILE:2:"), testing::HasSubstr("tag")));
  EXPECT_THAT(ErrorOf("primary: {dsn: host=a}\nread_only\n"),
              testing::AllOf(testing::HasSubstr("FILE:2:"), testing::HasSubstr("without a colon")));
  EXPECT_THAT(ErrorOf("primary: {dsn:host=a, min_version:1}\nread_only: {a: b}\n"),
              testing::AllOf(testing::HasSubstr("FILE:1:"), testing::HasSubstr("without a colon")));
  EXPECT_EQ(ErrorOf("primary: {dsn: host=a}\nread_only:\n"), "no error");
  EXPECT_EQ(ErrorOf("primary: {dsn: host=a}\n\"read_only\" : # a comment\n"), "no error");
  EXPECT_THAT(ErrorOf("primary: {dsn: host=a}\n'read_only ':\n"), testing::HasSubstr("not a word"));
  EXPECT_EQ(ErrorOf("primary: {dsn: host=a}\n&a 'read_only':\n"), "no error");
  EXPECT_EQ(ErrorOf("primary: {dsn: host=a}\n? read_only # a comment\n:\n"), "no error");
  EXPECT_EQ(ErrorOf("primary: &one {dsn: &dsn host=a}\nreplica: {dsn: *dsn}\n"), "no error");
}

TEST_F(ConfigTest, DeeplyNestedFileIsRefused) {
  struct Kind {
    std::string begin;
    std::string open;
    std::string close;
  };
  for (const Kind& kind :
       {Kind{"x: ", "[", "]"}, Kind{"x: ", "{a: ", "}"}, Kind{"x:\n", "- ", ""}}) {
    const auto nested = [&](int levels) {
      std::string text = kind.begin;
      for (int i = 0; i < levels; ++i) text += kind.open;
      for (int i = 0; i < levels; ++i) text += kind.close;
      return text + "\n";
    };
    // The file itself is a level.
    EXPECT_THAT(ErrorOf(nested(31)), testing::Not(testing::HasSubstr("nested"))) << kind.open;
    for (const int levels : {32, 480, 100'000}) {
      EXPECT_THAT(ErrorOf(nested(levels)), testing::HasSubstr("is nested too deeply"))
          << kind.open << levels;
    }
  }
}

TEST_F(ConfigTest, TextThatIsNotUtf8IsRefused) {
  EXPECT_THAT(ErrorOf("primary:\n  dsn: host=a password=caf\xe9\n"),
              testing::AllOf(testing::HasSubstr("FILE:2:"), testing::HasSubstr("UTF-8"),
                             testing::Not(testing::HasSubstr("caf"))));
}

}  // namespace
}  // namespace scidex::config
