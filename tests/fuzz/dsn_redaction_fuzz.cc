// No DSN, valid or invalid, shows its password.

#include <map>

#include "fuzz/property.h"
#include "postgres/dsn.h"

namespace {

using scidex::base::Secret;

// Shorter ones occur in other words by chance.
constexpr std::size_t kTelling = 5;

bool IsSecret(const std::string& keyword) {
  return keyword == "password" || keyword == "sslpassword";
}

// Whether a part that may be shown contains the text.
bool IsPublic(const std::map<std::string, Secret>& parameters, const std::string& text) {
  for (const auto& [keyword, value] : parameters) {
    if (keyword.find(text) != std::string::npos) return true;
    if (!IsSecret(keyword) && value.Reveal().find(text) != std::string::npos) return true;
  }
  return false;
}

// The canary is a parameter of a URI, or may be parsed as one, and no part of a password.
bool MayBeParameterName(const std::string& text, const std::string& canary) {
  const std::size_t query = text.find('?');
  const std::size_t at = text.rfind(canary);
  return query != std::string::npos && at != std::string::npos && at > query &&
         text.find('@', query) == std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scidex;
  const std::string text = fuzz::Text(data, size);
  // libpq accepts only C strings.
  if (text.find('\0') != std::string::npos) return 0;
  // The input may also contain a password where it cannot be parsed.
  const std::string canary = "cAnArY";
  try {
    const postgres::Dsn dsn = postgres::Dsn::Parse(Secret(text));
    const std::string shown = dsn.Redacted();
    for (const auto& [keyword, value] : dsn.parameters()) {
      const std::string& secret = value.Reveal();
      if (!IsSecret(keyword) || secret.size() < kTelling) continue;
      // Part of one value and part of the next.
      if (secret.find_first_of(" =") != std::string::npos) continue;
      if (IsPublic(dsn.parameters(), secret)) continue;
      fuzz::Expect(shown.find(secret) == std::string::npos, "the password is not shown", shown);
    }
  } catch (const postgres::DsnError& error) {
    fuzz::ExpectMessage(error.what());
    fuzz::Expect(MayBeParameterName(text, canary) ||
                     std::string(error.what()).find(canary) == std::string::npos,
                 "an error repeats nothing of a DSN that may be a password", error.what());
  }
  return 0;
}
