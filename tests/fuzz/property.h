// Shared by the fuzz targets: the input as text, and the check of a property.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

namespace scidex::fuzz {

inline std::string Text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Aborts the process if it does not hold.
inline void Expect(bool holds, std::string_view property, std::string_view shown = "") {
  if (holds) return;
  std::cerr << "does not hold: " << property << "\n" << shown << "\n";
  std::abort();
}

// Errors are one line that names the position, for people and logs.
inline void ExpectMessage(std::string_view message) {
  Expect(!message.empty(), "an error says something");
  for (const char c : message) {
    Expect(c != '\n' && c != '\r', "an error is one line", message);
  }
}

}  // namespace scidex::fuzz
