// Where in a YAML document the characters of a scalar were written.
#pragma once

#include <yaml-cpp/mark.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace scidex::config {

// Both from 1; the column in characters.
struct TextPosition {
  int line = 0;
  int column = 0;

  friend bool operator==(const TextPosition&, const TextPosition&) = default;
};

// Where in `text` the byte at `offset` of `scalar` was written, whose node has `mark`; of its size,
// where the last of it that is no white space ends. Literal, folded, quoted and plain scalars are
// read back from the text: empty where that does not give `scalar`.
std::optional<TextPosition> PositionInScalar(std::string_view text, const YAML::Mark& mark,
                                             std::string_view scalar, std::size_t offset);

}  // namespace scidex::config
