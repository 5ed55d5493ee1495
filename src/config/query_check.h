// What the SQL of the queries is, by PostgreSQL's grammar.
#pragma once

#include <vector>

#include "config/config.h"
#include "config/queries.h"

namespace scidex::config {

// Throws ConfigError for the first statement that is no query, or that writes. What the grammar
// does not know goes to config.unknown_sql; labels and values without a column, and what was not
// parsed, go to config.warnings.
void CheckStatements(const std::vector<PlacedQuery>& queries, Config& config);

}  // namespace scidex::config
