// Detects problems that libpq would print to standard error, and logs them once instead.
// https://www.postgresql.org/docs/current/libpq-pgpass.html
#pragma once

#include <map>
#include <string>

#include "base/secret.h"
#include "postgres/dsn.h"

namespace scidex::postgres {

// Must be called with the parameters of a connect; `parameters` take precedence over `dsn`. If
// libpq would ignore the password file with a warning, because others may access it or it is not a
// plain file, logs that once and replaces the file in `parameters` by one that does not exist.
// Throws std::invalid_argument for a passphrase that libpq would truncate with a warning.
void PreventWarnings(const Dsn& dsn, std::map<std::string, base::Secret>& parameters);

}  // namespace scidex::postgres
