"""What the cases of several subjects share."""

from case import WRONG

WHO = f"{WRONG} (scidex-pg-exporter)"
ROUTE = "scidex_pg_pool_ro_routes_to"
CONFIGURED = "scidex_pg_pool_ro_dsn_configured"
UP = 'scidex_pg_pool_backend_up{pool="ro"}'
PRIMARY_UP = 'scidex_pg_pool_backend_up{pool="primary"}'
RO = {"pool": "ro"}
FAILED = ("timeout", "queue_full", "deadlock", "error")


def acquires(outcome):
    return f'scidex_pg_pool_acquires_total{{pool="ro", outcome="{outcome}"}}'
