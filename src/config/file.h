// Reads the configuration file into a draft.
#pragma once

#include <map>
#include <string>

#include "config/keys.h"

namespace scidex::config {

// Where the file sets the value of a key.
struct Written {
  int line = 0;
  // The key itself, or the one that it takes its default from, such as "pools.defaults.max_size".
  std::string key;
};
using Lines = std::map<std::string, Written>;

// Throws ConfigError if the file cannot be read, is not YAML, sets nothing, or contains an invalid
// key or value.
Lines ReadFile(const std::string& path, Draft& draft);

}  // namespace scidex::config
