// What a read-only session of a primary permits, as tested: docs/read-only.md is generated from it,
// and a test tries all of it on the installed server.
#pragma once

#include <string_view>

namespace scidex::test {

// The server's response in a read-only session.
enum class Answer {
  kRefused,      // SQLSTATE 25006
  kRuns,         //
  kNoPrivilege,  // only because of a missing privilege
  kFails,        // for another reason: the state of the server, or the arguments
};

// How the exporter counts a statement that succeeded.
enum class Counted { kNo, kWrite, kTampering };

struct Effect {
  std::string_view statement;
  Answer superuser;
  // A role whose only privileges are those on its own table t.
  Answer role;
  Counted counted = Counted::kNo;
  // The lasting effect.
  std::string_view leaves = "";
  // Run before: as the superuser in another session, and in the tested session.
  const char* setup = "";
  const char* on_session = "";
  // Run afterwards, as the superuser in another session.
  const char* cleanup = "";
  // The first major version that has it, and the first that refuses it.
  int since = 15;
  int refused_from = 0;
};

inline constexpr const char* kPrepared =
    "BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'other'";
inline constexpr const char* kPhysical = "SELECT pg_create_physical_replication_slot('s', true)";
inline constexpr const char* kLogical =
    "SELECT pg_create_logical_replication_slot('l', 'test_decoding')";
inline constexpr const char* kDropPhysical =
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots";
inline constexpr const char* kOrigin = "SELECT pg_replication_origin_create('o')";
inline constexpr const char* kDropOrigin =
    "SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin";
inline constexpr const char* kTemporary =
    "BEGIN READ WRITE; CREATE TEMP TABLE tt (a int); CREATE TEMP SEQUENCE ts; COMMIT";
inline constexpr const char* kLargeObject =
    "SELECT lo_create(4711); ALTER LARGE OBJECT 4711 OWNER TO app";
inline constexpr const char* kDropLargeObject =
    "SELECT lo_unlink(oid) FROM pg_largeobject_metadata";

// Statements and functions with a lasting effect that are not refused to all roles.
inline constexpr Effect kEffects[] = {
    // Two-phase commit
    {"COMMIT PREPARED 'other'", Answer::kRuns, Answer::kNoPrivilege, Counted::kWrite,
     "what another session has written", kPrepared, "", "DELETE FROM t"},
    {"ROLLBACK PREPARED 'other'", Answer::kRuns, Answer::kNoPrivilege, Counted::kWrite,
     "what another session has written is lost", kPrepared},
    {"BEGIN; PREPARE TRANSACTION 'own'", Answer::kRuns, Answer::kRuns, Counted::kWrite,
     "a prepared transaction, which holds back VACUUM"},
    // Upkeep
    {"ANALYZE t", Answer::kRuns, Answer::kRuns, Counted::kWrite, "statistics"},
    {"VACUUM t", Answer::kRuns, Answer::kRuns, Counted::kWrite, "a table without dead rows"},
    {"VACUUM FULL t", Answer::kRuns, Answer::kRuns, Counted::kWrite, "a rewritten table"},
    {"REINDEX TABLE t", Answer::kRuns, Answer::kRuns, Counted::kWrite, "rewritten indexes"},
    {"CLUSTER t USING t_a", Answer::kRuns, Answer::kRuns, Counted::kWrite, "a rewritten table"},
    {"CHECKPOINT", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo, "load on the disks"},
    {"SELECT brin_summarize_new_values('t_brin')", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "an index's summaries"},
    {"SELECT brin_summarize_range('t_brin', 0)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "an index's summaries"},
    {"SELECT brin_desummarize_range('t_brin', 0)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "an index's summaries"},
    {"SELECT gin_clean_pending_list('t_gin')", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "an index's pending list"},
    // The server
    {"ALTER SYSTEM SET work_mem = '5MB'", Answer::kRuns, Answer::kNoPrivilege, Counted::kWrite,
     "a setting of the server", "", "", "ALTER SYSTEM RESET ALL"},
    {"SELECT pg_reload_conf()", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "reloaded settings"},
    {"SELECT pg_rotate_logfile()", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a new log file"},
    {"SELECT pg_cancel_backend(0)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a statement of another session cancelled"},
    {"SELECT pg_terminate_backend(0)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "another session ended"},
    {"SELECT pg_log_backend_memory_contexts(pg_backend_pid())", Answer::kRuns, Answer::kNoPrivilege,
     Counted::kNo, "lines in the log"},
    {"SELECT pg_promote()", Answer::kFails, Answer::kNoPrivilege, Counted::kNo,
     "a replica promoted; fails on a primary"},
    {"LOAD 'auto_explain'", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a library in the session"},
    // WAL and backups
    {"SELECT pg_switch_wal()", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a new WAL segment"},
    {"SELECT pg_create_restore_point('p')", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a restore point in the WAL"},
    {"SELECT pg_logical_emit_message(false, 'p', 'c')", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a message in the WAL, which consumers of logical decoding receive"},
    {"SELECT pg_logical_emit_message(true, 'p', 'c')", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "the same, with the transaction"},
    {"SELECT pg_backup_start('b', true)", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a checkpoint; the backup ends with the session"},
    {"SELECT pg_backup_stop()", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a new WAL segment and a backup history file", "", "SELECT pg_backup_start('b', true)"},
    {"SELECT pg_log_standby_snapshot()", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a record in the WAL", "", "", "", 16},
    {"SELECT pg_wal_replay_pause()", Answer::kFails, Answer::kNoPrivilege, Counted::kNo,
     "replay paused; fails on a primary"},
    {"SELECT pg_wal_replay_resume()", Answer::kFails, Answer::kNoPrivilege, Counted::kNo,
     "replay resumed; fails on a primary"},
    {"SELECT pg_current_xact_id()", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a used transaction ID"},
    // Replication
    {"SELECT pg_create_physical_replication_slot('s', true)", Answer::kRuns, Answer::kNoPrivilege,
     Counted::kNo, "a slot, which keeps WAL", "", "", kDropPhysical},
    {"SELECT pg_create_logical_replication_slot('l', 'test_decoding')", Answer::kRuns,
     Answer::kNoPrivilege, Counted::kNo, "a slot, which keeps WAL and rows of catalogs", "", "",
     kDropPhysical},
    {"SELECT pg_copy_physical_replication_slot('s', 's2')", Answer::kRuns, Answer::kNoPrivilege,
     Counted::kNo, "a slot", kPhysical, "", kDropPhysical},
    {"SELECT pg_copy_logical_replication_slot('l', 'l2')", Answer::kRuns, Answer::kNoPrivilege,
     Counted::kNo, "a slot", kLogical, "", kDropPhysical},
    {"SELECT pg_drop_replication_slot('s')", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a replica that cannot continue", kPhysical, "", kDropPhysical},
    {"SELECT pg_replication_slot_advance('s', pg_current_wal_lsn())", Answer::kRuns,
     Answer::kNoPrivilege, Counted::kNo, "a slot that keeps less WAL", kPhysical, "",
     kDropPhysical},
    {"SELECT pg_replication_slot_advance('l', pg_current_wal_lsn())", Answer::kRuns,
     Answer::kNoPrivilege, Counted::kNo, "changes that the consumer of the slot never receives",
     kLogical, "", kDropPhysical},
    {"SELECT count(*) FROM pg_logical_slot_get_changes('l', NULL, NULL)", Answer::kRuns,
     Answer::kNoPrivilege, Counted::kNo, "changes that the consumer of the slot never receives",
     kLogical, "", kDropPhysical},
    {"SELECT count(*) FROM pg_logical_slot_get_binary_changes('l', NULL, NULL)", Answer::kRuns,
     Answer::kNoPrivilege, Counted::kNo, "changes that the consumer of the slot never receives",
     kLogical, "", kDropPhysical},
    {"SELECT pg_sync_replication_slots()", Answer::kFails, Answer::kNoPrivilege, Counted::kNo,
     "slots of the primary on a replica; fails on a primary", "", "", "", 17},
    {"SELECT pg_replication_origin_create('o')", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a row of a catalog", "", "", kDropOrigin},
    {"SELECT pg_replication_origin_drop('o')", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a row of a catalog removed", kOrigin, "", kDropOrigin},
    {"SELECT pg_replication_origin_advance('o', '0/1')", Answer::kRuns, Answer::kNoPrivilege,
     Counted::kNo, "a position, from which a subscription continues", kOrigin, "", kDropOrigin},
    {"SELECT pg_replication_origin_session_setup('o')", Answer::kRuns, Answer::kNoPrivilege,
     Counted::kNo, "a session that replays for an origin", kOrigin, "", ""},
    // Catalogs
    {"SELECT pg_import_system_collations('pg_catalog')", Answer::kRuns, Answer::kNoPrivilege,
     Counted::kNo, "rows of a catalog"},
    {"SELECT pg_nextoid('pg_class', 'oid', 'pg_class_oid_index')", Answer::kRuns,
     Answer::kNoPrivilege, Counted::kNo, "a used OID"},
    {"SELECT pg_stop_making_pinned_objects()", Answer::kFails, Answer::kNoPrivilege, Counted::kNo,
     "a counter of OIDs moved; fails once there are objects of users"},
    {"SELECT pg_extension_config_dump('t', '')", Answer::kFails, Answer::kFails, Counted::kNo,
     "fails outside of an extension's script"},
    // Large objects
    {"SELECT lo_create(4711)", Answer::kRuns, Answer::kRuns, Counted::kNo, "a large object", "", "",
     kDropLargeObject, 15, 16},
    {"SELECT lo_creat(-1)", Answer::kRuns, Answer::kRuns, Counted::kNo, "a large object", "", "",
     kDropLargeObject, 15, 16},
    {"SELECT lo_from_bytea(4711, 'x')", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a large object", "", "", kDropLargeObject, 15, 16},
    {"SELECT lo_put(4711, 0, 'x')", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "bytes of a large object", kLargeObject, "", kDropLargeObject, 15, 16},
    {"SELECT lowrite(lo_open(4711, 131072), 'x')", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "bytes of a large object", kLargeObject, "", kDropLargeObject, 15, 16},
    {"SELECT lo_truncate(lo_open(4711, 131072), 0)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a truncated large object", kLargeObject, "", kDropLargeObject, 15, 16},
    {"SELECT lo_truncate64(lo_open(4711, 131072), 0)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a truncated large object", kLargeObject, "", kDropLargeObject, 15, 16},
    {"SELECT lo_unlink(4711)", Answer::kRuns, Answer::kRuns, Counted::kNo, "a large object removed",
     kLargeObject, "", kDropLargeObject, 15, 16},
    {"SELECT lo_import('/etc/hostname')", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a large object", "", "", kDropLargeObject, 15, 16},
    {"SELECT lo_export(4711, '/dev/null')", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a file of the server", kLargeObject, "", kDropLargeObject},
    // Files and programs of the server
    {"COPY t TO PROGRAM 'true'", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "whatever the program does"},
    {"COPY t TO '/dev/null'", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "a file of the server"},
    // Temporary objects, which the borrower has created after lifting read-only
    {"INSERT INTO tt VALUES (1)", Answer::kRuns, Answer::kRuns, Counted::kWrite,
     "rows, until the session ends", "", kTemporary},
    {"SELECT nextval('ts')", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a used number, until the session ends", "", kTemporary},
    {"SELECT setval('ts', 5)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a number, until the session ends", "", kTemporary},
    // Other sessions
    {"NOTIFY c, 'p'", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a message to listening sessions"},
    {"SELECT pg_notify('c', 'p')", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a message to listening sessions"},
    {"LISTEN c", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a session that listens, also for the next borrower"},
    {"BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; ROLLBACK", Answer::kRuns, Answer::kRuns,
     Counted::kNo, "others wait, until the transaction ends"},
    {"SELECT pg_advisory_lock(1)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a lock, also for the next borrower"},
    {"SELECT pg_advisory_lock_shared(1)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a lock, also for the next borrower"},
    {"SELECT pg_try_advisory_lock(1)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a lock, also for the next borrower"},
    {"SELECT pg_try_advisory_lock_shared(1)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a lock, also for the next borrower"},
    {"SELECT pg_advisory_xact_lock(1)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a lock, until the transaction ends"},
    {"SELECT pg_export_snapshot()", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a file, until the transaction ends"},
    // Statistics
    {"SELECT pg_stat_reset()", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "counters at 0, which autovacuum uses"},
    {"SELECT pg_stat_reset_shared('bgwriter')", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "counters at 0"},
    {"SELECT pg_stat_reset_slru(NULL)", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "counters at 0"},
    {"SELECT pg_stat_reset_single_table_counters('t'::regclass)", Answer::kRuns,
     Answer::kNoPrivilege, Counted::kNo, "counters at 0, which autovacuum uses"},
    {"SELECT pg_stat_reset_single_function_counters('writes'::regproc)", Answer::kRuns,
     Answer::kNoPrivilege, Counted::kNo, "counters at 0"},
    {"SELECT pg_stat_reset_replication_slot(NULL)", Answer::kRuns, Answer::kNoPrivilege,
     Counted::kNo, "counters at 0"},
    {"SELECT pg_stat_reset_subscription_stats(NULL)", Answer::kRuns, Answer::kNoPrivilege,
     Counted::kNo, "counters at 0"},
    {"SELECT pg_stat_force_next_flush()", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "counters that are written earlier"},
    // The session
    {"SET work_mem = '5MB'", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a setting, also for the next borrower"},
    {"SELECT set_config('work_mem', '5MB', false)", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a setting, also for the next borrower"},
    {"RESET ALL", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "settings as at the start of the session"},
    {"SET ROLE pg_monitor", Answer::kRuns, Answer::kNoPrivilege, Counted::kNo,
     "another role, also for the next borrower"},
    {"SET SESSION AUTHORIZATION app", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "another role, also for the next borrower"},
    {"PREPARE p AS SELECT 1", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "a prepared statement, also for the next borrower"},
    {"DISCARD ALL", Answer::kRuns, Answer::kRuns, Counted::kNo, "a session as at its start"},
    // Read-only lifted
    {"BEGIN READ WRITE; INSERT INTO t VALUES (1); COMMIT", Answer::kRuns, Answer::kRuns,
     Counted::kWrite, "what it writes", "", "", "DELETE FROM t"},
    {"BEGIN READ WRITE; SELECT writes(); COMMIT", Answer::kRuns, Answer::kRuns, Counted::kTampering,
     "what the function writes", "", "", "DELETE FROM t"},
    {"BEGIN READ WRITE; WITH w AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM w; COMMIT",
     Answer::kRuns, Answer::kRuns, Counted::kTampering, "what it writes", "", "", "DELETE FROM t"},
    {"BEGIN; SET TRANSACTION READ WRITE; SELECT writes(); COMMIT", Answer::kRuns, Answer::kRuns,
     Counted::kTampering, "what the function writes", "", "", "DELETE FROM t"},
    {"BEGIN READ WRITE; DECLARE c CURSOR WITH HOLD FOR SELECT writes(); COMMIT", Answer::kRuns,
     Answer::kRuns, Counted::kTampering, "what the function writes", "", "", "DELETE FROM t"},
    {"BEGIN READ WRITE; SELECT setval('q', 5); ROLLBACK", Answer::kRuns, Answer::kRuns,
     Counted::kNo, "a number of a sequence, which a ROLLBACK does not undo"},
    {"SET default_transaction_read_only = off; COMMIT; SELECT writes(); "
     "SET default_transaction_read_only = on",
     Answer::kRuns, Answer::kRuns, Counted::kTampering, "what the function writes", "", "",
     "DELETE FROM t"},
    {"DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; PERFORM writes(); END $$", Answer::kRuns,
     Answer::kRuns, Counted::kTampering, "what it writes", "", "", "DELETE FROM t"},
    {"CALL lifts()", Answer::kRuns, Answer::kRuns, Counted::kTampering, "what it writes", "", "",
     "DELETE FROM t"},
    {"SET default_transaction_read_only = off", Answer::kRuns, Answer::kRuns, Counted::kTampering,
     "what is written afterwards"},
    {"SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", Answer::kRuns, Answer::kRuns,
     Counted::kTampering, "what is written afterwards"},
    {"SELECT set_config('default_transaction_read_only', 'off', false)", Answer::kRuns,
     Answer::kRuns, Counted::kTampering, "what is written afterwards"},
    {"SET TRANSACTION READ WRITE; SELECT writes()", Answer::kRuns, Answer::kRuns, Counted::kNo,
     "what the function writes, in one message of several statements", "", "", "DELETE FROM t"},
    {"BEGIN; SELECT set_config('transaction_read_only', 'off', true)", Answer::kFails,
     Answer::kFails, Counted::kNo, "fails, as the transaction has taken its snapshot"},
    // Other servers
    {"SELECT dblink_exec(dsn, 'INSERT INTO t VALUES (1)') FROM itself", Answer::kRuns,
     Answer::kRuns, Counted::kNo, "what is written by another connection", "", "", "DELETE FROM t"},
};

// All of these are refused with 25006, even to a superuser.
inline constexpr std::string_view kRefused[] = {
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1",
    "DELETE FROM t",
    "TRUNCATE t",
    "MERGE INTO t USING t s ON t.a = s.a WHEN MATCHED THEN DELETE",
    "/* a /* nested */ comment */ INSERT INTO t VALUES (1)",
    "-- a line\nINSERT INTO t VALUES (1)",
    "WITH w AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM w",
    "SELECT a INTO made FROM t",
    "SELECT a FROM t FOR UPDATE",
    "SELECT a FROM t FOR KEY SHARE",
    "SELECT writes()",
    "EXPLAIN ANALYZE INSERT INTO t VALUES (1)",
    "COPY t FROM PROGRAM 'echo 1'",
    "COPY t FROM '/dev/null'",
    "PREPARE w AS INSERT INTO t VALUES (1); EXECUTE w",
    "DO 'BEGIN PERFORM writes(); END'",
    "CREATE TEMP TABLE made (a int)",
    "CREATE TEMP SEQUENCE made",
    "SELECT nextval('q')",
    "SELECT setval('q', 5)",
    "COMMENT ON TABLE t IS 'x'",
    "SECURITY LABEL ON TABLE t IS 'x'",
    "GRANT SELECT ON t TO PUBLIC",
    "REVOKE SELECT ON t FROM PUBLIC",
    "REASSIGN OWNED BY app TO postgres",
    "DROP OWNED BY app",
    "REFRESH MATERIALIZED VIEW m",
    "IMPORT FOREIGN SCHEMA s FROM SERVER x INTO public",
    "CREATE TABLE made (a int)",
    "CREATE TABLE made AS SELECT 1",
    "CREATE SCHEMA made CREATE TABLE made (a int)",
    "CREATE INDEX CONCURRENTLY ON t (a)",
    "DROP INDEX CONCURRENTLY t_a",
    "ALTER TABLE t ADD b int",
    "ALTER ROLE app SET default_transaction_read_only = off",
    "ALTER DATABASE app SET default_transaction_read_only = off",
};

}  // namespace scidex::test
