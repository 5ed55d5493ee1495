#include "config/web_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/quoted.h"
#include "config/yaml.h"

namespace scidex::config {
namespace {

using http::ClientAuth;
using http::TlsOptions;
using http::TlsVersion;

template <typename T, std::size_t kSize>
using Words = std::array<std::pair<std::string_view, T>, kSize>;

constexpr Words<TlsVersion, 4> kVersions{{{"TLS10", TlsVersion::kTls10},
                                          {"TLS11", TlsVersion::kTls11},
                                          {"TLS12", TlsVersion::kTls12},
                                          {"TLS13", TlsVersion::kTls13}}};

constexpr Words<ClientAuth, 7> kClientAuths{
    {{"NoClientCert", ClientAuth::kNone},
     {"RequestClientCert", ClientAuth::kRequest},
     {"RequireAnyClientCert", ClientAuth::kRequireAny},
     {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
     {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify},
     // An older name and the empty value, which are accepted but not listed in messages.
     {"RequireClientCert", ClientAuth::kRequireAny},
     {"", ClientAuth::kNone}}};
constexpr std::size_t kAdvertisedClientAuths = 5;

constexpr std::array<std::string_view, 4> kCurves{"CurveP256", "CurveP384", "CurveP521", "X25519"};

struct Header {
  std::string_view name;
  // Empty: any value.
  std::vector<std::string_view> values;
};

const std::vector<Header>& Headers() {
  static const std::vector<Header> kHeaders{{"Strict-Transport-Security", {}},
                                            {"X-Content-Type-Options", {"nosniff"}},
                                            {"X-Frame-Options", {"deny", "sameorigin"}},
                                            {"X-XSS-Protection", {}},
                                            {"Content-Security-Policy", {}}};
  return kHeaders;
}

template <typename Texts>
std::string Listed(const Texts& texts) {
  std::string list;
  for (const std::string_view text : texts) list.append(list.empty() ? "" : ", ").append(text);
  return list;
}

class WebFile {
 public:
  explicit WebFile(const std::string& path) : path_(path) {}

  http::WebOptions Read(const std::string& text) {
    const YAML::Node root = ParseYaml(path_, text);
    if (root.IsNull()) RefuseEmpty();
    Section(root, "",
            {{"tls_server_config", [this](const At& at) { Tls(at); }},
             {"http_server_config", [this](const At& at) { Http(at); }},
             {"basic_auth_users", [this](const At& at) { Users(at); }},
             {"rate_limit", [this](const At& at) {
                Refuse(at, "is not supported; use web.max_requests or a proxy");
              }}});
    if (options_.users.empty() && options_.headers.empty() && !options_.tls_enabled &&
        !root["http_server_config"])
      RefuseEmpty();
    return std::move(options_);
  }

 private:
  // The file was most likely emptied, or is being written: without content, it would let everyone
  // in.
  [[noreturn]] void RefuseEmpty() const {
    throw ConfigError(path_ +
                      ": sets nothing; write basic_auth_users or tls_server_config, or omit "
                      "--web.config.file");
  }

  // A value and its position.
  struct At {
    std::string key;
    int line;
    YAML::Node value;
  };
  using Readers = std::map<std::string, std::function<void(const At&)>>;

  [[noreturn]] void Refuse(const At& at, const std::string& what) const {
    RefuseAt(path_, at.line, at.key, what);
  }

  void Section(const YAML::Node& node, const std::string& name, const Readers& readers) {
    for (const YamlEntry& entry : EntriesOf(path_, node, name)) {
      const At at{(name.empty() ? "" : name + ".") + entry.key, entry.line, entry.value};
      const auto reader = readers.find(entry.key);
      if (reader == readers.end()) {
        std::vector<std::string_view> keys;
        for (const auto& [key, read] : readers) keys.push_back(key);
        Refuse(at, "unknown key; valid keys are " + Listed(keys));
      }
      reader->second(at);
    }
  }
  // As above, for a section that may be empty.
  void Section(const At& at, const Readers& readers) {
    if (!at.value.IsNull()) Section(at.value, at.key, readers);
  }

  std::string Text(const At& at) const {
    if (at.value.IsNull()) return "";
    if (!at.value.IsScalar()) Refuse(at, "is not a string");
    return TextOf(path_, at.line, at.key, at.value);
  }

  std::vector<std::string> Texts(const At& at) const {
    std::vector<std::string> texts;
    if (at.value.IsNull()) return texts;
    if (!at.value.IsSequence()) Refuse(at, "is not a list");
    for (const YAML::Node& item : at.value) {
      texts.push_back(Text({at.key, item.Mark().line + 1, item}));
    }
    return texts;
  }

  bool Bool(const At& at) const {
    if (const auto value = at.value.IsScalar() ? Truth(at.value.Scalar()) : std::nullopt) {
      return *value;
    }
    Refuse(at, "is not a boolean; write true or false");
  }
  static std::optional<bool> Truth(std::string_view text) {
    for (const std::string_view yes :
         {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
      if (text == yes) return true;
    for (const std::string_view no :
         {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
      if (text == no) return false;
    return std::nullopt;
  }

  std::string File(const At& at) const {
    const std::string file = Text(at);
    if (!base::MayBeAPath(file)) {
      const std::string_view key = at.key;
      Refuse(at, "is not a path; write the text of a certificate or key under " +
                     std::string(key.substr(0, key.size() - std::string_view("_file").size())));
    }
    return file.empty() ? file : (std::filesystem::path(path_).parent_path() / file).string();
  }

  template <typename T, std::size_t kSize>
  T OneOf(const At& at, const Words<T, kSize>& words, std::size_t advertised = kSize) const {
    const std::string text = Text(at);
    std::vector<std::string_view> names;
    for (const auto& [name, value] : words) {
      if (text == name) return value;
      if (names.size() < advertised) names.push_back(name);
    }
    Refuse(at, base::QuotedUnlessSecret(text) + " is invalid; write one of " + Listed(names));
  }

  void Tls(const At& section) {
    TlsOptions& tls = options_.tls;
    bool auth_given = false;
    Section(section,
            {{"cert", [&](const At& at) { tls.cert = Text(at); }},
             {"cert_file", [&](const At& at) { tls.cert_file = File(at); }},
             {"key", [&](const At& at) { tls.key = base::Secret(Text(at)); }},
             {"key_file", [&](const At& at) { tls.key_file = File(at); }},
             {"client_ca", [&](const At& at) { tls.client_ca = Text(at); }},
             {"client_ca_file", [&](const At& at) { tls.client_ca_file = File(at); }},
             {"client_auth_type",
              [&](const At& at) {
                tls.client_auth = OneOf(at, kClientAuths, kAdvertisedClientAuths);
                auth_given = !Text(at).empty();
              }},
             {"client_allowed_sans", [&](const At& at) { tls.client_allowed_sans = Texts(at); }},
             {"min_version", [&](const At& at) { tls.min_version = OneOf(at, kVersions); }},
             {"max_version", [&](const At& at) { tls.max_version = OneOf(at, kVersions); }},
             {"cipher_suites", [&](const At& at) { tls.cipher_suites = Texts(at); }},
             {"curve_preferences", [&](const At& at) { tls.curves = Curves(at); }},
             {"prefer_server_cipher_suites",
              [&](const At& at) { tls.prefer_server_cipher_suites = Bool(at); }}});
    options_.tls_enabled = auth_given || !tls.cert.empty() || !tls.cert_file.empty() ||
                           !tls.key.empty() || !tls.key_file.empty() || !tls.client_ca.empty() ||
                           !tls.client_ca_file.empty();
    CheckTls(section, tls);
  }

  // Checks which keys require or exclude each other.
  void CheckTls(const At& at, const TlsOptions& tls) const {
    const auto one_of = [&](const std::string& key, bool text, bool file, bool needed) {
      if (text && file) Refuse(at, "has both " + key + " and " + key + "_file; write one of them");
      if (needed && !text && !file) Refuse(at, "lacks " + key + "_file");
    };
    one_of("cert", !tls.cert.empty(), !tls.cert_file.empty(), options_.tls_enabled);
    one_of("key", !tls.key.empty(), !tls.key_file.empty(), options_.tls_enabled);
    one_of("client_ca", !tls.client_ca.empty(), !tls.client_ca_file.empty(), false);
    const bool ca = !tls.client_ca.empty() || !tls.client_ca_file.empty();
    if (tls.client_auth == ClientAuth::kNone && (ca || !tls.client_allowed_sans.empty())) {
      Refuse(at, std::string(ca ? "client_ca_file" : "client_allowed_sans") +
                     " has no effect without client_auth_type; write one of " +
                     "RequireAndVerifyClientCert, VerifyClientCertIfGiven");
    }
    if (!tls.client_allowed_sans.empty() && tls.client_auth != ClientAuth::kRequireAndVerify) {
      Refuse(at,
             "client_allowed_sans protects nothing unless client_auth_type is "
             "RequireAndVerifyClientCert: an unverified certificate may contain any name");
    }
    if (tls.min_version > tls.max_version) Refuse(at, "min_version is higher than max_version");
  }

  std::vector<std::string> Curves(const At& at) const {
    std::vector<std::string> curves = Texts(at);
    for (const std::string& curve : curves) {
      if (std::find(kCurves.begin(), kCurves.end(), curve) == kCurves.end()) {
        Refuse(at, base::QuotedUnlessSecret(curve) + " is not a curve; valid curves are " +
                       Listed(kCurves));
      }
    }
    return curves;
  }

  void Http(const At& section) {
    // http2 is accepted but ignored: clients are always offered HTTP/1.1.
    Section(section, {{"http2", [&](const At& at) { Bool(at); }},
                      {"headers", [&](const At& at) { HeaderValues(at); }}});
  }

  void HeaderValues(const At& section) {
    if (section.value.IsNull()) return;
    for (const YamlEntry& entry : EntriesOf(path_, section.value, section.key)) {
      const At at{section.key + "." + entry.key, entry.line, entry.value};
      const auto header = std::find_if(Headers().begin(), Headers().end(),
                                       [&](const Header& one) { return one.name == entry.key; });
      if (header == Headers().end()) {
        std::vector<std::string_view> names;
        for (const Header& one : Headers()) names.push_back(one.name);
        Refuse(at, "this header cannot be set; valid headers are " + Listed(names));
      }
      const std::string value = Text(at);
      const auto& values = header->values;
      if (!values.empty() && std::find(values.begin(), values.end(), value) == values.end()) {
        Refuse(at, base::QuotedUnlessSecret(value) + " is invalid; write one of " + Listed(values));
      }
      if (std::any_of(value.begin(), value.end(), &base::IsControl)) {
        Refuse(at, "has a control character; write one line");
      }
      options_.headers.emplace(entry.key, value);
    }
  }

  void Users(const At& section) {
    if (section.value.IsNull()) return;
    for (const YamlEntry& entry : EntriesOf(path_, section.value, section.key, KeysAre::kTexts)) {
      options_.users.emplace(entry.key, Text({section.key, entry.line, entry.value}));
    }
  }

  const std::string& path_;
  http::WebOptions options_;
};

}  // namespace

http::WebOptions ParseWebFile(const std::string& path, const std::string& text) {
  return WebFile(path).Read(text);
}

}  // namespace scidex::config
