// What a server says of itself, and the interface by which a probe asks. Verdicts are made from it;
// the layer that speaks to PostgreSQL implements it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/explanation.h"
#include "base/time.h"
#include "pool/connection.h"

namespace scidex::routing {

// How many connections a server allows, and who has them, as one of its sessions sees it. Of
// sessions of roles that ours may not look into, workers of parallel queries and logical
// replication cannot be told from clients, and are counted as such.
struct ConnectionFacts {
  // Whose limits those below are: the role that logged in, and its database.
  std::string role;
  std::string database;
  std::size_t max_connections = 0;
  // superuser_reserved_connections, and reserved_connections where there are (PostgreSQL 16).
  std::size_t reserved = 0;
  // Empty where there is none, or where it does not bind this role.
  std::optional<std::size_t> role_limit;
  std::optional<std::size_t> database_limit;
  // Sessions of clients, the one that asks among them.
  std::size_t sessions = 0;
  std::size_t sessions_of_role = 0;
  std::size_t sessions_of_database = 0;
};

// Which transactions were complete, by pg_current_snapshot(). The text of a primary's changes with
// each transaction that wrote and has ended, and with nothing else.
struct TransactionFacts {
  // Every transaction below `xmin` is complete, none from `xmax` on.
  std::uint64_t xmin = 0;
  std::uint64_t xmax = 0;
  std::string text;
};

// Where a session leads: what libpq was told, and not what a pooler or a proxy there passes it on
// to. Valid UTF-8, of at most kMaxBytes each.
struct ServerAddress {
  static constexpr std::size_t kMaxBytes = 256;
  // A name, an address or the directory of a socket. Before there is a session: all those that may
  // be tried, as the DSN lists them; empty where libpq knows a default.
  std::string host;
  std::string port;
  // What PostgreSQL calls datname.
  std::string dbname;

  friend bool operator==(const ServerAddress&, const ServerAddress&) = default;
};

// Each is empty where the server refuses it: a privilege that the role lacks, a function that a
// managed service or an old version does not have.
struct ServerFacts {
  bool in_recovery = false;
  // Of pg_control_system(), the same for a primary and its replicas.
  std::optional<std::string> system_identifier = std::nullopt;
  // Of one run of one server, in which a primary and its replica differ: when it was started. Or
  // "".
  std::string instance = {};
  // WAL positions in bytes. A primary's end of what it inserted; a replica's last replayed.
  std::optional<std::uint64_t> wal_position = std::nullopt;
  // The one that a primary writes. A replica's is that of its latest restart point, and may be
  // later by now.
  std::optional<std::uint64_t> timeline = std::nullopt;
  std::optional<TransactionFacts> transactions = std::nullopt;
  // A replica's: everything that it received is replayed.
  std::optional<bool> replayed_all_received = std::nullopt;
  // A replica's: WAL is streamed to it. Where its state is hidden from the role: the process that
  // receives WAL is running.
  std::optional<bool> wal_receiver_up = std::nullopt;
  // A replica's: since the last transaction that it replayed was committed on the primary, by the
  // replica's clock.
  std::optional<base::Duration> since_last_replay = std::nullopt;
  // A replica's lag is told by SQL of the operator's: this, empty where it is unknown.
  bool lag_is_queried = false;
  std::optional<base::Duration> queried_lag = std::nullopt;
  // default_transaction_read_only, as the session that was asked has it.
  std::optional<bool> read_only_by_default = std::nullopt;
  // Only where they are asked for.
  std::optional<ConnectionFacts> connections = std::nullopt;
  // What answers is another process than the one that the session was opened with.
  bool behind_pooler = false;
  // Of the session that was asked. Empty where the inspector does not tell.
  std::optional<ServerAddress> address = std::nullopt;
};

// How asking ended.
struct Inspection {
  enum class Result {
    kAnswered,
    kRefused,  // the server answered with an error, and not even whether it is in recovery is known
    kLost,     // the connection was broken
    kTimeout,
    kNotTried,  // the deadline had passed before anything was asked, or the question was cancelled
  };
  Result result = Result::kLost;
  // Empty if it answered.
  base::Explanation message;
  // Holds only for kAnswered.
  ServerFacts facts;
};

// Asks sessions of one server. Thread safe.
class ServerInspector {
 public:
  virtual ~ServerInspector() = default;
  // Asks by `deadline`, and gives up early when `stop` is stopped. If the connection was lost, or
  // did not answer in time, it is beyond use.
  virtual Inspection Inspect(pool::Connection& connection, base::TimePoint deadline,
                             const std::stop_token& stop) = 0;
  // Where sessions will be opened to, as far as that is known before there is one.
  virtual std::optional<ServerAddress> Expected() const { return std::nullopt; }
  // There is a verdict on what was inspected last: from now on its server is the one that is
  // judged.
  virtual void OnJudged() {}
  // Whether the connection leads to another server than that one; false where it cannot be told.
  virtual bool IsElsewhere(const pool::Connection&) const { return false; }
};

}  // namespace scidex::routing
