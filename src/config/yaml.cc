#include "config/yaml.h"

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <yaml-cpp/eventhandler.h>

#include "base/ascii.h"
#include "base/quoted.h"
#include "base/read_file.h"
#include "base/utf8.h"
#include "config/scalar_position.h"

namespace scidex::config {
namespace {

// A key that is not a word may be a value after a typing error, and that value a secret.
bool IsWord(std::string_view key) {
  return !key.empty() && key.size() <= 64 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

bool IsForbidden(char c) { return base::IsControl(c) && c != '\t' && c != '\n' && c != '\r'; }

// Each alias expands to the content of its anchor, so a short file could fill the memory.
constexpr std::size_t kMaxAliases = 32;
constexpr std::size_t kMaxBytesWithAliases = std::size_t{64} << 10;

// yaml-cpp recurses for each level, and civetweb's threads, which read files too, have small
// stacks.
constexpr std::size_t kMaxDepth = 32;

// Finds what yaml-cpp accepts although it is not YAML, or is a typing error that changes the
// meaning of other lines.
class StrictHandler : public YAML::EventHandler {
 public:
  struct Mistake {
    int line;
    const char* what;
  };

  // `text` must outlive it.
  explicit StrictHandler(std::string_view text) : text_(text), offsets_(text) {}

  std::size_t aliases() const { return aliases_; }
  // The first one. What yaml-cpp does not accept ends the parsing with its own exception.
  const std::optional<Mistake>& mistake() const { return mistake_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {
    const std::optional<Key> key = std::move(key_);
    if (BeginNode() == Place::kValue && key &&
        !IsFollowedByColon(text_, offsets_.Of(key->mark), key->text))
      Refuse(key->mark,
             "has a key without a colon; write KEY: VALUE, with a space after the colon");
  }
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {
    BeginNode();
    ++aliases_;
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    CheckTag(mark, tag);
    if (!IsClosed(text_, offsets_.Of(mark)))
      Refuse(mark, "has a quoted text without a closing quote");
    if (BeginNode() == Place::kKey) key_ = {mark, text};
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, Place::kItem);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, Place::kKey);
  }
  void OnMapEnd() override { open_.pop_back(); }
  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    // In "dsn: &host=db1 port=2" the rest would be the value.
    if (name.find_first_of("=:/@") != std::string::npos)
      Refuse(mark, "has an anchor (&) with a character of a DSN; write the text in quotes");
  }

 private:
  enum class Place { kKey, kValue, kItem };
  struct Key {
    YAML::Mark mark;
    std::string text;
  };

  // Returns the place of the node in the innermost collection that is open.
  Place BeginNode() {
    key_.reset();
    if (open_.empty()) return Place::kItem;
    const Place place = open_.back();
    if (place != Place::kItem) open_.back() = place == Place::kKey ? Place::kValue : Place::kKey;
    return place;
  }

  void Open(const YAML::Mark& mark, const std::string& tag, Place first) {
    // Not at the end, because each level needs a part of the stack.
    if (open_.size() >= kMaxDepth) throw YAML::ParserException(mark, "is nested too deeply");
    CheckTag(mark, tag);
    BeginNode();
    open_.push_back(first);
  }

  // The first two are those of texts without a tag.
  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
    Refuse(mark, "has a tag (!), which is not supported; write the text in quotes");
  }

  void Refuse(const YAML::Mark& mark, const char* what) {
    if (!mistake_) mistake_ = {mark.line + 1, what};
  }

  const std::string_view text_;
  MarkOffsets offsets_;
  std::optional<Mistake> mistake_;
  std::vector<Place> open_;
  // If the latest node was the key of a mapping, and a scalar.
  std::optional<Key> key_;
  std::size_t aliases_ = 0;
};

// YAML::LoadAll would detect this too, but never returns if the text begins with a comma: it finds
// one empty document after another.
void CheckDocuments(const std::string& path, const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  std::string_view marked(text);
  // yaml-cpp does not count it.
  if (marked.starts_with(kByteOrderMark)) marked.remove_prefix(kByteOrderMark.size());
  StrictHandler handler(marked);
  if (parser.HandleNextDocument(handler) && parser.HandleNextDocument(handler)) {
    throw ConfigError(path +
                      ": contains several YAML documents; write one, and no comma before a key");
  }
  if (const auto& mistake = handler.mistake())
    RefuseAt(path, mistake->line, "the file", mistake->what);
  if (handler.aliases() > kMaxAliases ||
      (handler.aliases() > 0 && text.size() > kMaxBytesWithAliases)) {
    throw ConfigError(path +
                      ": has too many aliases (*name) or is too large for any; write at most " +
                      std::to_string(kMaxAliases) + ", in a file of at most 64 KiB");
  }
}

int LineOf(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  return static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
}

}  // namespace

std::string ReadText(const std::string& path) {
  try {
    return base::ReadFile(path, base::FileKind::kPipe);
  } catch (const std::runtime_error& error) {
    throw ConfigError(error.what());
  }
}

YAML::Node ParseYaml(const std::string& path, const std::string& text) {
  // YAML does not allow them, and yaml-cpp never returns after some of them.
  const auto control = std::find_if(text.begin(), text.end(), &IsForbidden);
  if (control != text.end()) {
    RefuseAt(path, LineOf(text, static_cast<std::size_t>(control - text.begin())), "the file",
             "contains a control character; is it a text file?");
  }
  // yaml-cpp would replace other bytes, also in a password.
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = base::SequenceLength(std::string_view(text).substr(at));
    if (length == 0) {
      RefuseAt(path, LineOf(text, at), "the file",
               "contains a character that is not UTF-8; save it in UTF-8");
    }
    at += length;
  }
  try {
    CheckDocuments(path, text);
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw ConfigError(path + ":" + std::to_string(error.mark.line + 1) +
                      ": not YAML: " + base::OneLine(error.msg));
  }
}

void RefuseAt(const std::string& path, int line, const std::string& key, const std::string& what) {
  throw ConfigError(path + ":" + std::to_string(line) + ": " + base::OneLine(key + ": " + what));
}

const std::string& TextOf(const std::string& path, int line, const std::string& key,
                          const YAML::Node& scalar) {
  const std::string& text = scalar.Scalar();
  if (text.find('\0') != std::string::npos)
    RefuseAt(path, line, key, "contains a NUL character; remove it");
  return text;
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
    if (keys == KeysAre::kWords && entry.first.IsScalar() && entry.first.Scalar() == "<<") {
      RefuseAt(path, line, place,
               "has a merge key (<<), which is not supported; write its keys out");
    }
    if (!entry.first.IsScalar() || (keys == KeysAre::kWords && !IsWord(entry.first.Scalar()))) {
      RefuseAt(path, line, place,
               "has a key that is not a word; is a space missing after its colon?");
    }
    const std::string& key = entry.first.Scalar();
    if (!seen.insert(key).second) {
      std::string twice = name;
      if (!twice.empty()) twice += '.';
      twice += key;
      RefuseAt(path, line, twice, "is set twice; set it once");
    }
    entries.push_back({key, line, entry.second});
  }
  return entries;
}

}  // namespace scidex::config
