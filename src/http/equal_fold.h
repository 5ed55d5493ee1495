#pragma once

#include <algorithm>
#include <string_view>

namespace scidex::http {

// Whether two texts are the same but for the case of ASCII letters, which is how HTTP compares
// names of headers, schemes and codings (https://www.rfc-editor.org/rfc/rfc9110#section-5.1). No
// locale takes part. Thread-safe.
inline bool EqualFold(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace scidex::http
