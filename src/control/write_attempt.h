// What a canary asks of a session. Control knows no database: the layer that speaks to PostgreSQL
// implements this.
#pragma once

#include <stop_token>

#include "base/explanation.h"
#include "base/time.h"
#include "pool/connection.h"

namespace scidex::control {

// How a write that harms nothing ended, on a session that was shown to be read-only.
struct WriteAttempt {
  enum class Result {
    kRefused,   // with SQLSTATE 25006, as it must be
    kAccepted,  // or refused for want of a privilege alone: the session is not read-only
    kUnknown,   // no answer in time, the connection broke, or the server had another reason
    kNotTried,  // the deadline had passed before: the session is as it was
  };
  Result result = Result::kUnknown;
  // The server was in recovery and forwards no writes, so that no session can write: that is what
  // was shown, and not that the setting works.
  bool in_recovery = false;
  // Empty if it was refused.
  base::Explanation message = {};
};

// Thread safe.
class WriteTester {
 public:
  virtual ~WriteTester() = default;
  // Tries to write by `deadline`, in a transaction that is rolled back. If unknown, the connection
  // is beyond use.
  virtual WriteAttempt TryWrite(pool::Connection& connection, base::TimePoint deadline,
                                const std::stop_token& stop) = 0;
};

}  // namespace scidex::control
