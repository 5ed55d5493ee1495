// Strict YAML for the files of this layer. Errors name the line.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

#include "config/config.h"

namespace scidex::config {

// All functions below throw ConfigError.

std::string ReadText(const std::string& path);

// Returns one document; null for an empty text.
YAML::Node ParseYaml(const std::string& path, const std::string& text);

// Throws "FILE:LINE: KEY: WHAT".
[[noreturn]] void RefuseAt(const std::string& path, int line, const std::string& key,
                           const std::string& what);

// Returns the text of a scalar, the value of `key`. Refuses a NUL character, which an escape in
// double quotes can write: C libraries such as libpq would ignore what follows it.
const std::string& TextOf(const std::string& path, int line, const std::string& key,
                          const YAML::Node& scalar);

struct YamlEntry {
  std::string key;
  int line = 0;
  YAML::Node value;
};

enum class KeysAre { kWords, kTexts };

// Returns the entries of a mapping; each key may occur only once. `name` is the key of the mapping
// itself, "" for the whole file.
std::vector<YamlEntry> EntriesOf(const std::string& path, const YAML::Node& mapping,
                                 const std::string& name, KeysAre keys = KeysAre::kWords);

}  // namespace scidex::config
