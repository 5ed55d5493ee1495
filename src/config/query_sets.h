// The files of config/queries, which are part of the program.
#pragma once

#include <span>
#include <string_view>

namespace scidex::config {

struct QuerySetFile {
  // Of the file, without its suffix.
  std::string_view name;
  std::string_view text;
};

// In order of the alphabet.
std::span<const QuerySetFile> QuerySetFiles();

}  // namespace scidex::config
