#include "config/yaml.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string_view>

#include "base/read_file.h"

namespace scidex::config {
namespace {

// What is no word may be a value with a slip of the pen before it, and that value a secret.
bool IsWord(std::string_view key) {
  return !key.empty() && key.size() <= 64 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

}  // namespace

std::string ReadText(const std::string& path) {
  try {
    return base::ReadFile(path);
  } catch (const std::runtime_error& error) {
    throw ConfigError(error.what());
  }
}

YAML::Node ParseYaml(const std::string& path, const std::string& text) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) throw ConfigError(path + ": holds several YAML documents; write one");
    return documents.empty() ? YAML::Node() : documents.front();
  } catch (const YAML::Exception& error) {
    throw ConfigError(path + ":" + std::to_string(error.mark.line + 1) +
                      ": not YAML: " + error.msg);
  }
}

void RefuseAt(const std::string& path, int line, const std::string& key, const std::string& what) {
  throw ConfigError(path + ":" + std::to_string(line) + ": " + key + ": " + what);
}

std::vector<YamlEntry> EntriesOf(const std::string& path, const YAML::Node& mapping,
                                 const std::string& name, KeysAre keys) {
  const std::string place = name.empty() ? "the file" : name;
  if (!mapping.IsMap()) {
    RefuseAt(path, mapping.Mark().line + 1, place, "is not a mapping; write KEY: VALUE lines");
  }
  std::set<std::string> seen;
  std::vector<YamlEntry> entries;
  for (const auto& entry : mapping) {
    const int line = entry.first.Mark().line + 1;
    if (!entry.first.IsScalar() || (keys == KeysAre::kWords && !IsWord(entry.first.Scalar()))) {
      RefuseAt(path, line, place,
               "has a key that is not a word; is a blank missing after its colon?");
    }
    const std::string& key = entry.first.Scalar();
    if (!seen.insert(key).second) {
      RefuseAt(path, line, name.empty() ? key : name + "." + key,
               "stands here twice; write it once");
    }
    entries.push_back({key, line, entry.second});
  }
  return entries;
}

}  // namespace scidex::config
