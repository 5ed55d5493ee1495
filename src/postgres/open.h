// Opens a connection to a PostgreSQL server under a deadline, without ever blocking in libpq.
#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "base/explanation.h"
#include "base/secret.h"
#include "base/time.h"
#include "pool/connection.h"
#include "postgres/dsn.h"
#include "postgres/libpq.h"
#include "postgres/resolver.h"

namespace scidex::postgres {

// What such an outcome means, for a message.
std::string WordsFor(pool::ConnectOutcome outcome);

struct Opened {
  pool::ConnectOutcome outcome = pool::ConnectOutcome::kConnectFailed;
  // Set if and only if outcome is kOk.
  PgConnPtr connection;
  // Of several servers that failed, the last one's.
  base::Explanation message;
  // Of a refusal by the server; "" otherwise.
  std::string sqlstate;
};

// Tries the DSN's servers in order, each for its share of the time left, with `overrides` over the
// DSN's own parameters. target_session_attrs works as in libpq, prefer-standby by a second round;
// load_balance_hosts does not. Throws what CheckTlsFiles(),
// CheckServiceFiles() and ForestallWarnings() throw, and std::bad_alloc.
Opened Open(const Dsn& dsn, const std::map<std::string, base::Secret>& overrides,
            Resolver& resolver, base::TimePoint deadline, const std::stop_token& stop);

}  // namespace scidex::postgres
