#include "config/query_check.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/quoted.h"
#include "config/scalar_position.h"
#include "config/sql.h"

namespace scidex::config {
namespace {

// "exporter.yaml:12:7: queries[0].sql: WHAT", or, if the position in the file is unknown,
// "exporter.yaml:11: queries[0].sql: WHAT, at line 2, column 5 of the statement".
std::string AtOffset(const PlacedQuery& query, const SqlFinding& finding) {
  const SqlPlace& place = query.sql_place;
  const std::string at_key = place.path + ":" + std::to_string(place.line) + ": ";
  const std::string what = place.key + ": " + finding.message;
  if (!finding.offset) return at_key + what;
  const auto numbers = [](const TextPosition& at, const char* between) {
    return std::to_string(at.line) + between + std::to_string(at.column);
  };
  const std::string& sql = query.options.sql;
  const auto in_file = PositionInScalar(*place.text, place.mark, sql, *finding.offset);
  if (in_file) return place.path + ":" + numbers(*in_file, ":") + ": " + what;
  // Treats the statement as a document that consists of one plain scalar.
  const auto in_statement = PositionInScalar(sql, YAML::Mark{}, sql, *finding.offset);
  return at_key + what +
         (in_statement ? ", at line " + numbers(*in_statement, ", column ") + " of the statement"
                       : "");
}

std::string JoinedColumns(const std::vector<std::string>& columns) {
  constexpr std::size_t kNamed = 10;
  std::string names;
  for (std::size_t i = 0; i < std::min(columns.size(), kNamed); ++i) {
    names += (i == 0 ? "" : ", ") + base::Quoted(columns[i]);
  }
  return columns.size() > kNamed ? names + ", …" : columns.empty() ? "none" : names;
}

void WarnOfColumns(const PlacedQuery& query, const std::vector<std::string>& columns,
                   std::vector<std::string>& warnings) {
  const auto check = [&](const std::string& key, const std::string& column) {
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) return;
    warnings.push_back(query.place + key + ": the statement has no column " + base::Quoted(column) +
                       "; it has " + JoinedColumns(columns));
  };
  for (const std::string& label : query.options.labels) check(".labels", label);
  for (std::size_t i = 0; i < query.options.values.size(); ++i) {
    check(".values[" + std::to_string(i) + "].column", query.options.values[i].column);
  }
}

}  // namespace

void CheckStatements(const std::vector<PlacedQuery>& queries, Config& config) {
  if (queries.empty()) return;
  std::vector<std::string_view> statements;
  for (const PlacedQuery& query : queries) statements.emplace_back(query.options.sql);
  const std::vector<SqlFinding> findings = CheckSql(statements);
  const std::string grammar(SqlGrammar());
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const SqlFinding& finding = findings[i];
    switch (finding.kind) {
      case SqlFinding::Kind::kQuery:
        if (finding.columns) WarnOfColumns(queries[i], *finding.columns, config.warnings);
        break;
      case SqlFinding::Kind::kRefused:
        throw ConfigError(AtOffset(queries[i], finding));
      case SqlFinding::Kind::kUnknown:
        config.unknown_sql.push_back(AtOffset(queries[i], finding) + ", by the grammar of " +
                                     grammar + "; a newer server may accept it");
        break;
      case SqlFinding::Kind::kUnchecked:
        config.warnings.push_back(AtOffset(queries[i], finding) + "; it was not checked");
        break;
    }
  }
}

}  // namespace scidex::config
