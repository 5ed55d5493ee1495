// Enumerations with names: metric label values, configuration values, log fields.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/joined.h"

namespace scidex::base {

// Specialise this for an enumeration with the values 0, 1, 2, …; it must have `static constexpr
// std::array kNames`.
template <typename E>
struct EnumNames;

template <typename E>
inline constexpr std::size_t kEnumCount = EnumNames<E>::kNames.size();

// All values, in order.
template <typename E>
inline constexpr auto kEnumValues = [] {
  std::array<E, kEnumCount<E>> values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<E>(i);
  return values;
}();

// `value` must be one of the enumerators.
template <typename E>
constexpr std::string_view Name(E value) {
  return EnumNames<E>::kNames[static_cast<std::size_t>(value)];
}

// All names, in order, separated by commas.
template <typename E>
std::string JoinedNames() {
  return Joined(kEnumValues<E>, ", ", &Name<E>);
}

// The value with exactly this name; nothing if there is none.
template <typename E>
constexpr std::optional<E> ParseEnum(std::string_view name) {
  for (const E value : kEnumValues<E>) {
    if (Name(value) == name) return value;
  }
  return std::nullopt;
}

// Holds one T for each value of E.
template <typename E, typename T>
class EnumArray {
 public:
  constexpr T& operator[](E key) { return values_[static_cast<std::size_t>(key)]; }
  constexpr const T& operator[](E key) const { return values_[static_cast<std::size_t>(key)]; }
  constexpr auto begin() const { return values_.begin(); }
  constexpr auto end() const { return values_.end(); }

 private:
  std::array<T, kEnumCount<E>> values_{};
};

}  // namespace scidex::base
