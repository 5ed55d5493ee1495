#include "config/nearest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace scidex::config {
namespace {

// The Levenshtein distance.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row.back();
}

}  // namespace

const std::string* Nearest(std::string_view text, const std::vector<std::string>& words) {
  const std::string* nearest = nullptr;
  std::size_t least = text.size() / 3 + 2;
  for (const std::string& word : words) {
    if (const std::size_t distance = Distance(text, word); distance < least) {
      least = distance;
      nearest = &word;
    }
  }
  return nearest;
}

}  // namespace scidex::config
