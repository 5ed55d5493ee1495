// What a server says of itself, in one query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/explanation.h"
#include "base/time.h"
#include "postgres/session.h"

namespace scidex::postgres {

// How many connections the server allows, and how many there are. Any role may read all of it; of
// sessions of roles that ours may not look into, workers of parallel queries and logical
// replication cannot be told from clients, and are counted as such.
struct ConnectionFacts {
  // Of one run of one server, in which a primary and its replica differ: when it was started.
  std::string instance;
  // The role that logged in, and its database.
  std::string role;
  std::string database;
  std::size_t max_connections = 0;
  // superuser_reserved_connections, and reserved_connections where there are (PostgreSQL 16).
  std::size_t reserved = 0;
  // Empty where there is none, or where it does not bind this role.
  std::optional<std::size_t> role_limit;
  std::optional<std::size_t> database_limit;
  std::size_t sessions = 0;
  std::size_t sessions_of_role = 0;
  std::size_t sessions_of_database = 0;
};

struct ServerFacts {
  bool in_recovery = false;
  // Of pg_control_system(); empty where the role may not read it.
  std::optional<std::string> system_identifier;
  // WAL positions in bytes. A primary's own; a replica's last replayed.
  std::optional<std::uint64_t> wal_position;
  // The one that a primary writes. A replica's is that of its latest restart point, and may be
  // later by now. Empty where the role may not read it.
  std::optional<std::uint64_t> timeline;
  // A replica's: everything that it received is replayed.
  bool replayed_all_received = false;
  // A replica's: WAL is streamed to it. Where its state is hidden from the role: the process that
  // receives WAL is running.
  bool wal_receiver_up = false;
  // A replica's: since the last transaction that it replayed was committed on the primary, by the
  // replica's clock.
  std::optional<base::Duration> since_last_replay;
  ConnectionFacts connections;
  // What answers is another process than the one that the session was opened with.
  bool behind_pooler = false;
};

struct ServerFactsResult {
  QueryResult::Status status = QueryResult::Status::kOk;
  base::Explanation message;
  // Holds only for kOk.
  ServerFacts facts;
};

ServerFactsResult ReadServerFacts(Session& session, base::TimePoint deadline,
                                  const std::stop_token& stop = {});

}  // namespace scidex::postgres
