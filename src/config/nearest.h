// Guesses at what was meant, for "did you mean".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scidex::config {

// The one of `words` that takes the fewest edits to become `text`; null where none is near.
const std::string* Nearest(std::string_view text, const std::vector<std::string>& words);

}  // namespace scidex::config
