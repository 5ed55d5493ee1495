// What the PostgreSQL adapter is told for one pool. The values here are the defaults.
#pragma once

#include <chrono>
#include <string>

#include "base/enum.h"
#include "base/secret.h"
#include "base/time.h"

namespace scidex::postgres {

// What a session is cleaned of between borrowers.
enum class SessionReset {
  kRollback,    // an open transaction; costs a round trip only where one was left open
  kResetAll,    // that, and RESET ALL: one round trip on every release
  kDiscardAll,  // that, and DISCARD ALL: temporary tables, prepared statements, advisory locks,
                // LISTEN
};

struct SessionOptions {
  // libpq's own format, URI or key=value. Empty: libpq's defaults (PGHOST, PGSERVICE, local
  // socket).
  base::Secret dsn;
  // Read at every connect, so that a rotated password is picked up; a trailing newline is dropped.
  // Empty: none.
  std::string password_file;
  // Shown in pg_stat_activity, unless the DSN names one.
  std::string application_name = "scidex_pg_exporter";
  // Every session is opened read-only and shown to be so on each acquire.
  bool read_only = false;
  // The server is to be a replica: a session that finds it is none says so, however it was opened.
  bool of_replica = false;
  SessionReset reset = SessionReset::kRollback;

  friend bool operator==(const SessionOptions&, const SessionOptions&) = default;
};

}  // namespace scidex::postgres

template <>
struct scidex::base::EnumNames<scidex::postgres::SessionReset> {
  static constexpr std::array<std::string_view, 3> kNames{"rollback", "reset_all", "discard_all"};
};
