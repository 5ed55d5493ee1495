// What PostgreSQL's own grammar tells of an SQL statement, without a server.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scidex::config {

struct SqlFinding {
  enum class Kind {
    kQuery,      // one statement that returns rows, without a clause that writes
    kRefused,    // not a query, or one that writes
    kUnknown,    // this grammar does not know it; a newer server's may
    kUnchecked,  // it could not be parsed here
  };
  Kind kind = Kind::kQuery;
  // What is wrong, and what would be right where that is known; empty for kQuery. Of the statement
  // it repeats the verb alone, as the rest may hold a secret.
  std::string message;
  // Where in the statement, in bytes, if that is known.
  std::optional<std::size_t> offset;
  // The names of the result's columns, if the statement alone tells all of them: not where it has
  // *.
  std::optional<std::vector<std::string>> columns;
};

// A longer statement is kUnchecked.
inline constexpr std::size_t kMaxCheckedSql = 65'536;

// Whose grammar it is, such as "PostgreSQL 15.1".
std::string_view SqlGrammar();

// One finding for each statement. Returns whatever they hold, and however deeply they are nested.
// What functions do is not judged. Thread-safe.
std::vector<SqlFinding> CheckSql(const std::vector<std::string_view>& statements);

}  // namespace scidex::config
