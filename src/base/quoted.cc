#include "base/quoted.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

#include "base/utf8.h"

namespace scidex::base {
namespace {

enum class Quotes { kEscaped, kAsTheyAre };

void AppendAscii(std::string& out, char c, Quotes quotes) {
  constexpr std::string_view kNamed = "\"\\\n\r\t";
  constexpr std::string_view kLetters = "\"\\nrt";
  const std::size_t named = kNamed.find(c);
  const bool is_quote = c == '"' || c == '\\';
  if (named != std::string_view::npos && (!is_quote || quotes == Quotes::kEscaped)) {
    out += '\\';
    out += kLetters[named];
  } else if (c >= ' ' && c != '\x7f') {
    out += c;
  } else {
    std::array<char, 8> code{};
    std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned>(c));
    out += code.data();
  }
}

// Control characters beyond ASCII, line separators, and characters that change the direction of
// text.
bool IsHidden(std::string_view sequence) {
  if (sequence.size() == 2) return sequence[0] == '\xc2' && sequence[1] < '\xa0';
  if (sequence.size() != 3 || sequence[0] != '\xe2') return false;
  const char last = sequence[2];
  return (sequence[1] == '\x80' && last >= '\xa8' && last <= '\xae') ||
         (sequence[1] == '\x81' && last >= '\xa6' && last <= '\xa9');
}

// `sequence` has two or three bytes.
void AppendCode(std::string& out, std::string_view sequence) {
  unsigned code = sequence.size() == 2 ? sequence[0] & 0x1f : sequence[0] & 0x0f;
  for (const char c : sequence.substr(1)) code = code << 6 | (c & 0x3f);
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", code);
  out += text.data();
}

std::string Escaped(std::string_view text, Quotes quotes) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    const std::string_view sequence = text.substr(0, length);
    if (length == 1) {
      AppendAscii(out, text[0], quotes);
    } else if (length == 0) {
      out += kReplacement;
    } else if (IsHidden(sequence)) {
      AppendCode(out, sequence);
    } else {
      out += sequence;
    }
    text.remove_prefix(std::max(length, std::size_t{1}));
  }
  return out;
}

}  // namespace

std::string Quoted(std::string_view text) { return '"' + Escaped(text, Quotes::kEscaped) + '"'; }

std::string OneLine(std::string_view text) { return Escaped(text, Quotes::kAsTheyAre); }

bool IsBareWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '=' && c != '\\';
  });
}

bool MayHoldASecret(std::string_view text) {
  return text.find_first_of("=@") != std::string_view::npos ||
         text.find("://") != std::string_view::npos;
}

std::string QuotedUnlessSecret(std::string_view text) {
  return MayHoldASecret(text) ? "this" : Quoted(text);
}

}  // namespace scidex::base
