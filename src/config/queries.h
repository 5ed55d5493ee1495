// Reads queries from the configuration file, and the query sets that come with the exporter.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "queries/options.h"

namespace scidex::config {

// Where the SQL of a query is in a file.
struct SqlPlace {
  std::string path;
  // "queries[0].sql", and its line.
  std::string key;
  int line = 0;
  // Position of the value within `text`, the content of the file.
  YAML::Mark mark;
  std::shared_ptr<const std::string> text;
};

// A query, and where it was found, for errors: "exporter.yaml:12: queries[0]".
struct PlacedQuery {
  queries::QueryOptions options;
  std::string place;
  // Of a query set, whose place is where the set is named.
  bool of_set = false;
  SqlPlace sql_place;
  // About unusual names.
  std::vector<std::string> warnings;
};

inline constexpr std::size_t kMaxQueries = 1000;

// All functions below throw ConfigError.

// Reads the list under the key `queries` of the file at `path`, whose content is `text`. Validates
// each query on its own, except for its SQL, which is not checked here.
std::vector<PlacedQuery> ReadQueries(const std::string& path,
                                     const std::shared_ptr<const std::string>& text,
                                     const YAML::Node& list);

// The queries of a query set, such as "replication".
std::vector<PlacedQuery> ReadQuerySet(std::string_view name);
// In alphabetical order.
std::vector<std::string> QuerySetNames();

// Checks that no two queries have the same name and no two metrics the same family.
void CheckTogether(const std::vector<PlacedQuery>& queries);

// Continues the hash `before` with the options of `query`, to detect changes.
std::uint64_t HashQuery(const queries::QueryOptions& query, std::uint64_t before);

}  // namespace scidex::config
