#include "postgres/masking.h"

#include <algorithm>
#include <deque>

#include "base/mutex.h"

namespace scidex::postgres {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::size_t kTooShortToMask = 3;
// Of an identifier, by the server's NAMEDATALEN.
constexpr std::size_t kNameBytes = 63;

class Secrets {
 public:
  void Remember(const std::string& secret) {
    const base::MutexLock lock(mutex_);
    const auto known = std::find(secrets_.begin(), secrets_.end(), secret);
    // Those of servers that are there stay, however many are tried beside them.
    if (known != secrets_.end()) secrets_.erase(known);
    secrets_.push_back(secret);
    if (secrets_.size() > kRememberedSecrets) secrets_.pop_front();
  }

  std::string Mask(std::string text) const {
    const base::MutexLock lock(mutex_);
    for (const std::string& secret : secrets_) {
      if (secret.size() > kTooShortToMask) {
        Replace(text, secret);
        Replace(text, secret.substr(0, kNameBytes));
      } else if (HasWord(text, secret)) {
        return "(not shown, as it has a secret in it)";
      }
    }
    return text;
  }

 private:
  static bool IsOfWord(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  static bool HasWord(const std::string& text, const std::string& word) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
      const std::size_t end = at + word.size();
      if ((at == 0 || !IsOfWord(text[at - 1])) && (end == text.size() || !IsOfWord(text[end])))
        return true;
    }
    return false;
  }

  static void Replace(std::string& text, std::string_view secret) {
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kMask.size())) {
      text.replace(at, secret.size(), kMask);
    }
  }

  mutable base::Mutex mutex_;
  std::deque<std::string> secrets_ SCIDEX_GUARDED_BY(mutex_);
};

Secrets& AllSecrets() {
  static Secrets& secrets = *new Secrets;
  return secrets;
}

}  // namespace

void RememberSecret(const base::Secret& secret) {
  if (!secret.empty()) AllSecrets().Remember(secret.Reveal());
}

std::string Masked(std::string_view text) {
  std::string masked = AllSecrets().Mask(std::string(text));
  masked.resize(std::min(masked.find('\n'), masked.size()));
  return masked;
}

}  // namespace scidex::postgres
