#include "config/yaml.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include <yaml-cpp/eventhandler.h>

#include "base/quoted.h"
#include "base/read_file.h"

namespace scidex::config {
namespace {

// A key that is not a word may be a value after a typing error, and that value a secret.
bool IsWord(std::string_view key) {
  return !key.empty() && key.size() <= 64 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

bool IsControl(char c) {
  return (c >= '\0' && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == '\x7f';
}

// Each alias expands to the content of its anchor, so a short file could fill the memory.
constexpr std::size_t kMaxAliases = 32;
constexpr std::size_t kMaxBytesWithAliases = std::size_t{64} << 10;

// Ignores the content of a document, but counts its aliases.
class AliasCounter : public YAML::EventHandler {
 public:
  std::size_t aliases() const { return aliases_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override { ++aliases_; }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  std::size_t aliases_ = 0;
};

// YAML::LoadAll would detect this too, but never returns if the text begins with a comma: it finds
// one empty document after another.
void CheckDocuments(const std::string& path, const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  AliasCounter counter;
  if (parser.HandleNextDocument(counter) && parser.HandleNextDocument(counter)) {
    throw ConfigError(path +
                      ": contains several YAML documents; write one, and no comma before a key");
  }
  if (counter.aliases() > kMaxAliases ||
      (counter.aliases() > 0 && text.size() > kMaxBytesWithAliases)) {
    throw ConfigError(path +
                      ": has too many aliases (*name) or is too large for any; write at most " +
                      std::to_string(kMaxAliases) + ", in a file of at most 64 KiB");
  }
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
  const auto control = std::find_if(text.begin(), text.end(), &IsControl);
  if (control != text.end()) {
    RefuseAt(path, static_cast<int>(std::count(text.begin(), control, '\n')) + 1, "the file",
             "contains a control character; is it a text file?");
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
