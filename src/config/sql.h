// Checks SQL statements with PostgreSQL's own grammar, without a server.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scidex::config {

struct SqlFinding {
  enum class Kind {
    kQuery,      // one statement that returns rows and has no writing clause
    kRefused,    // not a query, or one that writes
    kUnknown,    // unknown to this grammar; a newer server may know it
    kUnchecked,  // could not be parsed here
  };
  Kind kind = Kind::kQuery;
  // What is wrong, and what to write if that is known; empty for kQuery. Repeats only the verb of
  // the statement, because the rest may contain a secret.
  std::string message;
  // Byte offset in the statement, if known.
  std::optional<std::size_t> offset;
  // The names of the result's columns, if the statement alone determines all of them, that is,
  // without *.
  std::optional<std::vector<std::string>> columns;
};

// Longer statements are kUnchecked.
inline constexpr std::size_t kMaxCheckedSql = 65'536;

// The version of the grammar, such as "PostgreSQL 15.1".
std::string_view SqlGrammar();

// Returns one finding for each statement, whatever it contains and however deeply it is nested.
// Does not judge what functions do. Thread-safe.
std::vector<SqlFinding> CheckSql(const std::vector<std::string_view>& statements);

}  // namespace scidex::config
