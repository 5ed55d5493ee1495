// Reads the configuration file into a draft.
#pragma once

#include <map>
#include <string>

#include "config/keys.h"

namespace scidex::config {

// The line of each key in the file.
using Lines = std::map<std::string, int>;

// Throws ConfigError if the file cannot be read, is not YAML, sets nothing, or contains an invalid
// key or value.
Lines ReadFile(const std::string& path, Draft& draft);

}  // namespace scidex::config
