// What the files of this layer share: strict YAML whose errors name the line.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

#include "config/config.h"

namespace scidex::config {

// All of these throw ConfigError.

std::string ReadText(const std::string& path);

// One document; null for an empty text.
YAML::Node ParseYaml(const std::string& path, const std::string& text);

// "FILE:LINE: KEY: WHAT".
[[noreturn]] void RefuseAt(const std::string& path, int line, const std::string& key,
                           const std::string& what);

struct YamlEntry {
  std::string key;
  int line = 0;
  YAML::Node value;
};

enum class KeysAre { kWords, kTexts };

// What a mapping holds, each key once. `name` is the mapping's own key, "" of the whole file.
std::vector<YamlEntry> EntriesOf(const std::string& path, const YAML::Node& mapping,
                                 const std::string& name, KeysAre keys = KeysAre::kWords);

}  // namespace scidex::config
