// The facts that a server reports, and the interface through which a probe queries them. Verdicts
// are derived from these facts. The layer that talks to PostgreSQL implements the interface.
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

// The server's connection limits and their use, as seen by one of its sessions. Of sessions that
// our role may not inspect, parallel workers and logical replication cannot be distinguished from
// clients, and are counted as clients.
struct ConnectionFacts {
  // The role that logged in and its database: the limits below apply to them.
  std::string role;
  std::string database;
  std::size_t max_connections = 0;
  // superuser_reserved_connections, plus reserved_connections if the server has it (PostgreSQL 16).
  std::size_t reserved = 0;
  // Empty if there is no limit or if it does not apply to this role.
  std::optional<std::size_t> role_limit;
  std::optional<std::size_t> database_limit;
  // Client sessions, including the one that asks.
  std::size_t sessions = 0;
  std::size_t sessions_of_role = 0;
  std::size_t sessions_of_database = 0;
};

// Completed transactions, from pg_current_snapshot(). On a primary, the text changes with each
// completed transaction that wrote, and with nothing else.
struct TransactionFacts {
  // Every transaction below `xmin` is complete; none at or above `xmax` is.
  std::uint64_t xmin = 0;
  std::uint64_t xmax = 0;
  std::string text = {};
  // Primary: no transaction at or above it has begun.
  std::optional<std::uint64_t> next = std::nullopt;
};

// Where a session is connected to, as libpq knows it: not what a pooler or proxy at that address
// forwards it to. Valid UTF-8, at most kMaxBytes per field.
struct ServerAddress {
  static constexpr std::size_t kMaxBytes = 256;
  // A name, an address or a socket directory. Before there is a session: all hosts that may be
  // tried, as listed in the DSN; empty if libpq uses a default.
  std::string host;
  std::string port;
  // PostgreSQL's datname.
  std::string dbname;

  friend bool operator==(const ServerAddress&, const ServerAddress&) = default;
};

// A fact is empty if the server refuses it: the role lacks a privilege, or a managed service or an
// old version lacks a function.
struct ServerFacts {
  bool in_recovery = false;
  // From pg_control_system(); the same for a primary and its replicas.
  std::optional<std::string> system_identifier = std::nullopt;
  // Identifies one run of one server, by its start time. A primary and its replica differ in it.
  // May be "".
  std::string instance = {};
  // WAL position in bytes: the primary's insert position, or the replica's replay position. On an
  // empty page, a primary's is after the page header, a position that replicas never reach.
  std::optional<std::uint64_t> wal_position = std::nullopt;
  // The lowest replay position of a replica that has all of that WAL: wal_position without a page
  // header, if it may be directly after one.
  std::optional<std::uint64_t> replayable_position = std::nullopt;
  // Primary: all WAL up to here is flushed; only flushed WAL is sent to replicas.
  std::optional<std::uint64_t> flushed_position = std::nullopt;
  // Primary: by then, a commit that other sessions see is flushed even if it is asynchronous.
  std::optional<base::Duration> commits_flushed_within = std::nullopt;
  // The timeline that a primary writes. A replica reports that of its latest restart point; it may
  // have moved to a later one since.
  std::optional<std::uint64_t> timeline = std::nullopt;
  // Replica: the timeline of the latest WAL that it has received, or that it must replay first. May
  // be behind if the role may not see the receiver's state, or if WAL comes from an archive.
  std::optional<std::uint64_t> reached_timeline = std::nullopt;
  std::optional<TransactionFacts> transactions = std::nullopt;
  // WAL position of the latest checkpoint, or of the checkpoint of a replica's latest restart
  // point.
  std::optional<std::uint64_t> checkpoint = std::nullopt;
  // Replica: everything received has been replayed.
  std::optional<bool> replayed_all_received = std::nullopt;
  // Replica: WAL is being streamed to it. If the role may not see the receiver's state: the WAL
  // receiver process is running.
  std::optional<bool> wal_receiver_up = std::nullopt;
  // Replica: time since the last replayed transaction was committed on the primary, by the
  // replica's clock; since the checkpoint of its restart point, if it has replayed none.
  std::optional<base::Duration> since_last_replay = std::nullopt;
  // An operator's query determines the replica's lag: queried_lag, which is empty if unknown.
  bool lag_is_queried = false;
  std::optional<base::Duration> queried_lag = std::nullopt;
  // What determines the lag could not be queried this time, for a reason that may pass.
  bool lag_facts_failed = false;
  // default_transaction_read_only, as new sessions get it from the server, the role or the
  // database. Empty if the queried session has its own.
  std::optional<bool> read_only_by_default = std::nullopt;
  // Only if requested.
  std::optional<ConnectionFacts> connections = std::nullopt;
  // The session is served by another process than the one that it was opened with.
  bool behind_pooler = false;
  // Address of the queried session. Empty if the inspector does not report it.
  std::optional<ServerAddress> address = std::nullopt;
};

// How an inspection ended.
struct Inspection {
  enum class Result {
    kAnswered,
    kRefused,  // the server answered with an error, and not even its recovery state is known
    kLost,     // the connection broke
    kTimeout,
    kNotTried,  // the deadline had passed before anything was sent, or the query was cancelled
  };
  Result result = Result::kLost;
  // Empty for kAnswered.
  base::Explanation message;
  // Valid only for kAnswered.
  ServerFacts facts;
};

// Queries sessions of one server. Thread-safe.
class ServerInspector {
 public:
  virtual ~ServerInspector() = default;
  // Queries the server. Returns by `deadline`, or earlier when `stop` is requested. After kLost or
  // kTimeout, the connection is unusable.
  virtual Inspection Inspect(pool::Connection& connection, base::TimePoint deadline,
                             const std::stop_token& stop) = 0;
  // Where sessions will be opened, as far as that is known before the first one.
  virtual std::optional<ServerAddress> Expected() const { return std::nullopt; }
  // A verdict on the result of the last inspection follows, or exists: from now on, its server is
  // the judged one. Before the verdict only if none was, because an earlier verdict still applies.
  virtual void OnAnswered() {}
  virtual void OnJudged() {}
  // Whether the connection leads to another server than the judged one; false if that cannot be
  // determined.
  virtual bool IsElsewhere(const pool::Connection&) const { return false; }
};

}  // namespace scidex::routing
