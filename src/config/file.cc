#include "config/file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/quoted.h"
#include "config/nearest.h"
#include "config/queries.h"
#include "config/yaml.h"

namespace scidex::config {
namespace {

class FileReader {
 public:
  FileReader(const std::string& path, Draft& draft) : path_(path), draft_(draft) {}

  Lines Read() {
    text_ = std::make_shared<const std::string>(ReadText(path_));
    const YAML::Node root = ParseYaml(path_, *text_);
    if (!root.IsNull()) Section(root, "");
    ApplyDefaults();
    // The file was most likely emptied, or is being written: defaults for all keys are not what was
    // intended.
    if (lines_.empty() && !has_queries_) {
      throw ConfigError(path_ + ": sets nothing; write at least one key, or omit --config.file");
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
    if (const Key* const key = FindKey(path)) {
      // Once as primary.dsn, and once in the section primary.
      if (!lines_.try_emplace(path, Written{line, path}).second)
        Refuse(line, path, "is set twice; set it once");
      if (!key->set(Texts(*key, line, value), draft_)) RefuseValue(*key, line, value);
      return;
    }
    if (path == "queries") {
      if (!value.IsSequence()) Refuse(line, path, "is not a list; write - name: … lines");
      draft_.queries = ReadQueries(path_, text_, value);
      has_queries_ = true;
      return;
    }
    const bool is_section = std::any_of(Keys().begin(), Keys().end(), [&](const Key& one) {
      return one.path.starts_with(path + ".");
    });
    if (!is_section) RefuseUnknown(path, line);
    // The section may contain only comments.
    if (!value.IsNull()) Section(value, path);
  }

  // Last, as the order of keys in the file has no meaning. An error in such a value is reported at
  // the line of the default.
  void ApplyDefaults() {
    for (const Key& key : Keys()) {
      const auto line = lines_.find(key.path);
      if (line == lines_.end()) continue;
      for (const std::string& path : key.default_of) {
        if (lines_.try_emplace(path, line->second).second)
          FindKey(path)->set(key.get(draft_), draft_);
      }
    }
  }

  std::vector<std::string> Texts(const Key& key, int line, const YAML::Node& value) const {
    const auto text_of = [&](const YAML::Node& node) -> const std::string& {
      if (!node.IsScalar()) RefuseValue(key, line, value);
      return TextOf(path_, line, key.path, node);
    };
    if (key.shape == Shape::kText) return {text_of(value)};
    if (!value.IsSequence()) RefuseValue(key, line, value);
    std::vector<std::string> texts;
    for (const YAML::Node& item : value) texts.push_back(text_of(item));
    return texts;
  }

  [[noreturn]] void RefuseValue(const Key& key, int line, const YAML::Node& value) const {
    std::string what = value.IsScalar() ? base::QuotedUnlessSecret(value.Scalar())
                       : value.IsNull() ? "an empty value"
                                        : "this";
    if (key.secret) what = "this";
    std::string guess;
    for (std::size_t i = 0; value.IsSequence() && i < value.size(); ++i) {
      const YAML::Node item = value[i];
      if (guess.empty() && item.IsScalar()) guess = SuggestWord(key, item.Scalar(), what);
    }
    Refuse(line, key.path, what + " is invalid; " + guess + "write " + key.expected);
  }

  // If the list does not accept `item`, puts it into `what` and returns a suggestion.
  static std::string SuggestWord(const Key& key, const std::string& item, std::string& what) {
    if (key.words.empty() || std::find(key.words.begin(), key.words.end(), item) != key.words.end())
      return "";
    what = base::QuotedUnlessSecret(item);
    const std::string* const nearest = Nearest(item, key.words);
    return nearest == nullptr ? "" : "did you mean " + *nearest + "? ";
  }

  [[noreturn]] void RefuseUnknown(const std::string& path, int line) const {
    // For a misspelt section, a key in it is suggested.
    std::vector<std::string> paths;
    for (const Key& key : Keys()) paths.push_back(key.path);
    const std::string* const nearest = Nearest(path, paths);
    Refuse(line, path,
           nearest == nullptr ? "unknown key; config/exporter.yaml lists all keys"
                              : "unknown key; did you mean " + *nearest + "?");
  }

  const std::string& path_;
  Draft& draft_;
  // Shared with the places of queries, which outlive the reader.
  std::shared_ptr<const std::string> text_;
  Lines lines_;
  bool has_queries_ = false;
};

}  // namespace

Lines ReadFile(const std::string& path, Draft& draft) { return FileReader(path, draft).Read(); }

}  // namespace scidex::config
