// The one list of the keys of the configuration file: parsing, the check for unknown keys and the
// test of config/exporter.yaml are all drawn from it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/queries.h"

namespace scidex::config {

// What a file can say, before it is known which servers there are.
struct Draft {
  Config config;
  postgres::SessionOptions primary;
  postgres::SessionOptions replica;
  // Those of the file, and the sets that it names.
  std::vector<PlacedQuery> queries;
  std::vector<std::string> query_sets;
  // Of both servers.
  postgres::SessionOptions session;
};

enum class Shape { kText, kList };

struct Key {
  // "pools.ro.max_size"
  std::string path;
  Shape shape = Shape::kText;
  // Never repeated in a message.
  bool secret = false;
  // All that an item of a list may be; empty where that is not a closed set.
  std::vector<std::string> words = {};
  // "a whole number from 1 to 10000, such as 10": what would be right.
  std::string expected;
  // Takes what the file says, one text or the texts of a list; false if it is not what is expected.
  std::function<bool(const std::vector<std::string>& texts, Draft& draft)> set;
  // What set() would take to leave `draft` as it is.
  std::function<std::vector<std::string>(const Draft& draft)> get;
};

const std::vector<Key>& Keys();

}  // namespace scidex::config
