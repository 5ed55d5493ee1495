// Checks the SQL of the queries with PostgreSQL's grammar.
#pragma once

#include <vector>

#include "config/config.h"
#include "config/queries.h"

namespace scidex::config {

// Throws ConfigError for the first statement that is not a query, or that writes. Statements that
// the grammar does not know are added to config.unknown_sql; labels and values without a column,
// and statements that were not parsed, to config.warnings.
void CheckStatements(const std::vector<PlacedQuery>& queries, Config& config);

}  // namespace scidex::config
