// A file that contains one password.
#pragma once

#include <string>

#include "base/secret.h"

namespace scidex::postgres {

// Trailing newlines, which editors add, are not part of the password. Throws std::runtime_error
// without the path, because the password itself may have been given in its place.
base::Secret ReadPasswordFile(const std::string& path);

}  // namespace scidex::postgres
