// Options of the PostgreSQL adapter for one pool. The values here are the defaults.
#pragma once

#include <chrono>
#include <string>

#include "base/enum.h"
#include "base/secret.h"
#include "base/time.h"

namespace scidex::postgres {

// How a session is cleaned between borrowers.
enum class SessionReset {
  kRollback,    // rolls back an open transaction; a round trip only if one is open
  kResetAll,    // also RESET ALL: one round trip on every release
  kDiscardAll,  // also DISCARD ALL: temporary tables, prepared statements, advisory locks,
                // LISTEN; one round trip, on a replica two
};

struct SessionOptions {
  // A libpq connection string, URI or key=value. Empty: libpq's defaults (PGHOST, PGSERVICE, local
  // socket).
  base::Secret dsn;
  // Read at every connect, so that a rotated password takes effect; trailing newlines are removed.
  // Empty: none.
  std::string password_file;
  // Shown in pg_stat_activity, unless the DSN sets one.
  std::string application_name = "scidex_pg_exporter";
  // Every session is opened read-only, and this is verified on each acquire.
  bool read_only = false;
  // The server must be a replica. A session that finds that it is not one reports this, regardless
  // of its state when the session was opened.
  bool of_replica = false;
  // A session for the probe: that it cannot write is a fact to report about a primary, and no
  // reason to fail.
  bool for_probe = false;
  SessionReset reset = SessionReset::kRollback;

  friend bool operator==(const SessionOptions&, const SessionOptions&) = default;
};

}  // namespace scidex::postgres

template <>
struct scidex::base::EnumNames<scidex::postgres::SessionReset> {
  static constexpr std::array<std::string_view, 3> kNames{"rollback", "reset_all", "discard_all"};
};
