// Reads the configuration file into a draft.
#pragma once

#include <map>
#include <string>

#include "config/keys.h"

namespace scidex::config {

// The line of each key that the file has.
using Lines = std::map<std::string, int>;

// Throws ConfigError for a file that cannot be read, is not YAML, sets nothing, or says what is not
// expected.
Lines ReadFile(const std::string& path, Draft& draft);

}  // namespace scidex::config
