#include "base/quoted.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

namespace scidex::base {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

unsigned Byte(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// The length of the well-formed UTF-8 sequence of two to four bytes at the start of `text`, or 0:
// no surrogate, no longer form than needed, nothing above U+10FFFF.
std::size_t SequenceLength(std::string_view text) {
  const unsigned lead = Byte(text, 0);
  const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  const unsigned lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (Byte(text, 1) < lowest || Byte(text, 1) > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (Byte(text, i) < 0x80 || Byte(text, i) > 0xBF) return 0;
  }
  return length;
}

void AppendAscii(std::string& out, char c) {
  constexpr std::string_view kNamed = "\"\\\n\r\t";
  constexpr std::string_view kLetters = "\"\\nrt";
  if (const std::size_t named = kNamed.find(c); named != std::string_view::npos) {
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

}  // namespace

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    std::size_t length = 1;
    if (Byte(text, 0) < 0x80) {
      AppendAscii(out, text[0]);
    } else if (const std::size_t sequence = SequenceLength(text); sequence != 0) {
      length = sequence;
      out += text.substr(0, length);
    } else {
      out += kReplacement;
    }
    text.remove_prefix(length);
  }
  out += '"';
  return out;
}

bool IsBareWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '=' && c != '\\';
  });
}

}  // namespace scidex::base
