#include "config/queries.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "config/config.h"
#include "support/temp_dir.h"

namespace scidex::config {
namespace {

using queries::QueryOptions;
using std::chrono::seconds;

class QueriesConfig : public testing::Test {
 protected:
  Config LoadText(const std::string& text) {
    return Load(dir_.Write("e.yaml", text), [](const char*) { return std::nullopt; });
  }
  std::string ErrorOf(const std::string& text) {
    const std::string path = dir_.Write("e.yaml", text);
    try {
      LoadText(text);
    } catch (const ConfigError& error) {
      std::string message = error.what();
      for (std::size_t at; (at = message.find(path)) != std::string::npos;)
        message.replace(at, path.size(), "FILE");
      return message;
    }
    return "no error";
  }
  // The error of a query that is valid except for these lines, which come first.
  std::string ErrorOfQuery(const std::string& lines) {
    std::string text = "queries:\n  - " + lines + "\n";
    if (lines.find("name:") == std::string::npos) text += "    name: q\n";
    if (lines.find("sql:") == std::string::npos) text += "    sql: SELECT 1 AS n\n";
    if (lines.find("values:") == std::string::npos) text += "    values: [{column: n, help: N.}]\n";
    return ErrorOf(text);
  }
  std::string ErrorOfValue(const std::string& value) {
    return ErrorOfQuery("values: [{column: n, help: N., " + value + "}]");
  }

