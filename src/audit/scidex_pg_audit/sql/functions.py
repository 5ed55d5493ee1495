"""PostgreSQL's own functions that write although they are called in a SELECT."""

from scidex_pg_audit.sql.verdict import CERTAIN, POSSIBLE, READS, Verdict

SEQUENCES = "nextval setval"
LARGE_OBJECTS = """lo_creat lo_create lo_from_bytea lo_import lo_put lo_truncate lo_truncate64 lo_unlink lowrite
    lo_write"""
STATISTICS = """pg_stat_reset pg_stat_reset_shared pg_stat_reset_single_table_counters
    pg_stat_reset_single_function_counters pg_stat_reset_slru pg_stat_reset_replication_slot
    pg_stat_reset_subscription_stats pg_stat_reset_backend_stats pg_stat_statements_reset
    pg_restore_relation_stats pg_restore_attribute_stats pg_clear_relation_stats pg_clear_attribute_stats"""
WAL = """pg_logical_emit_message pg_create_restore_point pg_switch_wal pg_backup_start pg_backup_stop
    pg_start_backup pg_stop_backup pg_log_standby_snapshot pg_promote pg_wal_replay_pause pg_wal_replay_resume"""
REPLICATION = """pg_create_physical_replication_slot pg_create_logical_replication_slot pg_drop_replication_slot
    pg_copy_physical_replication_slot pg_copy_logical_replication_slot pg_replication_slot_advance
    pg_logical_slot_get_changes pg_logical_slot_get_binary_changes pg_sync_replication_slots
    pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_advance
    pg_replication_origin_session_setup pg_replication_origin_xact_setup"""
UPKEEP = """brin_summarize_new_values brin_summarize_range brin_desummarize_range gin_clean_pending_list
    pg_import_system_collations pg_file_write pg_file_unlink pg_file_rename pg_file_sync"""

CERTAIN_WRITES = frozenset(" ".join((SEQUENCES, LARGE_OBJECTS, STATISTICS, WAL, REPLICATION, UPKEEP)).split())
# Their effect depends on their arguments, on another server, or on listeners.
POSSIBLE_WRITES = frozenset("""lo_open lo_export dblink dblink_exec dblink_send_query pg_notify pg_reload_conf
    pg_rotate_logfile""".split())
READ_ONLY_SETTINGS = frozenset(("default_transaction_read_only", "transaction_read_only"))
SET_READ_ONLY = "SET default_transaction_read_only"
OFF = frozenset(("off", "of", "false", "fals", "fal", "fa", "f", "no", "n", "0"))
ON = frozenset(("on", "true", "tru", "tr", "t", "yes", "ye", "y", "1"))


def lift(value: str | None) -> Verdict:
    """A setting of READ_ONLY_SETTINGS is set to `value`; None means unknown."""
    if value is not None and value.lower() in ON:
        return READS
    return Verdict(CERTAIN if value is not None and value.lower() in OFF else POSSIBLE, SET_READ_ONLY)


def judge_call(name: str, arguments: list[str | None], more: frozenset[str]) -> Verdict:
    """A call of the SQL function `name`; `arguments` are strings if they are constants, otherwise None."""
    name = name.lower()
    if name == "set_config" and arguments and arguments[0] in READ_ONLY_SETTINGS:
        return lift(arguments[1] if len(arguments) > 1 else None)
    if name in CERTAIN_WRITES or name in more:
        return Verdict(CERTAIN, name)
    if name in POSSIBLE_WRITES:
        return Verdict(POSSIBLE, name)
    return READS
