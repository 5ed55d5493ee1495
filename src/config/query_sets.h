// The files of config/queries, compiled into the program.
#pragma once

#include <span>
#include <string_view>

namespace scidex::config {

struct QuerySetFile {
  // The file name without its suffix.
  std::string_view name;
  std::string_view text;
};

// In alphabetical order.
std::span<const QuerySetFile> QuerySetFiles();

}  // namespace scidex::config
