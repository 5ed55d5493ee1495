// The only list of the keys of the configuration file. Parsing, the check for unknown keys and the
// test of config/exporter.yaml use it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/queries.h"

namespace scidex::config {

// The content of a configuration file, before it is known which servers are configured.
struct Draft {
  Config config;
  postgres::SessionOptions primary;
  postgres::SessionOptions replica;
  // The queries of the file, and the query sets that it names.
  std::vector<PlacedQuery> queries;
  std::vector<std::string> query_sets;
  // Settings of both servers.
  postgres::SessionOptions session;
  pool::PoolOptions pool_defaults;
};

enum class Shape { kText, kList };

struct Key {
  // "pools.ro.max_size"
  std::string path;
  Shape shape = Shape::kText;
  // Never repeat the value in a message.
  bool secret = false;
  // The keys that get this key's value if the file sets this one and not them, such as
  // "pools.ro.max_size" for "pools.defaults.max_size". Such a key has no effect of its own.
  std::vector<std::string> default_of = {};
  // The values that an item of a list may have; empty if they are not a closed set.
  std::vector<std::string> words = {};
  // "a whole number from 1 to 10000": the valid values, for messages.
  std::string expected;
  // "1 to 10000": the same for the reference; empty for text.
  std::string values;
  // Sets the value from the texts in the file: one, or those of a list. Returns false if they are
  // invalid.
  std::function<bool(const std::vector<std::string>& texts, Draft& draft)> set;
  // The texts with which set() would leave `draft` unchanged.
  std::function<std::vector<std::string>(const Draft& draft)> get;
};

// All keys.
const std::vector<Key>& Keys();
// Null if there is no such key.
const Key* FindKey(const std::string& path);

}  // namespace scidex::config
