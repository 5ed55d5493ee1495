// Keeps secrets out of what servers and libpq say.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace scidex::postgres {

// How many secrets are masked: the latest ones. A password is another one after each rotation.
inline constexpr std::size_t kRememberedSecrets = 256;

// Has it masked from now on. An empty one is ignored. Thread-safe.
void RememberSecret(const base::Secret& secret);

// The first line of `text`, of at most 4 KiB, with *** in place of each remembered secret, also of
// one that the server has cut to the length of a name. Of a text that has one of less than four
// bytes as a word, which it may have by chance, nothing is left. Thread-safe.
std::string Masked(std::string_view text);

}  // namespace scidex::postgres
