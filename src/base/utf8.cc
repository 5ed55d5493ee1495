#include "base/utf8.h"

#include <algorithm>
#include <cstddef>

namespace scidex::base {
namespace {

struct LeadByte {
  unsigned char first, last;
  // Range of the second byte; further bytes are from 0x80 to 0xBF.
  unsigned char second_first, second_last;
  std::size_t length;
};

constexpr LeadByte kLeadBytes[] = {
    {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

bool IsIn(char c, unsigned char first, unsigned char last) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= first && byte <= last;
}

}  // namespace

std::size_t SequenceLength(std::string_view text) {
  if (IsIn(text[0], 0, 0x7F)) return 1;
  for (const LeadByte& lead : kLeadBytes) {
    if (!IsIn(text[0], lead.first, lead.last)) continue;
    const bool well_formed =
        text.size() >= lead.length && IsIn(text[1], lead.second_first, lead.second_last) &&
        std::all_of(text.begin() + 2, text.begin() + static_cast<std::ptrdiff_t>(lead.length),
                    [](char c) { return IsIn(c, 0x80, 0xBF); });
    return well_formed ? lead.length : 0;
  }
  return 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string ToUtf8(std::string_view text) {
  std::string utf8;
  utf8.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    utf8 += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(std::max(length, std::size_t{1}));
  }
  return utf8;
}

}  // namespace scidex::base
