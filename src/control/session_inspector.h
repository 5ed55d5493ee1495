// What a probe asks of a session. Control knows no database: the composition root implements this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/explanation.h"
#include "base/time.h"
#include "pool/connection.h"
#include "routing/route.h"

namespace scidex::control {

// How many connections a server allows, and who has them, as one of its sessions sees it.
struct ConnectionFacts {
  // Of one run of one server: a primary and its replica differ, although they are one cluster.
  std::string instance;
  // Whose limits those below are.
  std::string role;
  std::string database;
  std::size_t max_connections = 0;
  // Of these, kept for superusers and for roles with a privilege of their own.
  std::size_t reserved = 0;
  // Empty: no limit of its own.
  std::optional<std::size_t> role_limit;
  std::optional<std::size_t> database_limit;
  // Sessions of clients, the one that asks among them.
  std::size_t sessions = 0;
  std::size_t sessions_of_role = 0;
  std::size_t sessions_of_database = 0;
};

// What a server says of itself.
struct ServerFacts {
  bool in_recovery = false;
  // Empty where it may not be read.
  std::optional<std::string> system_identifier;
  // In bytes: a primary's own WAL position, a replica's last replayed.
  std::optional<std::uint64_t> wal_position;
  // The timeline that a primary writes; for a replica at least so late a one. Empty where it may
  // not be read.
  std::optional<std::uint64_t> timeline = std::nullopt;
  // A replica's: everything that it received is replayed.
  bool replayed_all_received = false;
  bool wal_receiver_up = false;
  // A replica's: the age of the last transaction that it replayed. On an idle primary this is no
  // lag.
  std::optional<base::Duration> since_last_replay;
  std::optional<ConnectionFacts> connections = std::nullopt;
  bool behind_pooler = false;
};

// How asking ended.
struct Inspection {
  enum class Result {
    kAnswered,
    kRefused,  // the server answered, with an error
    kLost,     // the connection was broken
    kTimeout,
    kNotTried,  // the deadline had passed before anything was asked
  };
  Result result = Result::kLost;
  // Empty if it answered.
  base::Explanation message;
  ServerFacts facts;
};

// How a write that harms nothing ended, on a session that was shown to be read-only.
struct Trial {
  enum class Result {
    kRefused,   // as it must be
    kAccepted,  // or refused for want of a privilege alone: the session is not read-only
    kUnknown,   // no answer
    kNotTried,  // the deadline had passed before
  };
  Result result = Result::kUnknown;
  // The server was in recovery and forwards no writes, so that no session can write: that is what
  // was shown, and not that the setting works.
  bool in_recovery = false;
  // Empty if it was refused.
  base::Explanation message;
};

// Thread safe.
class SessionInspector {
 public:
  virtual ~SessionInspector() = default;
  // Asks by `deadline`, and gives up early when `stop` is stopped. If the connection was lost, or
  // did not answer in time, it is beyond use.
  virtual Inspection Inspect(pool::Connection& connection, base::TimePoint deadline,
                             const std::stop_token& stop) = 0;
  // Tries to write by `deadline`, in a transaction that is rolled back. If unknown, the connection
  // is beyond use.
  virtual Trial TryWrite(pool::Connection& connection, base::TimePoint deadline,
                         const std::stop_token& stop) = 0;
};

}  // namespace scidex::control
