#pragma once

#include <algorithm>
#include <string_view>

namespace scidex::http {

// Whether two texts are equal except for the case of ASCII letters, regardless of the locale. HTTP
// compares names of headers, schemes and codings in this way
// (https://www.rfc-editor.org/rfc/rfc9110#section-5.1). Thread-safe.
inline bool EqualFold(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace scidex::http
