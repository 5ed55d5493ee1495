// Text that cannot become markup.
#pragma once

#include <string>
#include <string_view>

namespace scidex::status {

// For an element's text and for an attribute's value in quotes.
std::string Escaped(std::string_view text);

}  // namespace scidex::status
