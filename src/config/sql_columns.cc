#include "config/sql_columns.h"

#include <nlohmann/json.hpp>

namespace scidex::config {
namespace {

using Json = nlohmann::json;
using Name = std::optional<std::string>;

// The last one of a list of names; empty for *.
Name LastOf(const Json& names) {
  if (names.empty() || !names.back().contains("String")) return std::nullopt;
  return names.back().at("String").value("sval", "");
}

// The name of an expression without AS; empty if it depends on the server's version.
Name NameOf(const Json& typed) {
  const Json* expression = &typed;
  // The name of a cast's operand takes precedence over the name of the type.
  Name type;
  for (;;) {
    const std::string& kind = expression->begin().key();
    const Json& node = expression->begin().value();
    if (kind == "TypeCast") {
      if (!type) type = LastOf(node.at("typeName").at("names"));
      if (!type) return std::nullopt;
      expression = &node.at("arg");
    } else if (kind == "CollateClause") {
      expression = &node.at("arg");
    } else if (kind == "ColumnRef") {
      return LastOf(node.at("fields"));
    } else if (kind == "FuncCall") {
      // extract, position and others use SQL syntax; their column name depends on the version.
      if (node.value("funcformat", "") != "COERCE_EXPLICIT_CALL") return std::nullopt;
      return LastOf(node.at("funcname"));
    } else if (kind == "CoalesceExpr") {
      return "coalesce";
    } else if (kind == "A_Const" || (kind == "A_Expr" && node.value("kind", "") == "AEXPR_OP")) {
      // Before PostgreSQL 15, true and false were casts to bool.
      if (node.contains("boolval") && !type) return std::nullopt;
      return type ? type : "?column?";
    } else {
      return std::nullopt;
    }
  }
}

}  // namespace

std::optional<std::vector<std::string>> ColumnsOf(const Json& select) {
  const Json* first = &select;
  // A UNION has the column names of its first SELECT.
  while (first->contains("larg")) first = &first->at("larg");
  std::vector<std::string> columns;
  if (first->contains("valuesLists")) {
    const std::size_t count = first->at("valuesLists").at(0).at("List").at("items").size();
    for (std::size_t i = 1; i <= count; ++i) columns.push_back("column" + std::to_string(i));
    return columns;
  }
  if (!first->contains("targetList")) return columns;
  for (const Json& item : first->at("targetList")) {
    const Json& target = item.at("ResTarget");
    const Name name =
        target.contains("name") ? target.at("name").get<std::string>() : NameOf(target.at("val"));
    if (!name) return std::nullopt;
    columns.push_back(*name);
  }
  return columns;
}

}  // namespace scidex::config
