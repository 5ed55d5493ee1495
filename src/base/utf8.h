// Text of unknown encoding as UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace scidex::base {

// `text`, with U+FFFD for each byte that is no part of a well-formed sequence
// (https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf, table 3-7).
std::string ToUtf8(std::string_view text);

}  // namespace scidex::base
