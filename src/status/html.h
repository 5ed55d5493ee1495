// HTML escaping.
#pragma once

#include <string>
#include <string_view>

namespace scidex::status {

// For text of an element, or for an attribute's value in quotes.
std::string Escaped(std::string_view text);

}  // namespace scidex::status
