#include "http/codes.h"

#include <cstddef>

namespace scidex::http {

const Code* FindCode(int number) {
  for (const Code& code : kCodes) {
    if (code.number == number) return &code;
  }
  return nullptr;
}

void CodeCounts::Count(int number) {
  const auto index = static_cast<std::size_t>(FindCode(number) - kCodes.data());
  counts_[index].fetch_add(1, std::memory_order_relaxed);
}

std::vector<std::pair<int, std::uint64_t>> CodeCounts::Read() const {
  std::vector<std::pair<int, std::uint64_t>> counts;
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    counts.emplace_back(kCodes[i].number, counts_[i].load(std::memory_order_relaxed));
  }
  return counts;
}

}  // namespace scidex::http
