// A file that holds one password.
#pragma once

#include <string>

#include "base/secret.h"

namespace scidex::postgres {

// A newline at the end, which editors add, is not part of the password. Throws std::runtime_error
// without the path, which may be the password itself, given where its file belongs.
base::Secret ReadPasswordFile(const std::string& path);

}  // namespace scidex::postgres
