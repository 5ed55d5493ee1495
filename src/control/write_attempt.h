// The interface through which a canary tries to write. This layer is independent of any database:
// the layer that talks to PostgreSQL implements it.
#pragma once

#include <stop_token>

#include "base/explanation.h"
#include "base/time.h"
#include "pool/connection.h"

namespace scidex::control {

// Result of a harmless write on a session that was proven to be read-only.
struct WriteAttempt {
  enum class Result {
    kRefused,   // with SQLSTATE 25006, as it must be
    kAccepted,  // or refused only because of a missing privilege: the session is not read-only
    kUnknown,   // no answer in time, a broken connection, or another error
    kNotTried,  // the deadline had passed before: the session is unchanged
  };
  Result result = Result::kUnknown;
  // The server was in recovery and forwards no writes, so that no session can write. This does not
  // prove that the setting works.
  bool in_recovery = false;
  // Empty if the write was refused.
  base::Explanation message = {};
};

// Thread-safe.
class WriteTester {
 public:
  virtual ~WriteTester() = default;
  // Tries to write by `deadline`, in a transaction that is rolled back. After kUnknown, the
  // connection is unusable.
  virtual WriteAttempt TryWrite(pool::Connection& connection, base::TimePoint deadline,
                                const std::stop_token& stop) = 0;
};

}  // namespace scidex::control
