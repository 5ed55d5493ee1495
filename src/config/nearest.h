// Suggestions for misspelt words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scidex::config {

// Returns the element of `words` with the smallest edit distance to `text`; null if none is close.
const std::string* Nearest(std::string_view text, const std::vector<std::string>& words);

}  // namespace scidex::config
