#include "config/file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quoted.h"
#include "config/queries.h"
#include "config/yaml.h"

namespace scidex::config {
namespace {

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

class FileReader {
 public:
  FileReader(const std::string& path, Draft& draft) : path_(path), draft_(draft) {}

  Lines Read() {
    text_ = std::make_shared<const std::string>(ReadText(path_));
    const YAML::Node root = ParseYaml(path_, *text_);
    if (!root.IsNull()) Section(root, "");
    // Most likely it was emptied, or is being written: its keys' defaults are not what was meant.
    if (lines_.empty() && !has_queries_) {
      throw ConfigError(path_ + ": sets nothing; write at least one key, or give no --config.file");
    }
    return std::move(lines_);
  }

 private:
  [[noreturn]] void Refuse(int line, const std::string& key, const std::string& what) const {
    RefuseAt(path_, line, key, what);
  }

  void Section(const YAML::Node& section, const std::string& prefix) {
    for (const YamlEntry& entry : EntriesOf(path_, section, prefix)) {
      const std::string path = (prefix.empty() ? "" : prefix + ".") + entry.key;
      Entry(path, entry.line, entry.value);
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
    if (path == "queries") {
      if (!value.IsSequence()) Refuse(line, path, "is not a list; write - name: … lines");
      draft_.queries = ReadQueries(path_, text_, value);
      has_queries_ = true;
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
    std::string what = value.IsScalar() ? base::QuotedUnlessSecret(value.Scalar())
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
  // Outlives the reader: the places of queries have it.
  std::shared_ptr<const std::string> text_;
  Lines lines_;
  bool has_queries_ = false;
};

}  // namespace

Lines ReadFile(const std::string& path, Draft& draft) { return FileReader(path, draft).Read(); }

}  // namespace scidex::config
