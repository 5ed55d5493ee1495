// Maps characters of a YAML scalar to positions in the document.
#pragma once

#include <yaml-cpp/mark.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace scidex::config {

// Both start at 1; the column counts characters.
struct TextPosition {
  int line = 0;
  int column = 0;

  friend bool operator==(const TextPosition&, const TextPosition&) = default;
};

// The byte offsets of marks. Fast if the lines of successive marks rarely decrease. Not
// thread-safe.
class MarkOffsets {
 public:
  // `text` must outlive it.
  explicit MarkOffsets(std::string_view text) : text_(text) {}

  std::size_t Of(const YAML::Mark& mark);

 private:
  const std::string_view text_;
  // The line of the latest mark, and the offset at which it begins.
  int line_ = 0;
  std::size_t line_begin_ = 0;
};

// Returns where in `text` the byte at `offset` of `scalar` was written; `mark` is that of the
// scalar's node. If `offset` is the size of `scalar`, returns where its last character that is not
// white space ends. Supports literal, folded, quoted and plain scalars: they are read again from
// `text`, and the result is empty if that does not yield `scalar`.
std::optional<TextPosition> PositionInScalar(std::string_view text, const YAML::Mark& mark,
                                             std::string_view scalar, std::size_t offset);

// Returns whether the scalar at this byte offset, or after the properties there, ends with the
// quote with which it begins, or is not quoted. yaml-cpp takes the rest of a document as the scalar
// if the quote is missing.
bool IsClosed(std::string_view text, std::size_t at);

// Returns whether a colon follows the scalar, which begins at this byte offset or after the
// properties there; also if the scalar cannot be found in `text`.
bool IsFollowedByColon(std::string_view text, std::size_t at, std::string_view scalar);

}  // namespace scidex::config
