#include "config/file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "base/read_file.h"

namespace scidex::config {
namespace {

std::string ReadText(const std::string& path) {
  try {
    return base::ReadFile(path);
  } catch (const std::runtime_error& error) {
    throw ConfigError(error.what());
  }
}

// What is no word may be a value with a slip of the pen before it, and that value a secret.
bool IsWord(std::string_view key) {
  return !key.empty() && key.size() <= 64 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

// Edits that make one text the other; for "did you mean".
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row.back();
}

class Reader {
 public:
  Reader(const std::string& path, Draft& draft) : path_(path), draft_(draft) {}

  Lines Read() {
    const YAML::Node root = Parse();
    if (!root.IsNull()) Section(root, "");
    return std::move(lines_);
  }

 private:
  YAML::Node Parse() const {
    try {
      const std::vector<YAML::Node> documents = YAML::LoadAll(ReadText(path_));
      if (documents.size() > 1)
        throw ConfigError(path_ + ": holds several YAML documents; write one");
      return documents.empty() ? YAML::Node() : documents.front();
    } catch (const YAML::Exception& error) {
      throw ConfigError(path_ + ":" + std::to_string(error.mark.line + 1) +
                        ": not YAML: " + error.msg);
    }
  }

  [[noreturn]] void Refuse(int line, const std::string& key, const std::string& what) const {
    throw ConfigError(path_ + ":" + std::to_string(line) + ": " + key + ": " + what);
  }

  void Section(const YAML::Node& section, const std::string& prefix) {
    if (!section.IsMap()) {
      Refuse(section.Mark().line + 1, prefix.empty() ? "the file" : prefix,
             "is not a mapping; write KEY: VALUE lines");
    }
    std::set<std::string> seen;
    for (const auto& entry : section) {
      const int line = entry.first.Mark().line + 1;
      if (!entry.first.IsScalar() || !IsWord(entry.first.Scalar())) {
        Refuse(line, prefix.empty() ? "the file" : prefix,
               "has a key that is not a word; is a blank missing after its colon?");
      }
      const std::string path = (prefix.empty() ? "" : prefix + ".") + entry.first.Scalar();
      if (!seen.insert(path).second) Refuse(line, path, "stands here twice; write it once");
      Entry(path, line, entry.second);
    }
  }

  void Entry(const std::string& path, int line, const YAML::Node& value) {
    const auto& keys = Keys();
    const auto key =
        std::find_if(keys.begin(), keys.end(), [&](const Key& one) { return one.path == path; });
    if (key != keys.end()) {
      lines_[path] = line;
      if (!key->set(Texts(*key, line, value), draft_)) RefuseValue(*key, line, value);
      return;
    }
    const bool is_section = std::any_of(
        keys.begin(), keys.end(), [&](const Key& one) { return one.path.starts_with(path + "."); });
    if (!is_section) RefuseUnknown(path, line);
    // A section that is all comments.
    if (!value.IsNull()) Section(value, path);
  }

  std::vector<std::string> Texts(const Key& key, int line, const YAML::Node& value) const {
    if (key.shape == Shape::kText) {
      if (!value.IsScalar()) RefuseValue(key, line, value);
      return {value.Scalar()};
    }
    if (!value.IsSequence()) RefuseValue(key, line, value);
    std::vector<std::string> texts;
    for (const YAML::Node& item : value) {
      if (!item.IsScalar()) RefuseValue(key, line, value);
      texts.push_back(item.Scalar());
    }
    return texts;
  }

  [[noreturn]] void RefuseValue(const Key& key, int line, const YAML::Node& value) const {
    std::string what = value.IsScalar() ? "\"" + value.Scalar() + "\""
                       : value.IsNull() ? "nothing"
                                        : "this";
    if (key.secret) what = "this";
    Refuse(line, key.path, what + " is not what is expected; write " + key.expected);
  }

  [[noreturn]] void RefuseUnknown(const std::string& path, int line) const {
    const std::string* nearest = nullptr;
    std::size_t least = path.size() / 3 + 2;
    for (const Key& key : Keys()) {
      // A section is as good a guess as a key in it.
      if (const std::size_t distance = Distance(path, key.path); distance < least) {
        least = distance;
        nearest = &key.path;
      }
    }
    Refuse(line, path,
           nearest == nullptr ? "there is no such key; config/exporter.yaml has them all"
                              : "there is no such key; did you mean " + *nearest + "?");
  }

  const std::string& path_;
  Draft& draft_;
  Lines lines_;
};

}  // namespace

Lines ReadFile(const std::string& path, Draft& draft) { return Reader(path, draft).Read(); }

}  // namespace scidex::config
