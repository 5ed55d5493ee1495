// Configuration that is valid but probably unintended.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace scidex::app {

struct Mistake {
  // Contains no secret.
  std::string text;
  // Makes --config.check fail, but not startup: the missing file may be created later.
  bool is_error = false;
};

// The configuration must have passed Check(). Reads the password files.
std::vector<Mistake> LikelyMistakes(const config::Config& config);

}  // namespace scidex::app
