#include "config/sql.h"

#include <pg_query.h>

#include <algorithm>
#include <array>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/local_failure.h"
#include "base/thread.h"
#include "base/utf8.h"
#include "config/sql_columns.h"

namespace scidex::config {
namespace {

using Json = nlohmann::json;
using Kind = SqlFinding::Kind;

// The library recurses as deeply as a statement is nested, and does not check its stack depth. The
// worst case within kMaxCheckedSql bytes, a chain of operators, takes 4.1 MiB.
constexpr std::size_t kStack = std::size_t{32} << 20;

constexpr std::size_t kMaxOperator = 1000;

SqlFinding Refused(std::string message, std::optional<std::size_t> offset = {}) {
  return {Kind::kRefused, std::move(message), offset, {}};
}

SqlFinding Unchecked(std::string message) { return {Kind::kUnchecked, std::move(message), {}, {}}; }

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Returns the position after the comment at `at`, which may contain nested ones; `at` if there is
// none.
std::size_t SkipComment(std::string_view sql, std::size_t at) {
  const std::string_view rest = sql.substr(at);
  if (rest.starts_with("--")) return std::min(sql.find('\n', at), sql.size());
  if (!rest.starts_with("/*")) return at;
  int depth = 0;
  do {
    const std::string_view pair = sql.substr(at, 2);
    const int step = pair == "/*" ? 1 : pair == "*/" ? -1 : 0;
    depth += step;
    at += step == 0 ? 1 : 2;
  } while (depth > 0 && at < sql.size());
  return at;
}

// Returns where the first word of the statement at `at` begins.
std::size_t FirstWord(std::string_view sql, std::size_t at) {
  while (at < sql.size() && !IsLetter(sql[at])) {
    const std::size_t behind = SkipComment(sql, at);
    at = behind == at ? at + 1 : behind;
  }
  return at;
}

std::string VerbAt(std::string_view sql, std::size_t at) {
  std::string verb;
  for (at = FirstWord(sql, at); at < sql.size() && IsLetter(sql[at]); ++at) {
    verb += static_cast<char>(sql[at] & ~0x20);
  }
  return verb;
}

// INSERT, UPDATE, DELETE or MERGE; empty for any other type of node.
std::string ModifyingVerb(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, const char*>, 4> kVerbs{{
      {"InsertStmt", "INSERT"},
      {"UpdateStmt", "UPDATE"},
      {"DeleteStmt", "DELETE"},
      {"MergeStmt", "MERGE"},
  }};
  const auto* const found = std::find_if(kVerbs.begin(), kVerbs.end(),
                                         [&](const auto& verb) { return verb.first == type; });
  return found == kVerbs.end() ? "" : found->second;
}

std::string LockingVerb(const Json& clauses) {
  const std::string strength = clauses.at(0).at("LockingClause").value("strength", "");
  if (strength == "LCS_FORNOKEYUPDATE") return "SELECT FOR NO KEY UPDATE";
  if (strength == "LCS_FORSHARE") return "SELECT FOR SHARE";
  if (strength == "LCS_FORKEYSHARE") return "SELECT FOR KEY SHARE";
  return "SELECT FOR UPDATE";
}

// What a parse tree contains.
struct Parts {
  // The verb of a writing part; empty if nothing writes.
  std::string write;
  // Location of a parameter such as $1.
  std::optional<std::size_t> parameter;
};

// Not recursive, because a tree may be deeper than the stack.
Parts PartsOf(const Json& root) {
  Parts parts;
  std::vector<const Json*> rest{&root};
  while (!rest.empty()) {
    const Json& node = *rest.back();
    rest.pop_back();
    if (node.is_array()) {
      for (const Json& item : node) rest.push_back(&item);
    }
    if (!node.is_object()) continue;
    for (const auto& [key, value] : node.items()) {
      std::string write = ModifyingVerb(key);
      if (key == "lockingClause" && !value.empty()) write = LockingVerb(value);
      if (key == "intoClause") write = "SELECT INTO";
      if (!write.empty()) parts.write = std::move(write);
      if (key == "ParamRef") parts.parameter = value.value("location", std::size_t{0});
      rest.push_back(&value);
    }
  }
  return parts;
}

SqlFinding RefusedWrite(const std::string& verb, std::size_t at) {
  return Refused(verb + " cannot run on a read-only session; write a SELECT", at);
}

// Judges a statement other than SELECT, VALUES, TABLE, SHOW and EXPLAIN.
SqlFinding JudgeUtility(std::string_view type, const Json& node, std::string_view sql,
                        std::size_t at) {
  std::string verb = ModifyingVerb(type);
  if (!verb.empty()) return RefusedWrite(verb, at);
  verb = VerbAt(sql, at);
  if (type == "CopyStmt" && node.value("is_from", false)) return RefusedWrite("COPY FROM", at);
  constexpr std::array<std::string_view, 11> kWrites{"CREATE", "ALTER",    "DROP",    "GRANT",
                                                     "REVOKE", "TRUNCATE", "COMMENT", "REFRESH",
                                                     "IMPORT", "REASSIGN", "SECURITY"};
  if (std::find(kWrites.begin(), kWrites.end(), verb) != kWrites.end()) {
    return RefusedWrite(verb, at);
  }
  if (type == "CallStmt")
    return Refused("CALL may write, which a query must not; write a SELECT", at);
  if (type == "ExecuteStmt" || type == "FetchStmt") {
    return Refused(verb + " depends on an earlier statement, and there is none; write a SELECT",
                   at);
  }
  return Refused(verb + " returns no rows; write a SELECT", at);
}

// Whether an option of EXPLAIN is on, by the server's rules.
bool IsOn(const Json& option) {
  if (!option.contains("arg")) return true;
  const Json& value = option.at("arg");
  if (value.contains("Integer")) return value.at("Integer").value("ival", 0) != 0;
  if (value.contains("Boolean")) return value.at("Boolean").value("boolval", false);
  if (!value.contains("String")) return true;
  std::string word = value.at("String").value("sval", "");
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return IsLetter(c) ? static_cast<char>(c | 0x20) : c; });
  return word != "false" && word != "off";
}

