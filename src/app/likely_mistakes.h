// Configuration with which the exporter starts, but which is probably unintended.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace scidex::app {

struct Mistake {
  // Contains no secret.
  std::string text;
  // Makes --config.check fail, but neither a start nor --config.check.startup: the file may be
  // created later, and a newer server may accept the SQL.
  bool fails_check = false;
};

// Everything that is logged at startup about a configuration that has passed Check(). Reads the
// password files.
std::vector<Mistake> LikelyMistakes(const config::Config& config);

}  // namespace scidex::app
