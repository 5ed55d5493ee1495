// Keeps secrets out of messages of servers and libpq.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace scidex::postgres {

// Maximum number of masked secrets; the latest ones are kept. Each rotation adds a password.
inline constexpr std::size_t kRememberedSecrets = 256;

// Masks this secret from now on. Ignores an empty one. Thread-safe.
void RememberSecret(const base::Secret& secret);

// Returns the first line of `text`, truncated to 4 KiB, with *** in place of each remembered
// secret, even if the server has truncated it to the length of a name. If a secret of fewer than
// four bytes occurs as a word, which may be a coincidence, the whole text is replaced. Thread-safe.
std::string Masked(std::string_view text);

}  // namespace scidex::postgres