  const test::TempDir dir_;
};

TEST_F(QueriesConfig, AQueryIsWhatItSays) {
  const Config config = LoadText(R"(queries:
  - name: orders
    sql: |
      SELECT 1
    from: primary
    interval: 1m
    timeout: 10s
    labels: [state, kind]
    values:
      - {column: waiting, help: Waiting.}
      - {column: taken, metric: taken_total, type: counter, help: Taken.}
    max_series: 7
    on_error: keep_last
)");
  QueryOptions expected;
  expected.name = "orders";
  expected.sql = "SELECT 1\n";
  expected.from = queries::QueryFrom::kPrimary;
  expected.interval = seconds(60);
  expected.timeout = seconds(10);
  expected.labels = {"state", "kind"};
  expected.values = {{"waiting", "orders_waiting", queries::ValueType::kGauge, "Waiting."},
                     {"taken", "taken_total", queries::ValueType::kCounter, "Taken."}};
  expected.max_series = 7;
  expected.on_error = queries::QueryOnError::kKeepLast;
  EXPECT_EQ(config.database.queries, std::vector<QueryOptions>{expected});
}

TEST_F(QueriesConfig, TheTimeoutIsFiveSecondsOrTheIntervalIfThatIsLess) {
  const std::string rest = "\n    sql: SELECT 1\n    values: [{column: n, help: N.}]\n";
  EXPECT_EQ(LoadText("queries:\n  - name: q" + rest).database.queries[0].timeout, seconds(5));
  EXPECT_EQ(LoadText("queries:\n  - interval: 2s\n    name: q" + rest).database.queries[0].timeout,
            seconds(2));
}

TEST_F(QueriesConfig, ErrorHasItsPlaceAndTheCorrection) {
  EXPECT_EQ(ErrorOf("queries: x\n"), "FILE:1: queries: is not a list; write - name: … lines");
  EXPECT_EQ(ErrorOf("queries: [x]\n"),
            "FILE:1: queries[0]: is not a mapping; write KEY: VALUE lines");
  EXPECT_EQ(ErrorOf("queries:\n  - sql: x\n"), "FILE:2: queries[0]: has no name; write name: NAME");
  EXPECT_EQ(ErrorOf("queries:\n  - name: x\n"),
            "FILE:2: queries[0]: has no sql; write sql: SELECT …");
  EXPECT_EQ(ErrorOf("queries:\n  - name: x\n    sql: SELECT 1\n"),
            "FILE:2: queries[0]: has no values; write values: [{column: …, help: …}]");
  EXPECT_EQ(ErrorOfQuery("name: a-b"),
            "FILE:2: queries[0].name: \"a-b\" is not a query's name; write letters, digits and _");
  EXPECT_EQ(ErrorOfQuery("form: route"),
            "FILE:2: queries[0].form: unknown key; valid keys are from, interval, labels, "
            "max_series, name, on_error, sql, timeout, values");
  EXPECT_EQ(ErrorOfQuery("from: replica"),
            "FILE:2: queries[0].from: \"replica\" is invalid; write one of route, "
            "primary");
  EXPECT_EQ(ErrorOfQuery("interval: 5"),
            "FILE:2: queries[0].interval: \"5\" is invalid; write a duration from "
            "100ms to 1d, such as 15s");
  EXPECT_EQ(ErrorOfQuery("interval: 5s\n    timeout: 6s"),
            "FILE:2: queries[0]: timeout 6s is more than interval 5s; a run must end before the "
            "next one is due");
  EXPECT_EQ(ErrorOfQuery("max_series: 0"),
            "FILE:2: queries[0].max_series: \"0\" is invalid; write a whole number "
            "from 1 to 100000");
  EXPECT_EQ(ErrorOfQuery("labels: x"),
            "FILE:2: queries[0].labels: is not a list; write [COLUMN, …]");
  EXPECT_EQ(ErrorOfQuery("labels: [a, a]"),
            "FILE:2: queries[0]: has a label twice; write each once");
  EXPECT_EQ(ErrorOfQuery("labels: [n]"),
            "FILE:2: queries[0]: \"n\" is both a label and a value; use it as one of them");
  EXPECT_EQ(ErrorOfQuery("values: [{column: n}]"),
            "FILE:2: queries[0].values[0]: has no help; write help: what the number means");
  EXPECT_EQ(ErrorOfQuery("values: [{help: n}]"),
            "FILE:2: queries[0].values[0]: has no column; write column: NAME");
}

TEST_F(QueriesConfig, NamesObeyPrometheusRules) {
  for (const char* label : {"__name", "a-b", "1a", "le", "quantile"}) {
    EXPECT_NE(ErrorOfQuery("labels: [" + std::string(label) + "]").find("cannot be a label"),
              std::string::npos)
        << label;
  }
  const std::string at = "FILE:2: queries[0].values[0]: ";
  EXPECT_EQ(ErrorOfValue("metric: \"a:b\""),
            at + "\"a:b\" is not a metric's name; write letters, digits and _, such as "
                 "orders_waiting");
  EXPECT_EQ(ErrorOfValue("metric: scidex_pg_pool_x"),
            at + "\"scidex_pg_pool_x\" begins with scidex_pg_, which is reserved; choose "
                 "another name");
  EXPECT_EQ(ErrorOfValue("metric: up"),
            at + "\"up\" is reserved by Prometheus; choose another name");
  EXPECT_EQ(ErrorOfValue("metric: _total, type: counter"),
            at + "\"_total\" consists only of _total; choose another name");
  EXPECT_EQ(ErrorOfValue("metric: x_total"),
            at + "\"x_total\" is a gauge, whose name cannot end in _total; choose another name");
  EXPECT_EQ(ErrorOfValue("metric: x_created_total, type: counter"),
            at + "\"x_created_total\" is a counter, whose name cannot end in _created_total; "
                 "choose another name");
  EXPECT_EQ(
      ErrorOfValue("metric: x_bucket, type: counter"),
      at + "\"x_bucket\" is a counter, whose name cannot end in _bucket; choose another name");
  EXPECT_EQ(ErrorOfValue("unit: seconds"),
            at + "\"q_n\" does not end in its unit; write, for instance, q_n_seconds");
  EXPECT_EQ(ErrorOfValue("type: counter, metric: n_total, unit: bytes"),
            at + "\"n_total\" does not end in its unit; write, for instance, n_bytes_total");
  EXPECT_EQ(ErrorOfValue("unit: hours"),
            at + "\"hours\" is not a base unit; write one of seconds, bytes, ratio, celsius, "
                 "meters, volts, amperes, joules, grams");
  EXPECT_EQ(ErrorOfValue("metric: x_seconds_total, type: counter, unit: seconds"), "no error");
}

TEST_F(QueriesConfig, HelpThatIsNotUtf8IsRefused) {
  EXPECT_EQ(ErrorOfQuery("values: [{column: n, help: Gr\xF6\xDF"
                         "e}]"),
            "FILE:2: the file: contains a character that is not UTF-8; save it in UTF-8");
  EXPECT_EQ(ErrorOfQuery("values: [{column: n, help: Größe}]"), "no error");
}

TEST_F(QueriesConfig, UnusualNamesThatDashboardsAskForAreTakenWithAWarning) {
  const auto warnings_of = [&](const std::string& value) {
    const std::vector<std::string> warnings =
        LoadText("queries:\n  - {name: q, sql: SELECT 1 AS n, values: [{column: n, help: N., " +
                 value + "}]}\n")
            .warnings;
    return warnings.empty() ? "none" : warnings[0].substr(warnings[0].find(": ") + 2);
  };
  const std::string at = "queries[0].values[0]: ";
  EXPECT_EQ(warnings_of("metric: pg_locks_count"),
            at + "\"pg_locks_count\" is a gauge whose name ends in _count, which tools may mistake "
                 "for part of another type");
  EXPECT_NE(warnings_of("metric: pg_info"), "none");
  EXPECT_EQ(warnings_of("metric: pg_xact_commit, type: counter"),
            at + "\"pg_xact_commit\" is a counter whose name does not end in _total; OpenMetrics "
                 "has no such counters, so it is exposed there with type unknown");
  EXPECT_EQ(warnings_of("metric: pg_xact_commit"), "none");
}

TEST_F(QueriesConfig, NoTwoQueriesHaveOneNameAndNoTwoMetricsOneFamily) {
  const auto query = [](const std::string& name, const std::string& value) {
    return "  - {name: " + name + ", sql: SELECT 1, values: [{column: n, help: N., " + value +
           "}]}\n";
  };
  EXPECT_EQ(ErrorOf("queries:\n" + query("a", "metric: x") + query("a", "metric: y")),
            "FILE:3: queries[1]: the name \"a\" is already used: FILE:2: queries[0]");
  // Their families have one name in OpenMetrics.
  EXPECT_EQ(ErrorOf("queries:\n" + query("a", "metric: x") +
                    query("b", "metric: x_total, type: counter")),
            "FILE:3: queries[1]: the metric \"x_total\" is already defined: FILE:2: queries[0]");
  EXPECT_NE(ErrorOf("queries:\n" + query("a", "metric: x, type: counter") +
                    query("b", "metric: x_total, type: counter")),
            "no error");
  EXPECT_EQ(ErrorOf("query_sets: [connections]\nqueries:\n" + query("a", "metric: pg_connections")),
            "FILE:1: query_sets: the set connections: the metric \"pg_connections\" is already "
            "defined: FILE:3: queries[0]");
}

TEST_F(QueriesConfig, AThousandQueriesLoadAndOneMoreIsRefused) {
  std::string text = "queries:\n";
  for (std::size_t i = 0; i < kMaxQueries; ++i) {
    text +=
        "  - {name: q" + std::to_string(i) + ", sql: SELECT 1, values: [{column: n, help: N.}]}\n";
  }
  EXPECT_EQ(LoadText(text).database.queries.size(), kMaxQueries);
  EXPECT_EQ(ErrorOf(text + "  - {name: x, sql: SELECT 1, values: [{column: n, help: N.}]}\n"),
            "FILE:1002: queries[1000]: there are 1001 queries; at most 1000 are allowed");
}

TEST_F(QueriesConfig, SetsAreThereByName) {
  EXPECT_EQ(QuerySetNames(),
            (std::vector<std::string>{"connections", "locks", "replication", "transactions"}));
  EXPECT_GE(LoadText("query_sets: [replication, connections]\n").database.queries.size(), 4u);
  EXPECT_EQ(ErrorOf("query_sets: [replicas]\n"),
            "FILE:1: query_sets: \"replicas\" is invalid; write a list of connections locks "
            "replication transactions, each at most once");
  EXPECT_EQ(ErrorOf("query_sets: [locks, conections]\n").substr(0, 72),
            "FILE:1: query_sets: \"conections\" is invalid; did you mean connections? w");
  EXPECT_EQ(ErrorOf("query_sets: [locks, locks]\n").substr(0, 19), "FILE:1: query_sets:");
}

TEST_F(QueriesConfig, LabelsOfSetsAreNamedAfterTheColumnsOfPostgres) {
  std::set<std::string> labels;
  for (const std::string& set : QuerySetNames()) {
    for (const PlacedQuery& query : ReadQuerySet(set))
      labels.insert(query.options.labels.begin(), query.options.labels.end());
  }
  EXPECT_EQ(labels,
            (std::set<std::string>{"application_name", "client_addr", "datname", "slot_name",
                                   "slot_type", "state", "sync_state", "usename"}));
}

TEST_F(QueriesConfig, QueryOnThePrimaryNeedsAPrimary) {
  EXPECT_EQ(ErrorOf("replica: {dsn: host=r}\nquery_sets: [locks]\n"),
            "FILE:2: query_sets: the set locks queries the primary, and no primary is configured; "
            "set primary.dsn, or remove the set");
  EXPECT_EQ(ErrorOf("replica: {dsn: host=r}\nqueries:\n  - {name: q, sql: SELECT 1 AS n, "
                    "from: primary, values: [{column: n, help: N.}]}\n"),
            "FILE:3: queries[0].from: is primary, and no primary is configured; set primary.dsn, "
            "or write from: route");
}

TEST_F(QueriesConfig, AnotherQueryIsAnotherHash) {
  const auto hash = [this](const std::string& sql) {
    return LoadText("queries: [{name: q, sql: " + sql + ", values: [{column: n, help: N.}]}]\n")
        .hash;
  };
  EXPECT_EQ(hash("SELECT 1"), hash("SELECT 1"));
  EXPECT_NE(hash("SELECT 1"), hash("SELECT 2"));
  EXPECT_NE(hash("SELECT 1"), LoadText("queries: []\n").hash);
}

}  // namespace
}  // namespace scidex::config
