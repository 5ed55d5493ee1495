#include "postgres/server_facts.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace scidex::postgres {
namespace {

// pg_is_in_recovery() first: the WAL functions raise an error on the other kind of server.
//
// Not pg_stat_activity: that joins what is not asked for. Its function shows which role and which
// database a session is of to everybody, and what kind of process it is only to some: whatever then
// has both may be a client. Only clients count for max_connections, and neither limit of a role or
// database binds a superuser.
// https://www.postgresql.org/docs/current/runtime-config-connection.html
constexpr const char* kSql = R"(
SELECT r.in_recovery,
       CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
            THEN (SELECT system_identifier FROM pg_control_system()) END,
       pg_wal_lsn_diff(CASE WHEN r.in_recovery THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0'),
       CASE WHEN NOT r.in_recovery
            THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint
            WHEN has_function_privilege('pg_control_checkpoint()', 'EXECUTE')
            THEN (SELECT timeline_id FROM pg_control_checkpoint()) END,
       r.in_recovery AND pg_last_wal_receive_lsn() IS NOT DISTINCT FROM pg_last_wal_replay_lsn(),
       EXISTS (SELECT FROM pg_stat_wal_receiver
               WHERE pid IS NOT NULL AND coalesce(status, 'streaming') = 'streaming'),
       CASE WHEN r.in_recovery THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END,
       extract(epoch FROM pg_postmaster_start_time()),
       u.rolname,
       d.datname,
       current_setting('max_connections'),
       current_setting('superuser_reserved_connections')::int
         + coalesce(current_setting('reserved_connections', true)::int, 0),
       CASE WHEN u.rolconnlimit >= 0 AND NOT u.rolsuper THEN u.rolconnlimit END,
       CASE WHEN d.datconnlimit >= 0 AND NOT u.rolsuper THEN d.datconnlimit END,
       s.everybodys, s.of_role, s.of_database,
       pg_backend_pid()
  FROM (SELECT pg_is_in_recovery() AS in_recovery) r
  LEFT JOIN pg_roles u ON u.rolname = session_user
  LEFT JOIN pg_database d ON d.datname = current_database()
 CROSS JOIN LATERAL (SELECT count(*) AS everybodys,
                            count(*) FILTER (WHERE usesysid = u.oid) AS of_role,
                            count(*) FILTER (WHERE datid = d.oid) AS of_database
                       FROM pg_stat_get_activity(NULL)
                      WHERE coalesce(backend_type = 'client backend',
                                     usesysid IS NOT NULL AND datid IS NOT NULL)) s)";

enum Column {
  kInRecovery,
  kSystemIdentifier,
  kWalPosition,
  kTimeline,
  kReplayedAll,
  kWalReceiver,
  kSinceReplay,
  kInstance,
  kRole,
  kDatabase,
  kMaxConnections,
  kReserved,
  kRoleLimit,
  kDatabaseLimit,
  kSessions,
  kSessionsOfRole,
  kSessionsOfDatabase,
  kBackendPid
};

std::optional<std::uint64_t> Unsigned(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || text.empty()) return std::nullopt;
  return value;
}

std::optional<base::Duration> FromSeconds(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const double seconds = std::strtod(text.c_str(), nullptr);
  // A replica whose clock is behind the primary's is not ahead of it.
  return std::chrono::round<base::Duration>(std::chrono::duration<double>(std::fmax(seconds, 0.0)));
}

ConnectionFacts ConnectionsOf(const QueryResult& answer) {
  const auto count = [&](Column column) { return Unsigned(Value(answer, column)); };
  ConnectionFacts facts;
  facts.instance = Value(answer, kInstance);
  facts.role = Value(answer, kRole);
  facts.database = Value(answer, kDatabase);
  facts.max_connections = count(kMaxConnections).value_or(0);
  facts.reserved = count(kReserved).value_or(0);
  facts.role_limit = count(kRoleLimit);
  facts.database_limit = count(kDatabaseLimit);
  facts.sessions = count(kSessions).value_or(0);
  facts.sessions_of_role = count(kSessionsOfRole).value_or(0);
  facts.sessions_of_database = count(kSessionsOfDatabase).value_or(0);
  return facts;
}

}  // namespace

ServerFactsResult ReadServerFacts(Session& session, base::TimePoint deadline,
                                  const std::stop_token& stop) {
  const QueryResult answer = session.Query(kSql, deadline, stop);
  ServerFactsResult result;
  result.status = answer.status;
  result.message = answer.message;
  if (answer.status != QueryResult::Status::kOk) return result;
  if (!answer.rows || PQntuples(answer.rows.get()) != 1 ||
      PQnfields(answer.rows.get()) != kBackendPid + 1) {
    result.status = QueryResult::Status::kLost;
    result.message = {"the server does not answer what it was asked", ""};
    return result;
  }
  ServerFacts& facts = result.facts;
  facts.in_recovery = Value(answer, kInRecovery) == "t";
  if (const std::string id = Value(answer, kSystemIdentifier); !id.empty())
    facts.system_identifier = id;
  facts.wal_position = Unsigned(Value(answer, kWalPosition));
  facts.timeline = Unsigned(Value(answer, kTimeline));
  facts.replayed_all_received = Value(answer, kReplayedAll) == "t";
  facts.wal_receiver_up = Value(answer, kWalReceiver) == "t";
  facts.since_last_replay = FromSeconds(Value(answer, kSinceReplay));
  facts.connections = ConnectionsOf(answer);
  facts.behind_pooler = Value(answer, kBackendPid) != std::to_string(PQbackendPID(session.raw()));
  return result;
}

}  // namespace scidex::postgres
