// A write that harms nothing, to see whether it is refused.
#pragma once

#include <stop_token>
#include <string>

#include "base/explanation.h"
#include "base/time.h"
#include "postgres/session.h"

namespace scidex::postgres {

struct CanaryResult {
  enum class Status {
    kRefused,   // with SQLSTATE 25006
    kAccepted,  // or refused for want of a privilege alone
    kNotTried,  // the deadline had passed before: the session is as it was
    kUnknown,   // no answer in time, the connection broke, or the server had another reason
  };
  Status status = Status::kUnknown;
  // The server was in recovery, where nobody can write; false where it forwards writes to another.
  bool in_recovery = false;
  // Unless it was refused: why not.
  base::Explanation message;
};

// Tries to delete no row of a system catalog, in a transaction: before anything else the server
// looks whether the transaction may write, so that no privilege is needed. Is no violation.
// `session` must have been prepared, and is left as it is after a borrower.
//
// The refusal is caught in a block of PL/pgSQL, so that it is not in the server's log. Where that
// cannot be (no such language, or no right to it), and where the block was not refused, the write
// is tried as a statement: then the log has an ERROR and, by default, the statement.
CanaryResult TryWrite(Session& session, base::TimePoint deadline, const std::stop_token& stop);

}  // namespace scidex::postgres
