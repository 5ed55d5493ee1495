// Why something failed, for people, in two parts that must not be mixed up.
#pragma once

#include <string>

namespace scidex::base {

struct Explanation {
  // Our own words and numbers, such as an SQLSTATE: may be shown to anybody who asks.
  std::string words;
  // What a server or a library said: for the log alone, as it may repeat rows of a table, parts of
  // a statement or names that were given by mistake. Secrets are masked.
  std::string heard;

  std::string ForLog() const { return heard.empty() ? words : words + ": " + heard; }
};

}  // namespace scidex::base
