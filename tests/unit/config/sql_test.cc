#include "config/sql.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/queries.h"

namespace scidex::config {
namespace {

using Kind = SqlFinding::Kind;
using Names = std::optional<std::vector<std::string>>;

SqlFinding Check(std::string_view sql) { return CheckSql({sql}).at(0); }

std::string Repeated(int times, std::string_view text) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(CheckSql, WhatReturnsRowsAndWritesNothingIsAQuery) {
  for (const char* sql :
       {"SELECT 1",
        "SELECT 1;",
        "SELECT 1; -- done",
        ";SELECT 1;;",
        "/* a /* b */ ; */ SELECT 1",
        "(SELECT 1) UNION ALL (SELECT 2) ORDER BY 1",
        "TABLE t",
        "VALUES (1), (2)",
        "SHOW ALL",
        "SHOW server_version",
        "EXPLAIN SELECT 1",
        "EXPLAIN UPDATE t SET a = 1",
        "EXPLAIN (ANALYZE false) DELETE FROM t",
        "EXPLAIN (ANALYZE off, VERBOSE) DELETE FROM t",
        "EXPLAIN (ANALYZE 0) DELETE FROM t",
        "EXPLAIN (ANALYZE, ANALYZE FALSE) DELETE FROM t",
        "EXPLAIN ANALYZE SELECT 1",
        "SELECT $x$; DELETE FROM t$x$",
        "SELECT $$DELETE$$ AS a",
        "SELECT U&'d\\0061t\\+000061'",
        "SELECT U&\"d!0061\" UESCAPE '!' FROM t",
        "SELECT E'\\'; --'",
        "WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT n FROM x",
        "SELECT \"update\", 'DELETE FROM t' FROM \"delete\"",
        "SELECT",
        "SELECT 'ü' AS \"ä\""}) {
    const SqlFinding finding = Check(sql);
    EXPECT_EQ(finding.kind, Kind::kQuery) << sql << ": " << finding.message;
  }
}

TEST(CheckSql, WhatWritesIsRefusedByItsVerb) {
  const std::vector<std::pair<std::string, std::string>> writes{
      {"UPDATE t SET a = 1", "UPDATE"},
      {"insert into t values (1) returning a", "INSERT"},
      {"DELETE FROM t", "DELETE"},
      {"MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", "MERGE"},
      {"WITH x AS (SELECT 1) UPDATE t SET a = 1", "UPDATE"},
      {"WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x", "DELETE"},
      {"SELECT * FROM (WITH x AS (INSERT INTO t VALUES (1) RETURNING a) TABLE x) y", "INSERT"},
      {"SELECT 1 INTO t", "SELECT INTO"},
      {"SELECT a FROM t FOR UPDATE", "SELECT FOR UPDATE"},
      {"SELECT a FROM t FOR NO KEY UPDATE SKIP LOCKED", "SELECT FOR NO KEY UPDATE"},
      {"SELECT a FROM (SELECT a FROM t FOR SHARE) x", "SELECT FOR SHARE"},
      {"SELECT a FROM t FOR KEY SHARE", "SELECT FOR KEY SHARE"},
      {"EXPLAIN ANALYZE UPDATE t SET a = 1", "EXPLAIN ANALYZE of UPDATE"},
      {"EXPLAIN (ANALYZE) INSERT INTO t VALUES (1)", "EXPLAIN ANALYZE of INSERT"},
      {"EXPLAIN (ANALYZE false, ANALYZE on) DELETE FROM t", "EXPLAIN ANALYZE of DELETE"},
      {"EXPLAIN (ANALYZE 1) WITH x AS (DELETE FROM t RETURNING a) TABLE x",
       "EXPLAIN ANALYZE of DELETE"},
      {"EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", "EXPLAIN ANALYZE of CREATE"},
      {"COPY t FROM STDIN", "COPY FROM"},
      {"CREATE TABLE t (a int)", "CREATE"},
      {"-- a\n/* b */ create view v AS SELECT 1", "CREATE"},
      {"ALTER TABLE t ADD b int", "ALTER"},
      {"DROP TABLE t", "DROP"},
      {"TRUNCATE t", "TRUNCATE"},
      {"GRANT SELECT ON t TO r", "GRANT"},
      {"COMMENT ON TABLE t IS 'x'", "COMMENT"},
      {"REFRESH MATERIALIZED VIEW v", "REFRESH"},
  };
  for (const auto& [sql, verb] : writes) {
    const SqlFinding finding = Check(sql);
    EXPECT_EQ(finding.kind, Kind::kRefused) << sql;
    EXPECT_EQ(finding.message, verb + " cannot run on a read-only session; write a SELECT") << sql;
  }
}

TEST(CheckSql, WhatReturnsNoRowsIsRefusedByItsVerb) {
  const std::vector<std::pair<std::string, std::string>> others{
      {"SET work_mem = '1GB'", "SET returns no rows; write a SELECT"},
      {"RESET ALL", "RESET returns no rows; write a SELECT"},
      {"begin", "BEGIN returns no rows; write a SELECT"},
      {"COMMIT", "COMMIT returns no rows; write a SELECT"},
      {"SAVEPOINT a", "SAVEPOINT returns no rows; write a SELECT"},
      {"COPY t TO STDOUT", "COPY returns no rows; write a SELECT"},
      {"LOCK TABLE t", "LOCK returns no rows; write a SELECT"},
      {"VACUUM t", "VACUUM returns no rows; write a SELECT"},
      {"LISTEN a", "LISTEN returns no rows; write a SELECT"},
      {"DO $$BEGIN DELETE FROM t; END$$", "DO returns no rows; write a SELECT"},
      {"CALL p(1)", "CALL may write, which a query must not; write a SELECT"},
      {"EXECUTE p", "EXECUTE depends on an earlier statement, and there is none; write a SELECT"},
      {"FETCH 1 FROM c",
       "FETCH depends on an earlier statement, and there is none; write a SELECT"},
      {"", "there is no statement; write a SELECT"},
      {" ; -- SELECT 1", "there is no statement; write a SELECT"},
  };
  for (const auto& [sql, message] : others) {
    const SqlFinding finding = Check(sql);
    EXPECT_EQ(finding.kind, Kind::kRefused) << sql;
    EXPECT_EQ(finding.message, message) << sql;
  }
}

TEST(CheckSql, SeveralStatementsAreRefusedWhereTheSecondBegins) {
  const SqlFinding two = Check("SELECT ';' AS \"ü\"; /* SELECT */ delete FROM t");
  EXPECT_EQ(two.kind, Kind::kRefused);
  EXPECT_EQ(two.message, "there are 2 statements (SELECT, DELETE); write one");
  EXPECT_EQ(two.offset, std::string("SELECT ';' AS \"ü\"; /* SELECT */ ").size());
  EXPECT_EQ(Check(Repeated(6, "BEGIN;")).message,
            "there are 6 statements (BEGIN, BEGIN, BEGIN, BEGIN, BEGIN, …); write one");
}

TEST(CheckSql, AParameterIsRefusedAsNothingGivesItAValue) {
  for (const char* sql : {"SELECT $1", "EXPLAIN SELECT $1"}) {
    const SqlFinding finding = Check(sql);
    EXPECT_EQ(finding.kind, Kind::kRefused) << sql;
    EXPECT_EQ(finding.offset, std::string(sql).find('$')) << sql;
  }
}

TEST(CheckSql, WhatDoesNotParseIsUnknownAndHasAPlace) {
  struct Case {
    std::string sql;
    std::string message;
    // The text at the position of the finding.
    std::string rest;
  };
  for (const Case& wrong : std::vector<Case>{
           {"SELECT 'é' FROM t WHERE WHERE a", "syntax error", "WHERE a"},
           {"SELECT a FRM t WHERE (", "syntax error", "t WHERE ("},
           {"SELECT a FROM", "syntax error", ""},
           {"SELECT 'é", "unterminated quoted string", "'é"},
           {"SELECT /* 1", "unterminated /* comment", "/* 1"},
           {"SELECT :'state'", "syntax error", ":'state'"},
           {"\\d orders", "syntax error", "\\d orders"},
           {"SELECT 1 NEW CLAUSE", "syntax error", "CLAUSE"},
       }) {
    const SqlFinding finding = Check(wrong.sql);
    EXPECT_EQ(finding.kind, Kind::kUnknown) << wrong.sql;
    EXPECT_EQ(finding.message, wrong.message) << wrong.sql;
    ASSERT_TRUE(finding.offset) << wrong.sql;
    EXPECT_EQ(wrong.sql.substr(*finding.offset), wrong.rest) << wrong.sql;
  }
}

// A connection string in a string literal that ends too early.
TEST(CheckSql, NoMessageRepeatsAPartOfTheStatement) {
  for (const char* sql :
       {"SELECT dblink('password='canary4711'')", "SELECT 'canary4711",
        "SELECT canary4711.a.b.c.d.e", "SELECT \"canary4711", "canary4711",
        "SELECT 1 FROM a.b.c.canary4711", "SELECT U&'\\canary4711'", "SELECT 1canary4711",
        "SELECT a[1].canary4711(2)", "SELECT $canary4711$ x", "DELETE FROM canary4711",
        "SELECT 1; SELECT canary4711"}) {
    EXPECT_EQ(Check(sql).message.find("canary"), std::string::npos) << Check(sql).message;
  }
}

TEST(CheckSql, ColumnsHaveTheNamesThatAServerGivesThem) {
  const auto columns = [](const char* sql) { return Check(sql).columns; };
  EXPECT_EQ(columns("SELECT a, t.b, \"C\", D, x AS e, f FROM t"),
            (Names{{"a", "b", "C", "d", "e", "f"}}));
  EXPECT_EQ(columns("SELECT count(*), pg_catalog.max(a), a::int, 1::text, max(a)::int, 1 + 1, 'x', "
                    "coalesce(a, 1), a COLLATE \"C\""),
            (Names{{"count", "max", "a", "text", "max", "?column?", "?column?", "coalesce", "a"}}));
  EXPECT_EQ(columns("WITH x AS (SELECT * FROM t) SELECT 1 AS a UNION SELECT 2 AS b UNION TABLE x"),
            (Names{{"a"}}));
  EXPECT_EQ(columns("VALUES (1, 2), (3, 4)"), (Names{{"column1", "column2"}}));
  EXPECT_EQ(columns("EXPLAIN SELECT 1"), (Names{{"QUERY PLAN"}}));
  EXPECT_EQ(columns("SELECT"), Names{std::vector<std::string>{}});
}

TEST(CheckSql, ColumnsAreUnknownWhereOnlyAServerCanTell) {
  for (const char* sql :
       {"SELECT * FROM t", "SELECT t.*, 1 AS a FROM t", "TABLE t", "SELECT (f()).* ", "SHOW ALL",
        "SELECT extract(epoch FROM now())", "SELECT true", "SELECT CASE WHEN a THEN 1 END FROM t",
        "SELECT (SELECT 1 AS a)", "SELECT ARRAY[1]", "SELECT current_user", "SELECT (a).b FROM t",
        "SELECT * FROM t UNION SELECT 1 AS a"}) {
    EXPECT_EQ(Check(sql).kind, Kind::kQuery) << sql;
    EXPECT_EQ(Check(sql).columns, std::nullopt) << sql;
  }
}

// Each of these would take the whole stack of a usual thread, or more, if it were longer.
TEST(CheckSql, NoNestingEndsTheProcess) {
  const int most = static_cast<int>(kMaxCheckedSql);
  EXPECT_EQ(Check("SELECT 1" + Repeated((most - 8) / 2, "+1")).kind, Kind::kQuery);
  EXPECT_EQ(Check("SELECT 1" + Repeated((most - 8) / 15, " UNION SELECT 1")).kind, Kind::kQuery);
  EXPECT_EQ(Check("SELECT 1" + Repeated((most - 8) / 3, "::a")).kind, Kind::kQuery);
  EXPECT_EQ(Check("SELECT " + Repeated(9000, "~ ") + "1").kind, Kind::kQuery);
  for (const char* opening : {"(", "f(", "(SELECT ", "ARRAY[", "CASE WHEN ", "NOT ", "a.", "[",
                              "$a$ ", "/* ", "' ", "\" ", "WITH x AS ("}) {
    const int times = (most - 7) / static_cast<int>(std::string(opening).size());
    EXPECT_NE(Check("SELECT " + Repeated(times, opening)).message, "") << opening;
  }
  const SqlFinding nested = Check("SELECT " + Repeated(30000, "(") + "1" + Repeated(30000, ")"));
  EXPECT_EQ(nested.kind, Kind::kUnchecked);
  EXPECT_EQ(nested.message, "is nested too deeply to be parsed here");
}

// The scanner would take minutes.
TEST(CheckSql, LongOperatorsAreNotChecked) {
  for (const char* part : {"/*", "+", "*", "<>"}) {
    EXPECT_EQ(Check("SELECT " + Repeated(1001, part)).message,
              "has more than 1000 characters of operators in a row")
        << part;
  }
  EXPECT_EQ(Check("/**" + Repeated(900, "*") + "/ SELECT 1").kind, Kind::kQuery);
}

TEST(CheckSql, WhatCannotBeParsedIsNotChecked) {
  EXPECT_EQ(Check("SELECT '" + std::string(kMaxCheckedSql, 'x') + "'").message,
            "is longer than 65536 bytes");
  EXPECT_EQ(Check("SELECT '\xff'").message, "is not UTF-8");
  EXPECT_EQ(Check("SELECT '\xff'").kind, Kind::kUnchecked);
}

TEST(CheckSql, ANulCharacterIsRefusedWhereItStands) {
  const SqlFinding finding = Check(std::string_view("SELECT '\0'", 10));
  EXPECT_EQ(finding.kind, Kind::kRefused);
  EXPECT_EQ(finding.offset, 8u);
}

TEST(CheckSql, EachStatementHasItsOwnFinding) {
  const std::vector<SqlFinding> findings =
      CheckSql({"SELECT 1", "SELEC 1", "DROP TABLE t", "TABLE t"});
  ASSERT_EQ(findings.size(), 4u);
  EXPECT_EQ(findings[0].kind, Kind::kQuery);
  EXPECT_EQ(findings[1].kind, Kind::kUnknown);
  EXPECT_EQ(findings[2].kind, Kind::kRefused);
  EXPECT_EQ(findings[3].kind, Kind::kQuery);
}

// Both grammars in Debian accept all query sets, and every label and value has its column.
TEST(CheckSql, TheSetsOfTheExporterAreQueriesWithTheirColumns) {
  for (const std::string& name : QuerySetNames()) {
    for (const PlacedQuery& query : ReadQuerySet(name)) {
      const SqlFinding finding = Check(query.options.sql);
      EXPECT_EQ(finding.kind, Kind::kQuery) << query.place << ": " << finding.message;
      ASSERT_TRUE(finding.columns) << query.place << ": name each column with AS";
      std::vector<std::string> wanted = query.options.labels;
      for (const auto& value : query.options.values) wanted.push_back(value.column);
      for (const std::string& column : wanted) {
        EXPECT_EQ(std::count(finding.columns->begin(), finding.columns->end(), column), 1)
            << query.place << ": " << column;
      }
    }
  }
}

}  // namespace
}  // namespace scidex::config
