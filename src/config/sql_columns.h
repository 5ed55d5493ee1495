// The column names of a SELECT, by the rules of PostgreSQL's FigureColname
// (https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/parser/parse_target.c).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace scidex::config {

// `select` is the parse tree of a SelectStmt. Returns nothing if the names depend on tables (*) or
// on the server's version. Throws nlohmann::json::exception for any other tree.
std::optional<std::vector<std::string>> ColumnsOf(const nlohmann::json& select);

}  // namespace scidex::config
