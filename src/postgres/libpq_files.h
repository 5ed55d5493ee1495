// Checks the files that libpq and OpenSSL read themselves, completely and without a deadline.
#pragma once

#include <map>
#include <string>

#include "base/secret.h"
#include "postgres/dsn.h"

namespace scidex::postgres {

// Throws std::invalid_argument, naming the keyword but not the file, if a certificate, key or
// revocation list exists and is not a regular file of at most 1 MiB.
void CheckTlsFiles(const Dsn& dsn, const std::map<std::string, base::Secret>& parameters);

// Throws DsnError if PGSERVICE is set and the service file is of that kind. Must be called before
// libpq is asked for its defaults, and before each connect.
void CheckServiceFiles();

// $HOME, or otherwise the user's home directory; "" if there is none.
std::string HomeDirectory();

}  // namespace scidex::postgres
