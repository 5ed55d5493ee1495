"""What the cases of several subjects share."""

from case import WRONG

WHO = f"{WRONG} (scidex-pg-exporter)"
ROUTE = "scidex_pg_pool_ro_routes_to"
CONFIGURED = "scidex_pg_pool_ro_dsn_configured"
UP = 'scidex_pg_pool_backend_up{pool="ro"}'
PRIMARY_UP = 'scidex_pg_pool_backend_up{pool="primary"}'
TEXTFILE_WRITTEN = "scidex_pg_exporter_textfile_written_timestamp_seconds"
# node_exporter has this series if it reads files of other programs.
NODE_EXPORTER = "node_textfile_scrape_error"
RO = {"pool": "ro"}
FAILED = ("timeout", "queue_full", "deadlock", "error")


def acquires(outcome):
    return f'scidex_pg_pool_acquires_total{{pool="ro", outcome="{outcome}"}}'