bool IsAnalyze(const Json& explain) {
  bool analyze = false;
  if (!explain.contains("options")) return false;
  for (const Json& option : explain.at("options")) {
    const Json& element = option.at("DefElem");
    if (element.value("defname", "") == "analyze") analyze = IsOn(element);
  }
  return analyze;
}

SqlFinding JudgeExplain(const Json& node, std::size_t at) {
  if (IsAnalyze(node)) {
    std::string write = PartsOf(node).write;
    for (const char* type : {"CreateTableAsStmt", "RefreshMatViewStmt"}) {
      if (node.at("query").contains(type)) write = type[0] == 'C' ? "CREATE" : "REFRESH";
    }
    if (!write.empty()) return RefusedWrite("EXPLAIN ANALYZE of " + write, at);
  }
  return {Kind::kQuery, "", {}, std::vector<std::string>{"QUERY PLAN"}};
}

SqlFinding JudgeStatement(const Json& statement, std::string_view sql) {
  const std::size_t at = FirstWord(sql, statement.value("stmt_location", std::size_t{0}));
  const Json& typed = statement.at("stmt");
  const std::string& type = typed.begin().key();
  const Json& node = typed.begin().value();
  const Parts parts = PartsOf(typed);
  SqlFinding finding;
  if (type == "ExplainStmt") {
    finding = JudgeExplain(node, at);
  } else if (type == "SelectStmt") {
    if (!parts.write.empty()) return RefusedWrite(parts.write, at);
    finding.columns = ColumnsOf(node);
  } else if (type != "VariableShowStmt") {
    return JudgeUtility(type, node, sql, at);
  }
  if (finding.kind == Kind::kQuery && parts.parameter) {
    return Refused("has a parameter, such as $1, without a value; write the value",
                   parts.parameter);
  }
  return finding;
}

