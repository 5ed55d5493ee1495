#include "http/logins.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "http/equal_fold.h"
#include "http/random.h"

namespace scidex::http {
namespace {

constexpr std::size_t kRemembered = 64;
// Prefix, two digits of cost, salt and digest.
constexpr std::size_t kHashSize = 60;
constexpr std::size_t kCostOffset = 4;
// Computing a hash of this cost takes four seconds.
constexpr char kMaxCost[] = "16";

// Matches no password: everything after the cost is random.
constexpr std::string_view kDummySalt = "$Kc2Q4mS0zT7yWb1XhV9eDuJpLrN6aGfOiE3xAqRtYdUwZkCsHnM5B";

struct Credentials {
  std::string user;
  std::string password;
};

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string decoded(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // It counts the padding as bytes.
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  decoded.resize(static_cast<std::size_t>(size) - padding);
  return decoded;
}

std::optional<Credentials> ParseBasic(std::string_view authorization) {
  constexpr std::string_view kScheme = "Basic ";
  if (!EqualFold(authorization.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  const auto decoded = DecodeBase64(authorization.substr(kScheme.size()));
  if (!decoded) return std::nullopt;
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

// Has the highest cost of the users' hashes.
std::string DummyHash(const std::map<std::string, base::Secret>& users) {
  std::string cost = "04";
  for (const auto& [user, hash] : users) {
    cost = std::max(cost, hash.Reveal().substr(kCostOffset, 2));
  }
  return "$2b$" + cost + std::string(kDummySalt);
}

}  // namespace

bool IsBcryptHash(const std::string& text) {
  if (text.size() != kHashSize || text[0] != '$' || text[1] != '2' ||
      std::string_view("abxy").find(text[2]) == std::string_view::npos || text[3] != '$' ||
      text[kCostOffset + 2] != '$') {
    return false;
  }
  const std::string cost = text.substr(kCostOffset, 2);
  const std::string_view rest = std::string_view(text).substr(kCostOffset + 3);
  return cost.find_first_not_of("0123456789") == std::string::npos && cost >= "04" &&
         cost <= kMaxCost && std::all_of(rest.begin(), rest.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '/';
         });
}

std::string Bcrypt(const std::string& password, const std::string& hash) {
  auto data = std::make_unique<crypt_data>();
  const char* result =
      crypt_rn(password.c_str(), hash.c_str(), data.get(), static_cast<int>(sizeof *data));
  std::string computed = result == nullptr ? "" : result;
  OPENSSL_cleanse(data.get(), sizeof *data);
  return computed;
}

Logins::Logins(int at_once, Compute compute)
    : at_once_(at_once), compute_(std::move(compute)), key_(RandomHex()) {}

Logins::Verdict Logins::Judge(std::string_view authorization,
                              const std::map<std::string, base::Secret>& users) {
  const std::optional<Credentials> given = ParseBasic(authorization);
  if (!given) return Verdict::kRefused;
  const auto user = users.find(given->user);
  const std::string hash = user == users.end() ? DummyHash(users) : user->second.Reveal();
  const std::string digest = Digest(given->user, hash, given->password);
  if (IsKnown(digest)) return Verdict::kAccepted;
  {
    const base::MutexLock lock(mutex_);
    if (under_way_ >= at_once_) return Verdict::kTooMany;
    ++under_way_;
  }
  struct Done {
    ~Done() {
      const base::MutexLock lock(all.mutex_);
      --all.under_way_;
    }
    Logins& all;
  };
  bool right = false;
  {
    const Done done{*this};
    right = Matches(given->password, hash) && user != users.end();
  }
  if (right) Remember(digest);
  return right ? Verdict::kAccepted : Verdict::kRefused;
}

bool Logins::Matches(const std::string& password, const std::string& hash) const {
  const std::string computed = compute_(password, hash);
  const bool same = computed.size() == hash.size() &&
                    CRYPTO_memcmp(computed.data(), hash.data(), hash.size()) == 0;
  // crypt() stops at a NUL: what follows it must not be ignored.
  return same && password.find('\0') == std::string::npos;
}

std::string Logins::Digest(const std::string& user, const std::string& hash,
                           const std::string& password) const {
  // Unambiguous: neither the hash nor the size contains a NUL.
  const std::string text = hash + '\0' + std::to_string(user.size()) + '\0' + user + password;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

bool Logins::IsKnown(const std::string& digest) {
  const base::MutexLock lock(mutex_);
  return std::find(known_.begin(), known_.end(), digest) != known_.end();
}

void Logins::Remember(const std::string& digest) {
  const base::MutexLock lock(mutex_);
  if (std::find(known_.begin(), known_.end(), digest) != known_.end()) return;
  known_.push_back(digest);
  if (known_.size() > kRemembered) known_.pop_front();
}

}  // namespace scidex::http
