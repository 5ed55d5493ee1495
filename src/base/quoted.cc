#include "base/quoted.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

#include "base/utf8.h"

namespace scidex::base {
namespace {

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
    const std::size_t length = SequenceLength(text);
    if (length == 1) {
      AppendAscii(out, text[0]);
    } else {
      out += length == 0 ? kReplacement : text.substr(0, length);
    }
    text.remove_prefix(std::max(length, std::size_t{1}));
  }
  out += '"';
  return out;
}

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
