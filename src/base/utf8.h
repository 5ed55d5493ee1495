// Recognizes UTF-8, and converts text of unknown encoding to it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace scidex::base {

// U+FFFD, which replaces bytes that are not UTF-8.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The length of the well-formed sequence (https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf,
// table 3-7) at the start of `text`, which must not be empty; 0 if there is none.
std::size_t SequenceLength(std::string_view text);

// Whether `text` consists of well-formed sequences.
bool IsUtf8(std::string_view text);

// `text`, with each byte that is not part of a well-formed sequence replaced by kReplacement.
std::string ToUtf8(std::string_view text);

}  // namespace scidex::base
