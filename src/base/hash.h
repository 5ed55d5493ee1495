// A hash for detecting changes of a text. Not cryptographic.
#pragma once

#include <cstdint>
#include <string_view>

namespace scidex::base {

// FNV-1a. http://www.isthe.com/chongo/tech/comp/fnv/
constexpr std::uint64_t kEmptyHash = 14'695'981'039'346'656'037U;
// The hash of `text`, or of several texts in turn if `before` is the hash of those before it.
constexpr std::uint64_t Hash(std::string_view text, std::uint64_t before = kEmptyHash) {
  for (const char c : text) {
    before = (before ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  }
  return before;
}

}  // namespace scidex::base
