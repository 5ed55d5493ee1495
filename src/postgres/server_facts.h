// What a server says of itself, in one query.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "base/time.h"
#include "postgres/session.h"

namespace scidex::postgres {

struct ServerFacts {
  bool in_recovery = false;
  // Of pg_control_system(); empty where the role may not read it.
  std::optional<std::string> system_identifier;
  // WAL positions in bytes. A primary's own; a replica's last replayed.
  std::optional<std::uint64_t> wal_position;
  // A replica's: everything that it received is replayed.
  bool replayed_all_received = false;
  // A replica's: the process that receives WAL is running.
  bool wal_receiver_up = false;
  // A replica's: since the last transaction that it replayed was committed on the primary, by the
  // replica's clock.
  std::optional<base::Duration> since_last_replay;
};

struct ServerFactsResult {
  QueryResult::Status status = QueryResult::Status::kOk;
  std::string message;
  // Holds only for kOk.
  ServerFacts facts;
};

ServerFactsResult ReadServerFacts(Session& session, base::TimePoint deadline,
                                  const std::stop_token& stop = {});

}  // namespace scidex::postgres
