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

// A longer text is not a word that was misspelt; a message with it would fill the log.
constexpr std::size_t kMaxQuoted = 1024;

constexpr std::string_view kPemHeader = "-----BEGIN";

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Whether `text` sets a password, as in "host=db password = x". Includes sslpassword.
bool SetsAPassword(std::string_view text) {
  constexpr std::string_view kWord = "password";
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (std::size_t at = lower.find(kWord); at != std::string::npos;
       at = lower.find(kWord, at + 1)) {
    const std::size_t next = lower.find_first_not_of(" \t", at + kWord.size());
    if (next != std::string::npos && lower[next] == '=') return true;
  }
  return false;
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
  return text.find_first_of("=@") != std::string_view::npos || Contains(text, "://") ||
         Contains(text, kPemHeader);
}

std::string QuotedUnlessSecret(std::string_view text) { return QuotedPart(text, text, "this"); }

std::string QuotedPart(std::string_view part, std::string_view whole, std::string_view name) {
  return MayHoldASecret(whole) || part.size() > kMaxQuoted ? std::string(name) : Quoted(part);
}

// A path may well contain "=" or "@".
bool MayBeAPath(std::string_view text) {
  return !Contains(text, "\n") && !Contains(text, "://") && !Contains(text, kPemHeader) &&
         !SetsAPassword(text);
}

std::string ShownPath(std::string_view path) {
  return MayBeAPath(path) ? std::string(path) : "this file";
}

}  // namespace scidex::base
