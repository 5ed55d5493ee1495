#include "postgres/fact_sql.h"

#include "postgres/judged_server.h"

namespace scidex::postgres {
namespace {

constexpr const char* kSystemIdentifier =
    "CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')"
    " THEN (SELECT system_identifier FROM pg_control_system()) END";

// The WAL functions raise an error on the other kind of server. A primary's insert position is
// never behind a transaction that is complete there; its write position may be, if commits are
// asynchronous.
constexpr const char* kWalPosition =
    "pg_wal_lsn_diff(CASE WHEN r.in_recovery THEN pg_last_wal_replay_lsn()"
    " ELSE pg_current_wal_insert_lsn() END, '0/0')";

// An asynchronous commit is flushed within three times wal_writer_delay.
constexpr const char* kFlushed =
    "CASE WHEN NOT r.in_recovery THEN pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') END,"
    " 3 * extract(epoch FROM current_setting('wal_writer_delay')::interval)::numeric";

constexpr const char* kTimeline =
    "CASE WHEN NOT r.in_recovery"
    " THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint"
    " WHEN has_function_privilege('pg_control_checkpoint()', 'EXECUTE')"
    " THEN (SELECT timeline_id FROM pg_control_checkpoint()) END";

// The receiver's state is shown only to some roles.
constexpr const char* kReachedTimeline =
    "CASE WHEN r.in_recovery THEN greatest("
    "(SELECT nullif(min_recovery_end_timeline, 0) FROM pg_control_recovery()),"
    " (SELECT received_tli FROM pg_stat_wal_receiver)) END";

constexpr const char* kCheckpoint =
    "CASE WHEN has_function_privilege('pg_control_checkpoint()', 'EXECUTE')"
    " THEN (SELECT pg_wal_lsn_diff(checkpoint_lsn, '0/0') FROM pg_control_checkpoint()) END";

// The age of a transaction ID is its distance to the next one. Before version 13, snapshots had 64
// bits but no type with a cast to the 32 bits of age().
constexpr const char* kTransactions =
    "pg_current_snapshot()::text, CASE WHEN NOT r.in_recovery"
    " THEN age(pg_snapshot_xmax(pg_current_snapshot())::xid) END";
constexpr const char* kTransactionsBefore13 =
    "txid_current_snapshot()::text, CASE WHEN NOT r.in_recovery"
    " THEN age((txid_snapshot_xmax(txid_current_snapshot()) % (1::bigint << 32))::text::xid) END";

constexpr const char* kReplayedAll =
    "CASE WHEN r.in_recovery"
    " THEN pg_last_wal_receive_lsn() IS NOT DISTINCT FROM pg_last_wal_replay_lsn() END";

constexpr const char* kWalReceiver =
    "CASE WHEN r.in_recovery"
    " THEN EXISTS (SELECT FROM pg_stat_wal_receiver"
    " WHERE pid IS NOT NULL AND coalesce(status, 'streaming') = 'streaming') END";

// A replica that has replayed no transaction since its start began at a checkpoint that comes after
// all transactions that it has.
constexpr const char* kLastReplay =
    "CASE WHEN r.in_recovery THEN extract(epoch FROM clock_timestamp()"
    " - coalesce(pg_last_xact_replay_timestamp(),"
    " CASE WHEN has_function_privilege('pg_control_checkpoint()', 'EXECUTE')"
    " THEN (SELECT checkpoint_time FROM pg_control_checkpoint()) END))::numeric END";

// Uses the function of pg_stat_activity, because the view joins tables that are not needed. It
// shows role and database of a session to everyone, but the backend type only to some roles: if
// that is hidden, a session with both counts as a client. Only clients count towards
// max_connections, and the limits of roles and databases do not apply to superusers.
// https://www.postgresql.org/docs/current/runtime-config-connection.html
constexpr FactSql kConnections{
    .columns =
        "c.rolname, c.datname, current_setting('max_connections'),"
        " current_setting('superuser_reserved_connections')::int"
        " + coalesce(current_setting('reserved_connections', true)::int, 0),"
        " c.role_limit, c.database_limit, c.everybodys, c.of_role, c.of_database",
    .count = 9,
    .from = R"(
 CROSS JOIN (SELECT u.rolname, d.datname,
                    CASE WHEN u.rolconnlimit >= 0 AND NOT u.rolsuper THEN u.rolconnlimit END AS role_limit,
                    CASE WHEN d.datconnlimit >= 0 AND NOT u.rolsuper THEN d.datconnlimit END AS database_limit,
                    s.*
               FROM (SELECT) one
               LEFT JOIN pg_roles u ON u.rolname = session_user
               LEFT JOIN pg_database d ON d.datname = current_database()
              CROSS JOIN LATERAL
                    (SELECT count(*) AS everybodys,
                            count(*) FILTER (WHERE usesysid = u.oid) AS of_role,
                            count(*) FILTER (WHERE datid = d.oid) AS of_database
                       FROM pg_stat_get_activity(NULL)
                      WHERE coalesce(backend_type = 'client backend',
                                     usesysid IS NOT NULL AND datid IS NOT NULL)) s) c)"};

constexpr int kWithSnapshotType = 130000;

}  // namespace

FactSql SqlOf(Fact fact, int server_version) {
  switch (fact) {
    case Fact::kBackend:
      return {"pg_backend_pid()"};
    case Fact::kSystemIdentifier:
      return {kSystemIdentifier};
    case Fact::kInstance:
      return {kServerStart};
    case Fact::kWalPosition:
      return {kWalPosition};
    case Fact::kFlushed:
      return {kFlushed, 2};
    case Fact::kTimeline:
      return {kTimeline};
    case Fact::kReachedTimeline:
      return {kReachedTimeline};
    case Fact::kTransactions:
      return {server_version >= kWithSnapshotType ? kTransactions : kTransactionsBefore13, 2};
    case Fact::kCheckpoint:
      return {kCheckpoint};
    case Fact::kReplayedAll:
      return {kReplayedAll};
    case Fact::kWalReceiver:
      return {kWalReceiver};
    case Fact::kLastReplay:
      return {kLastReplay};
    case Fact::kReadOnlyByDefault:
      return {"current_setting('default_transaction_read_only')"};
    case Fact::kConnections:
      return kConnections;
    case Fact::kQueriedLag:
      break;
  }
  return {"NULL"};
}

}  // namespace scidex::postgres
