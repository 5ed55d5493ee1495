// Which server a session leads to, in words that are safe to show: no user, no password.
#pragma once

#include "postgres/dsn.h"
#include "postgres/libpq.h"
#include "routing/evidence.h"

namespace scidex::postgres {

// Of an open connection; where the DSN has several servers, of the one in use. `connection` may be
// null, as that of a session that was closed is: then everything is empty.
routing::ServerAddress AddressOf(const PGconn* connection);

// Before there is a connection: the servers of the DSN, joined by commas. Throws nothing but
// std::bad_alloc.
routing::ServerAddress ExpectedAddress(const Dsn& dsn);

}  // namespace scidex::postgres
