// Who may ask: HTTP's Basic authentication with bcrypt hashes.
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

// Whether `text` is a bcrypt hash that Logins can compare with, of a cost of 16 at most.
bool IsBcryptHash(const std::string& text);

// What crypt() makes of `password` with the cost and the salt of `hash`: the same hash if it is the
// right one. Takes tens of milliseconds. Empty if it fails.
std::string Bcrypt(const std::string& password, const std::string& hash);

// Thread safe.
class Logins {
 public:
  enum class Verdict { kAccepted, kRefused, kTooMany };
  using Compute = std::function<std::string(const std::string& password, const std::string& hash)>;

  // Of logins that have to be computed, `at_once` at most may be under way; one more is kTooMany.
  // `compute` is called without a lock, by several threads at once.
  explicit Logins(int at_once, Compute compute = &Bcrypt);

  // `authorization` is the header's value, `users` the hash of each one's password. What was right
  // once is known again without computing, until the hash changes. A name that there is not is
  // computed as a wrong password is, so that time tells nothing of which names there are.
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
  // Digests of what was right, the newest last.
  std::deque<std::string> known_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::http
