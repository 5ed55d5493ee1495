// Text of unknown encoding as UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace scidex::base {

// U+FFFD, for what is not UTF-8.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The length of the well-formed sequence (https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf,
// table 3-7) that `text`, which is not empty, begins with; 0 if it begins with none.
std::size_t SequenceLength(std::string_view text);

// `text`, with kReplacement for each byte that is no part of a well-formed sequence.
std::string ToUtf8(std::string_view text);

}  // namespace scidex::base
