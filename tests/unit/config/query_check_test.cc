#include "config/query_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/config.h"
#include "config/sql.h"
#include "support/temp_dir.h"

namespace scidex::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class QueryCheck : public testing::Test {
 protected:
  // The findings in a file with a query that has these lines of SQL, in order: errors, unknown SQL,
  // warnings. Its path is replaced with FILE.
  std::vector<std::string> Findings(const std::string& sql,
                                    const std::string& rest = "values: [{column: n, help: N.}]") {
    const std::string path =
        dir_.Write("e.yaml", "queries:\n  - name: q\n    " + rest + "\n    " + sql + "\n");
    std::vector<std::string> findings;
    try {
      const Config config = Load(path, [](const char*) { return std::nullopt; });
      findings = config.unknown_sql;
      findings.insert(findings.end(), config.warnings.begin(), config.warnings.end());
    } catch (const ConfigError& error) {
      findings.emplace_back(error.what());
    }
    for (std::string& line : findings) {
      for (std::size_t at; (at = line.find(path)) != std::string::npos;)
        line.replace(at, path.size(), "FILE");
    }
    return findings;
  }
  // The position of the syntax error, "LINE:COLUMN"; all findings if there are others.
  std::string SyntaxErrorPosition(const std::string& sql) {
    const std::vector<std::string> findings = Findings(sql);
    const std::string end = ": queries[0].sql: syntax error, by the grammar of " +
                            std::string(SqlGrammar()) + "; a newer server may accept it";
    if (findings.size() != 1 || !findings[0].starts_with("FILE:") || !findings[0].ends_with(end)) {
      return testing::PrintToString(findings);
    }
    return findings[0].substr(5, findings[0].size() - 5 - end.size());
  }

  const test::TempDir dir_;
};

TEST_F(QueryCheck, ValidQueryHasNoFindings) {
  EXPECT_THAT(Findings("sql: SELECT 1 AS n"), IsEmpty());
}

TEST_F(QueryCheck, AWriteIsRefusedWithItsVerbAndPlace) {
  EXPECT_THAT(Findings("sql: UPDATE t SET n = 1"),
              ElementsAre("FILE:4:10: queries[0].sql: UPDATE cannot run on a read-only session; "
                          "write a SELECT"));
  EXPECT_THAT(Findings("sql: |\n      SELECT 1 AS n;\n      -- and\n      DELETE FROM t;"),
              ElementsAre("FILE:7:7: queries[0].sql: there are 2 statements (SELECT, DELETE); "
                          "write one"));
}

// Every X is a syntax error, after text that is folded, escaped or of several bytes.
TEST_F(QueryCheck, UnknownSyntaxHasTheLineAndColumnOfTheFile) {
  EXPECT_EQ(SyntaxErrorPosition("sql: SELECT 1 AS n X"), "4:24");
  EXPECT_EQ(SyntaxErrorPosition("sql: SELECT 1\n      AS n\n\n      X"), "7:7");
  EXPECT_EQ(SyntaxErrorPosition("sql: |\n      SELECT 'é' AS n X"), "5:23");
  EXPECT_EQ(SyntaxErrorPosition("sql: |2-  # a comment\n\n      SELECT 1\n        AS n X"), "7:14");
  EXPECT_EQ(SyntaxErrorPosition("sql: >\n      SELECT 1\n      AS\n\n      n\n        X"), "9:9");
  EXPECT_EQ(SyntaxErrorPosition("sql: >-\n      SELECT 1 AS n X"), "5:21");
  EXPECT_EQ(SyntaxErrorPosition("sql: 'SELECT ''it''''s'' AS n X'"), "4:35");
  EXPECT_EQ(SyntaxErrorPosition("sql: 'SELECT\n      1 AS n\n\n      X'"), "7:7");
  EXPECT_EQ(SyntaxErrorPosition("sql: \"SELECT \\\"a\\\"\\n\\tAS \\u006e\\x20X\""), "4:40");
  EXPECT_EQ(SyntaxErrorPosition("sql: \"SELECT 1 \\\n      AS n X\""), "5:12");
  EXPECT_EQ(SyntaxErrorPosition("sql: &a !!str SELECT 1 AS n X"), "4:33");
  EXPECT_EQ(SyntaxErrorPosition("sql: &a |\n      SELECT 1 AS n X"), "5:21");
  EXPECT_EQ(SyntaxErrorPosition("sql: |\n      SELECT 1 AS n WHERE\n\n"), "5:26");
  EXPECT_EQ(SyntaxErrorPosition("sql: SELECT 1 AS n WHERE"), "4:29");
}

TEST_F(QueryCheck, UnknownSyntaxHasItsPlaceAcrossLineEndsOfWindows) {
  EXPECT_EQ(SyntaxErrorPosition("sql: |\r\n      SELECT 1\r\n      AS n X\r"), "6:12");
}

TEST_F(QueryCheck, AliasedSqlHasThePlaceOfItsAnchor) {
  const std::string path = dir_.Write("e.yaml", R"(queries:
  - {name: p, sql: &é "SELECT 'é' AS n X", values: [{column: n, help: é.}]}
  - {name: q, sql: *é, values: [{column: n, help: N.}]}
)");
  const Config config = Load(path, [](const char*) { return std::nullopt; });
  ASSERT_EQ(config.unknown_sql.size(), 2u);
  EXPECT_THAT(config.unknown_sql[0], testing::StartsWith(path + ":2:40: queries[0].sql: "));
  EXPECT_THAT(config.unknown_sql[1], testing::StartsWith(path + ":2:40: queries[1].sql: "));
}

TEST_F(QueryCheck, WhatCannotBeFoundInTheFileHasItsPlaceInTheStatement) {
  PlacedQuery query;
  query.options.sql = "SELECT 1\n AS n X";
  query.sql_place = {"FILE", "queries[0].sql", 7, {}, std::make_shared<const std::string>("other")};
  Config config;
  CheckStatements({query}, config);
  EXPECT_THAT(config.unknown_sql,
              ElementsAre("FILE:7: queries[0].sql: syntax error, at line 2, column 7 of the "
                          "statement, by the grammar of " +
                          std::string(SqlGrammar()) + "; a newer server may accept it"));
}

TEST_F(QueryCheck, ColumnsThatTheSelectListLacksAreWarnings) {
  const std::string columns =
      "labels: [l, m]\n    values: [{column: n, help: N.}, {column: o, help: O.}]";
  EXPECT_THAT(Findings("sql: SELECT l, 1 AS n FROM t", columns),
              ElementsAre("FILE:2: queries[0].labels: the statement has no column \"m\"; it has "
                          "\"l\", \"n\"",
                          "FILE:2: queries[0].values[1].column: the statement has no column \"o\"; "
                          "it has \"l\", \"n\""));
  EXPECT_THAT(Findings("sql: SELECT *, 1 AS n FROM t", columns), IsEmpty());
}

TEST_F(QueryCheck, WhatWasNotCheckedIsAWarning) {
  EXPECT_THAT(
      Findings("sql: SELECT '" + std::string(kMaxCheckedSql, 'x') + "' AS n"),
      ElementsAre("FILE:4: queries[0].sql: is longer than 65536 bytes; it was not checked"));
}

TEST_F(QueryCheck, ANulInAnEscapeIsRefusedWhereItStands) {
  EXPECT_THAT(Findings(R"(sql: "SELECT '\0' AS n")"),
              ElementsAre("FILE:4:19: queries[0].sql: contains a NUL character; remove it"));
}

}  // namespace
}  // namespace scidex::config
