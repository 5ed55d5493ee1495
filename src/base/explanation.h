// Why something failed, in two parts that must be kept apart.
#pragma once

#include <string>

namespace scidex::base {

struct Explanation {
  // Text and numbers of our own, such as an SQLSTATE. May be shown to anyone.
  std::string words;
  // The message of a server or a library. For the log only, because it may contain rows of a table,
  // parts of a statement or names given by mistake. Secrets are masked.
  std::string heard;

  // Both parts, therefore for the log only.
  std::string ForLog() const { return heard.empty() ? words : words + ": " + heard; }
};

}  // namespace scidex::base
