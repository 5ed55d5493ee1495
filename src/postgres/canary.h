// A harmless write that tests whether the server refuses it.
#pragma once

#include <stop_token>

#include "base/time.h"
#include "control/write_attempt.h"
#include "pool/connection.h"

namespace scidex::postgres {

// Tries to delete zero rows from a system catalog, in a transaction. The server checks first
// whether the transaction may write, so no privilege is needed. Not counted as a violation.
//
// A PL/pgSQL block catches the refusal, so that the server does not log it. If the block cannot run
// (the language or the right to use it is missing), or was not refused, the write is tried as a
// statement: then the server logs an ERROR and, by default, the statement.
//
// Thread-safe.
class CanaryWriter final : public control::WriteTester {
 public:
  // `connection` must be a prepared Session; it is left as a borrower would leave it.
  control::WriteAttempt TryWrite(pool::Connection& connection, base::TimePoint deadline,
                                 const std::stop_token& stop) override;
};

}  // namespace scidex::postgres
