// Joins names to one text.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace scidex::base {

inline constexpr std::size_t kAllNames = std::numeric_limits<std::size_t>::max();

// The result of `name_of` for each element of `range`, separated by `separator`; elements beyond
// `most` are replaced by " and 3 more".
template <typename Range, typename NameOf = std::identity>
std::string Joined(const Range& range, std::string_view separator, NameOf name_of = {},
                   std::size_t most = kAllNames) {
  std::string text;
  std::size_t count = 0;
  for (const auto& one : range) {
    if (++count > most) continue;
    if (count > 1) text += separator;
    text += std::invoke(name_of, one);
  }
  if (count > most) text += " and " + std::to_string(count - most) + " more";
  return text;
}

}  // namespace scidex::base
