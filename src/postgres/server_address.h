// The server of a session, without user and password, so that it is safe to show.
#pragma once

#include "postgres/dsn.h"
#include "postgres/libpq.h"
#include "routing/evidence.h"

namespace scidex::postgres {

// The server of an open connection; if the DSN has several, the one in use. `connection` may be
// null (a closed session): then all fields are empty.
routing::ServerAddress AddressOf(const PGconn* connection);

// The servers of the DSN, joined by commas, before there is a connection. Throws only
// std::bad_alloc.
routing::ServerAddress ExpectedAddress(const Dsn& dsn);

}  // namespace scidex::postgres