SqlFinding Judge(const Json& tree, std::string_view sql) {
  const Json& statements = tree.at("stmts");
  if (statements.empty()) return Refused("there is no statement; write a SELECT");
  if (statements.size() == 1) return JudgeStatement(statements[0], sql);
  constexpr std::size_t kNamed = 5;
  std::string verbs;
  for (std::size_t i = 0; i < std::min(statements.size(), kNamed); ++i) {
    const std::string verb = VerbAt(sql, statements[i].value("stmt_location", std::size_t{0}));
    verbs += (i == 0 ? "" : ", ") + verb;
  }
  if (statements.size() > kNamed) verbs += ", …";
  return Refused(
      "there are " + std::to_string(statements.size()) + " statements (" + verbs + "); write one",
      FirstWord(sql, statements[1].value("stmt_location", std::size_t{0})));
}

// The byte offset of the character with this number; the first one is 1.
std::optional<std::size_t> OffsetOf(std::string_view sql, int number) {
  if (number < 1) return std::nullopt;
  std::size_t at = 0;
  while (--number > 0 && at < sql.size())
    at += std::max(base::SequenceLength(sql.substr(at)), std::size_t{1});
  return at;
}

// The parser repeats the offending text after "at or near", and names after a quote or a colon.
SqlFinding FromError(const PgQueryError& error, std::string_view sql) {
  std::string message = error.message == nullptr ? "" : error.message;
  for (const char* end : {" at or near ", " at end of input", "\"", ":", "'"}) {
    message.resize(std::min(message.find(end), message.size()));
  }
  while (message.ends_with(' ')) message.pop_back();
  if (message == "memory exhausted") return Unchecked("is nested too deeply to be parsed here");
  return {Kind::kUnknown,
          message.empty() ? "syntax error" : message,
          OffsetOf(sql, error.cursorpos),
          {}};
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = base::SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// The scanner reads a run of operator characters again for each token in it.
std::size_t LongestOperator(std::string_view sql) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : sql) {
    run = std::string_view("~!@#^&|`?+-*/%<>=").find(c) == std::string_view::npos ? 0 : run + 1;
    longest = std::max(longest, run);
  }
  return longest;
}

class Parsed {
 public:
  explicit Parsed(std::string_view sql) : result_(pg_query_parse(std::string(sql).c_str())) {}
  ~Parsed() { pg_query_free_parse_result(result_); }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  // Null if the statement was parsed.
  const PgQueryError* error() const { return result_.error; }
  // JSON.
  const char* tree() const { return result_.parse_tree; }

 private:
  const PgQueryParseResult result_;
};

SqlFinding Check(std::string_view sql) {
  if (const std::size_t nul = sql.find('\0'); nul != std::string_view::npos) {
    return Refused("contains a NUL character; remove it", nul);
  }
  if (sql.size() > kMaxCheckedSql) {
    return Unchecked("is longer than " + std::to_string(kMaxCheckedSql) + " bytes");
  }
  if (!IsUtf8(sql)) return Unchecked("is not UTF-8");
  if (LongestOperator(sql) > kMaxOperator) {
    return Unchecked("has more than " + std::to_string(kMaxOperator) +
                     " characters of operators in a row");
  }
  const Parsed parsed(sql);
  if (parsed.error() != nullptr) return FromError(*parsed.error(), sql);
  return Judge(Json::parse(parsed.tree()), sql);
}

}  // namespace

std::string_view SqlGrammar() { return "PostgreSQL " PG_VERSION; }

std::vector<SqlFinding> CheckSql(const std::vector<std::string_view>& statements) {
  std::vector<SqlFinding> findings(statements.size(), Unchecked("could not be parsed here"));
  try {
    base::RunOnStack("sql", kStack, [&] {
      for (std::size_t i = 0; i < statements.size(); ++i) {
        try {
          findings[i] = Check(statements[i]);
        } catch (const std::exception&) {
          // The exception's message may repeat the statement, so the finding stays kUnchecked.
          continue;
        }
      }
    });
  } catch (const base::LocalFailure& failure) {
    for (SqlFinding& finding : findings) finding = Unchecked(failure.what());
  }
  return findings;
}

}  // namespace scidex::config
