#include "config/scalar_position.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

#include "base/utf8.h"

namespace scidex::config {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsBlank(std::string_view text) { return std::all_of(text.begin(), text.end(), &IsSpace); }

// Some bytes of the document, and the text that they represent.
struct Unit {
  std::size_t length = 1;
  std::string meaning;
};

void AppendUtf8(std::string& out, std::uint32_t code) {
  const auto add = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | (code >> 18 & 0x07));
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

// An escape sequence of a double-quoted scalar: https://yaml.org/spec/1.2.2/#57-escaped-characters.
Unit Escape(std::string_view rest) {
  if (rest.size() < 2) return {1, std::string(rest)};
  const char letter = rest[1];
  const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (digits > 0) {
    const std::string_view number = rest.substr(2, digits);
    std::uint32_t code = 0;
    std::from_chars(number.data(), number.data() + number.size(), code, 16);
    Unit unit{2 + digits, ""};
    AppendUtf8(unit.meaning, code);
    return unit;
  }
  constexpr std::string_view kLetters = "abtnvfre0\t";
  constexpr std::string_view kMeanings{"\a\b\t\n\v\f\r\x1b\0\t", 10};
  const std::size_t named = kLetters.find(letter);
  if (named != std::string_view::npos) return {2, std::string(1, kMeanings[named])};
  switch (letter) {
    case '\n':
      return {2, ""};
    case 'N':
      return {2, "\u0085"};
    case '_':
      return {2, "\u00a0"};
    case 'L':
      return {2, "\u2028"};
    case 'P':
      return {2, "\u2029"};
    default:
      return {2, std::string(1, letter)};
  }
}

// Reads the scalar at a position of the document, one unit at a time. White space may be folded, so
// only other characters are exact.
class Reader {
 public:
  Reader(std::string_view text, std::size_t at) : text_(text), at_(at) {
    SkipProperties();
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    if (first == '|' || first == '>') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (first == '\'' || first == '"') {
      quote_ = first;
      ++at_;
    }
  }

  std::size_t at() const { return at_; }

  // Skips `scalar`. Before each of its units that are not white space, calls `visit` with the
  // offset in `scalar` at which the unit ends. Returns false if the text is not that of the scalar.
  template <typename Visit>
  bool SkipScalar(std::string_view scalar, Visit visit) {
    for (std::size_t i = 0; i < scalar.size();) {
      if (IsSpace(scalar[i])) {
        ++i;
        continue;
      }
      const Unit unit = Next();
      if (unit.meaning.empty() || !scalar.substr(i).starts_with(unit.meaning)) return false;
      i += unit.meaning.size();
      visit(i);
      at_ += unit.length;
    }
    return true;
  }

  // After the scalar's last unit, skips its closing quote, white space and comments. Returns the
  // next character, or NUL at the end of the document.
  char SkipToNextToken() {
    if (quote_ != '\0' && SkipQuoted()) ++at_;
    SkipSpaceAndComments();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  // Skips the scalar. Returns whether it is not quoted, or has a closing quote.
  bool SkipQuoted() {
    if (quote_ == '\0') return true;
    while (at_ < text_.size() && !Ended()) at_ += std::max(Read().length, std::size_t{1});
    return at_ < text_.size();
  }

 private:
  // Skips white space and returns the next unit; its meaning is empty at the end.
  Unit Next() {
    Unit unit = Read();
    while (at_ < text_.size() && !Ended() && IsBlank(unit.meaning)) {
      at_ += unit.length;
      unit = Read();
    }
    return unit;
  }

  // Skips anchors and tags, and the comments after them.
  void SkipProperties() {
    while (at_ < text_.size() && (text_[at_] == '&' || text_[at_] == '!')) {
      while (at_ < text_.size() && !IsSpace(text_[at_])) ++at_;
      SkipSpaceAndComments();
    }
  }

  void SkipSpaceAndComments() {
    SkipSpace();
    while (at_ < text_.size() && text_[at_] == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
      SkipSpace();
    }
  }

  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }

  bool Ended() const {
    const std::string_view rest = text_.substr(at_);
    return quote_ != '\0' && rest.starts_with(quote_) &&
           !(quote_ == '\'' && rest.starts_with("''"));
  }

  Unit Read() const {
    const std::string_view rest = text_.substr(at_);
    if (rest.empty() || Ended()) return {0, ""};
    if (quote_ == '"' && rest[0] == '\\') return Escape(rest);
    if (quote_ == '\'' && rest[0] == '\'') return {2, "'"};
    return {1, std::string(1, rest[0])};
  }

  const std::string_view text_;
  std::size_t at_;
  char quote_ = '\0';
};

TextPosition PositionOf(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const std::size_t newline = before.rfind('\n');
  std::string_view line = newline == std::string_view::npos ? before : before.substr(newline + 1);
  TextPosition position{static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1, 1};
  while (!line.empty()) {
    line.remove_prefix(std::max(base::SequenceLength(line), std::size_t{1}));
    ++position.column;
  }
  return position;
}

}  // namespace

// yaml-cpp counts columns in bytes.
std::size_t MarkOffsets::Of(const YAML::Mark& mark) {
  if (mark.line < line_) {
    line_ = 0;
    line_begin_ = 0;
  }
  for (; line_ < mark.line; ++line_)
    line_begin_ = std::min(text_.find('\n', line_begin_), text_.size() - 1) + 1;
  return std::min(line_begin_ + static_cast<std::size_t>(std::max(mark.column, 0)), text_.size());
}

std::optional<TextPosition> PositionInScalar(std::string_view text, const YAML::Mark& mark,
                                             std::string_view scalar, std::size_t offset) {
  if (text.empty() || mark.line < 0) return std::nullopt;
  Reader reader(text, MarkOffsets(text).Of(mark));
  std::optional<std::size_t> found;
  const bool is_there = reader.SkipScalar(scalar, [&](std::size_t end) {
    if (offset < end && !found) found = reader.at();
  });
  if (!is_there) return std::nullopt;
  return PositionOf(text, found.value_or(reader.at()));
}

bool IsFollowedByColon(std::string_view text, std::size_t at, std::string_view scalar) {
  Reader reader(text, at);
  if (!reader.SkipScalar(scalar, [](std::size_t) {})) return true;
  return reader.SkipToNextToken() == ':';
}

bool IsClosed(std::string_view text, std::size_t at) { return Reader(text, at).SkipQuoted(); }

}  // namespace scidex::config
