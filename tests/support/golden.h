// Golden files, which tests rewrite if SCIDEX_UPDATE_GOLDEN=1 is set in the environment.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace scidex::test {

inline bool UpdateGolden() {
  const char* const update = std::getenv("SCIDEX_UPDATE_GOLDEN");
  return update != nullptr && std::string_view(update) == "1";
}

// "" if the file does not exist.
inline std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteAll(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace scidex::test
