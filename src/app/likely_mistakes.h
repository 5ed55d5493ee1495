// What a configuration says that is allowed, and most likely not what was meant.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace scidex::app {

struct Mistake {
  // Without a secret.
  std::string text;
  // A check of the configuration fails with it. A start does not: what is missing may come.
  bool is_error = false;
};

// Of a configuration that has passed Check(). Reads the password files.
std::vector<Mistake> LikelyMistakes(const config::Config& config);

}  // namespace scidex::app
