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

// A description of the outcome, for messages.
std::string WordsFor(pool::ConnectOutcome outcome);

struct Opened {
  pool::ConnectOutcome outcome = pool::ConnectOutcome::kConnectFailed;
  // Set if and only if outcome is kOk.
  PgConnPtr connection;
  // If several servers failed, outcome, message and sqlstate are those of the failure that says
  // most: a server that refuses the login or has no room can be reached, and may be the right one.
  base::Explanation message;
  // Set if the server refused; "" otherwise.
  std::string sqlstate;
  // Whether any of the servers answered with an error that may be due to the startup packet, or
  // that its sessions cannot write.
  bool startup_refused = false;
  bool cannot_write = false;
};

// A value of target_session_attrs in addition to libpq's: a server whose sessions can write, or
// else a primary.
inline constexpr const char* kPreferReadWrite = "prefer-read-write";

// Tries the DSN's servers in order, each for its share of the remaining time. `overrides` take
// precedence over the DSN's parameters. target_session_attrs works as in libpq, with a second round
// for the values that prefer; load_balance_hosts is not supported. Throws the exceptions of
// CheckTlsFiles(), CheckServiceFiles() and PreventWarnings(), and std::bad_alloc.
Opened Open(const Dsn& dsn, const std::map<std::string, base::Secret>& overrides,
            Resolver& resolver, base::TimePoint deadline, const std::stop_token& stop);

}  // namespace scidex::postgres
