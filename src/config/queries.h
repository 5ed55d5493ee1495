// Reads queries: those of the configuration file, and the sets that come with the exporter.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "queries/options.h"

namespace scidex::config {

// Where the SQL of a query was written.
struct SqlPlace {
  std::string path;
  // "queries[0].sql", and its line.
  std::string key;
  int line = 0;
  // Of the value, in the text of the whole file.
  YAML::Mark mark;
  std::shared_ptr<const std::string> text;
};

// A query, and where it was written, for errors: "exporter.yaml:12: queries[0]".
struct PlacedQuery {
  queries::QueryOptions options;
  std::string place;
  SqlPlace sql_place;
  // About names that are unusual.
  std::vector<std::string> warnings;
};

inline constexpr std::size_t kMaxQueries = 1000;

// All of these throw ConfigError.

// The list under the key `queries` of the file at `path`, which has `text`. Each is right by
// itself, but for its SQL, which is not looked at.
std::vector<PlacedQuery> ReadQueries(const std::string& path,
                                     const std::shared_ptr<const std::string>& text,
                                     const YAML::Node& list);

// The queries of a set that comes with the exporter, such as "replication".
std::vector<PlacedQuery> ReadQuerySet(std::string_view name);
// In order of the alphabet.
std::vector<std::string> QuerySetNames();

// That they can be together: no two have the same name, and no two metrics.
void CheckTogether(const std::vector<PlacedQuery>& queries);

std::uint64_t HashQuery(const queries::QueryOptions& query, std::uint64_t before);

}  // namespace scidex::config
