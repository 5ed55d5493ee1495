#include "config/duration.h"

#include <array>
#include <charconv>
#include <utility>

namespace scidex::config {
namespace {

using base::Duration;

// In descending order.
constexpr std::array<std::pair<std::string_view, Duration::rep>, 7> kUnits{{
    {"d", 86'400'000'000'000},
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
}};

// Removes the longest matching unit ("ms", not "m") from the front of `text` and returns its
// length; 0 if there is none.
Duration::rep TakeUnit(std::string_view& text) {
  std::pair<std::string_view, Duration::rep> longest{"", 0};
  for (const auto& unit : kUnits) {
    if (text.starts_with(unit.first) && unit.first.size() > longest.first.size()) longest = unit;
  }
  text.remove_prefix(longest.first.size());
  return longest.second;
}

}  // namespace

std::optional<Duration> ParseDuration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Duration::rep total = 0;
  while (!text.empty()) {
    Duration::rep count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || text.front() == '-') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const Duration::rep unit = TakeUnit(text);
    Duration::rep part = 0;
    if (unit == 0 || __builtin_mul_overflow(count, unit, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return std::nullopt;
    }
  }
  return Duration(total);
}

std::string FormatDuration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  std::string text;
  Duration::rep left = duration.count();
  for (const auto& [name, length] : kUnits) {
    if (left >= length) text.append(std::to_string(left / length)).append(name);
    left %= length;
  }
  return text;
}

}  // namespace scidex::config
