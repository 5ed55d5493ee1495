// The files that libpq and OpenSSL read by themselves, without a deadline and to their end.
#pragma once

#include <map>
#include <string>

#include "base/secret.h"
#include "postgres/dsn.h"

namespace scidex::postgres {

// Throws std::invalid_argument, which names the keyword and not the file, for certificates, keys
// and lists of revoked ones that are there and are not regular files of at most 1 MiB.
void CheckTlsFiles(const Dsn& dsn, const std::map<std::string, base::Secret>& parameters);

// Throws DsnError for such a file of services, where PGSERVICE names one. To be called before libpq
// is asked for its defaults, and before each connect.
void CheckServiceFiles();

// $HOME, or that of the user; "" if there is none.
std::string HomeDirectory();

}  // namespace scidex::postgres
