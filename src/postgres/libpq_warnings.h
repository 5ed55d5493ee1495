// What libpq would print to standard error by itself, found out before it does: then it is told in
// the log, once, and libpq has nothing to print.
// https://www.postgresql.org/docs/current/libpq-pgpass.html
#pragma once

#include <map>
#include <string>

#include "base/secret.h"
#include "postgres/dsn.h"

namespace scidex::postgres {

// To be called with the parameters of a connect, `parameters` over those of `dsn`. Where libpq
// would ignore the password file with a warning, as others may read it or it is no plain file, that
// is logged unless it was logged before, and `parameters` names a file that does not exist instead.
// Throws std::invalid_argument for a passphrase that libpq would cut with a warning.
void ForestallWarnings(const Dsn& dsn, std::map<std::string, base::Secret>& parameters);

}  // namespace scidex::postgres
