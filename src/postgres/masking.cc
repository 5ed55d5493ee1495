#include "postgres/masking.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <vector>

#include "base/mutex.h"

namespace scidex::postgres {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::size_t kTooShortToMask = 3;
// Maximum length of an identifier, by the server's NAMEDATALEN.
constexpr std::size_t kNameBytes = 63;
// Maximum length of a message in the log.
constexpr std::size_t kMostBytes = 4096;

class Secrets {
 public:
  void Remember(const std::string& secret) {
    const base::MutexLock lock(mutex_);
    const auto known = std::find(secrets_.begin(), secrets_.end(), secret);
    // Passwords in use stay remembered, however many others are tried.
    if (known != secrets_.end()) secrets_.erase(known);
    secrets_.push_back(secret);
    if (secrets_.size() > kRememberedSecrets) secrets_.pop_front();
  }

  // Searches all of `text`, because one secret may be part of another.
  std::string Mask(std::string_view text) const {
    const base::MutexLock lock(mutex_);
    std::size_t longest = 0;
    for (const std::string& secret : secrets_) longest = std::max(longest, secret.size());
    text = text.substr(0, kMostBytes + longest);
    std::vector<bool> hidden(text.size());
    for (const std::string_view secret : secrets_) {
      if (secret.size() <= kTooShortToMask) {
        if (HasWord(text, secret)) return "(not shown: contains a secret)";
        continue;
      }
      Hide(text, secret, hidden);
      // The server truncates names at a character boundary.
      for (std::size_t cut = kNameBytes - 3; cut <= kNameBytes && cut < secret.size(); ++cut)
        Hide(text, secret.substr(0, cut), hidden);
    }
    return Without(text, hidden);
  }

 private:
  static bool IsWordCharacter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  static bool HasWord(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
      const std::size_t end = at + word.size();
      if ((at == 0 || !IsWordCharacter(text[at - 1])) &&
          (end == text.size() || !IsWordCharacter(text[end])))
        return true;
    }
    return false;
  }

  static void Hide(std::string_view text, std::string_view secret, std::vector<bool>& hidden) {
    for (std::size_t at = text.find(secret); at != text.npos; at = text.find(secret, at + 1))
      std::fill_n(hidden.begin() + static_cast<std::ptrdiff_t>(at), secret.size(), true);
  }

  static std::string Without(std::string_view text, const std::vector<bool>& hidden) {
    std::string shown;
    // Not until kMostBytes are shown: the text ends where another secret may only begin.
    for (std::size_t i = 0; i < std::min(text.size(), kMostBytes); ++i) {
      if (!hidden[i]) {
        shown += text[i];
      } else if (i == 0 || !hidden[i - 1]) {
        shown += kMask;
      }
    }
    return shown;
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
  std::string masked = AllSecrets().Mask(text);
  masked.resize(std::min(masked.find('\n'), masked.size()));
  return masked;
}

}  // namespace scidex::postgres
