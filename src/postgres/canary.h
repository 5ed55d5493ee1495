// A write that harms nothing, to see whether it is refused.
#pragma once

#include <stop_token>

#include "base/time.h"
#include "control/write_attempt.h"
#include "pool/connection.h"

namespace scidex::postgres {

// Tries to delete no row of a system catalog, in a transaction: before anything else the server
// looks whether the transaction may write, so that no privilege is needed. Is no violation.
//
// The refusal is caught in a block of PL/pgSQL, so that it is not in the server's log. Where that
// cannot be (no such language, or no right to it), and where the block was not refused, the write
// is tried as a statement: then the log has an ERROR and, by default, the statement.
//
// Thread-safe.
class CanaryWriter final : public control::WriteTester {
 public:
  // `connection` is a Session that has been prepared, and is left as it is after a borrower.
  control::WriteAttempt TryWrite(pool::Connection& connection, base::TimePoint deadline,
                                 const std::stop_token& stop) override;
};

}  // namespace scidex::postgres
