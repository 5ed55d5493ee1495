// HTTP Basic authentication with bcrypt hashes.
// https://www.rfc-editor.org/rfc/rfc7617
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/secret.h"

namespace scidex::http {

// Whether `text` is a bcrypt hash that Logins supports: its cost must be at most 16.
bool IsBcryptHash(const std::string& text);

// Hashes `password` with the cost and salt of `hash`; the result equals `hash` if the password is
// correct. Empty if crypt() fails. Takes tens of milliseconds.
std::string Bcrypt(const std::string& password, const std::string& hash);

// Thread-safe.
class Logins {
 public:
  enum class Verdict { kAccepted, kRefused, kTooMany };
  using Compute = std::function<std::string(const std::string& password, const std::string& hash)>;

  // At most `at_once` logins are computed concurrently; further ones get kTooMany. `compute` is
  // called without a lock, by several threads concurrently.
  explicit Logins(int at_once, Compute compute = &Bcrypt);

  // `authorization` is the value of the header; `users` maps each user to the hash of the password.
  // Accepted logins are cached until the hash changes. An unknown user name takes as long as a
  // wrong password, so that the time does not reveal which names exist.
  Verdict Judge(std::string_view authorization, const std::map<std::string, base::Secret>& users);

 private:
  // A keyed digest of user, hash and password.
  std::string Digest(const std::string& user, const std::string& hash,
                     const std::string& password) const;
  bool Matches(const std::string& password, const std::string& hash) const;
  bool IsKnown(const std::string& digest);
  void Remember(const std::string& digest);

  const int at_once_;
  const Compute compute_;
  const std::string key_;
  base::Mutex mutex_;
  int under_way_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // Digests of accepted logins, newest last.
  std::deque<std::string> known_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::http
