#!/usr/bin/env python3
"""Queries of the configuration compared with Debian's prometheus-postgres-exporter, on one primary with load from pgbench:
if both show the same fact, they show the same value.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter sql_queries.py
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from prometheus_client.parser import text_string_to_metric_families

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import postgres  # noqa: E402
import replicated  # noqa: E402
import servers  # noqa: E402

# The default interval of a query.
INTERVAL_SECONDS = 15
CLIENTS = 4
HELD = 2
CONFIGURATION = """
query_sets: [connections, transactions, replication]
queries:
  - name: commits
    from: primary
    interval: 500ms
    sql: SELECT datname, xact_commit, tup_inserted FROM pg_stat_database WHERE datname IS NOT NULL
    labels: [datname]
    values:
      - {column: xact_commit, metric: app_commits_total, type: counter, help: Transactions committed.}
      - {column: tup_inserted, metric: app_rows_inserted_total, type: counter, help: Rows inserted.}
"""


class SideBySide(replicated.ReplicatedTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="scidex-e2e-")))
        cls.start_load()
        config = cls.folder / "exporter.yaml"
        config.write_text(f"primary: {{dsn: {cls.primary.dsn}}}\nreplica: {{dsn: {cls.replica.dsn}}}\n{CONFIGURATION}")
        cls.own = exporter.Exporter(cls.addClassCleanup, cls.folder, f"--config.file={config}")
        cls.own.start()
        cls.start_other()

    @classmethod
    def start_load(cls):
        """Transactions by pgbench, and sessions in an open transaction."""
        for name in ("busy", "held"):
            cls.primary.run("createdb", "-h", "127.0.0.1", "-p", str(cls.primary.port), "-U", "postgres", name)
        busy = cls.primary.dsn_of("busy")
        cls.primary.run("pgbench", "--initialize", "--quiet", busy)
        servers.start(cls.addClassCleanup, [postgres.program("pgbench"), f"--client={CLIENTS}", "--time=3600",
                                            "--rate=200", busy], cls.folder / "pgbench.log")
        for _ in range(HELD):
            holder = subprocess.Popen([postgres.program("psql"), "-qX", cls.primary.dsn_of("held")],
                                      stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            cls.addClassCleanup(holder.wait)
            cls.addClassCleanup(holder.stdin.close)
            holder.stdin.write(b"BEGIN; SELECT 1;\n")
            holder.stdin.flush()

    @classmethod
    def start_other(cls):
        address = f"127.0.0.1:{servers.free_port()}"
        cls.other_url = f"http://{address}/metrics"
        log = cls.folder / "other.log"
        servers.start(cls.addClassCleanup, ["prometheus-postgres-exporter", f"--web.listen-address={address}"], log,
                      exporter.environment(DATA_SOURCE_NAME=f"{cls.primary.dsn} sslmode=disable"))
        servers.poll("prometheus-postgres-exporter", lambda: servers.fetch(cls.other_url), log)

    def sum(self, url, name, **labels):
        """The sum of all samples with this name and these labels; None if there are no such samples."""
        families = text_string_to_metric_families(servers.fetch(url).decode())
        found = [sample.value for family in families for sample in family.samples
                 if sample.name == name and labels.items() <= sample.labels.items()]
        return sum(found) if found else None

    def ours(self, name, **labels):
        return self.sum(self.own.url + "metrics", name, **labels)

    def theirs(self, name, **labels):
        return self.sum(self.other_url, name, **labels)

    def assert_agree(self, ours, theirs, expected):
        """Each value is current or one query run old: in the end they agree."""
        servers.poll(f"value {expected} of both", lambda: (ours(), theirs()) == (expected, expected))

    def test_sessions_of_a_busy_database(self):
        self.assert_agree(lambda: self.ours("pg_connections", datname="busy"),
                          lambda: self.theirs("pg_stat_activity_count", datname="busy"), CLIENTS)

    def test_sessions_that_hold_a_transaction_open(self):
        self.assert_agree(
            lambda: self.ours("pg_connections", datname="held", state="idle in transaction"),
            lambda: self.theirs("pg_stat_activity_count", datname="held", state="idle in transaction"), HELD)

    def test_the_limit_of_connections(self):
        self.assert_agree(lambda: self.ours("pg_max_connections"),
                          lambda: self.theirs("pg_settings_max_connections"), 100)

    def test_the_age_of_the_oldest_transaction(self):
        """It always grows: ours was read at most an interval ago."""
        def agree():
            ours = self.ours("pg_longest_transaction_seconds")
            theirs = self.theirs("pg_stat_activity_max_tx_duration", datname="held", state="idle in transaction")
            return ours is not None and ours <= theirs + 1 and theirs - INTERVAL_SECONDS <= ours + 1
        servers.poll("age that both see", agree)

    def test_counters_of_a_busy_database(self):
        """The value of one exporter is between two values of the other, read before and after it."""
        # The parser gives every counter its proper suffix.
        for own, other in (("app_commits_total", "pg_stat_database_xact_commit_total"),
                           ("app_rows_inserted_total", "pg_stat_database_tup_inserted_total")):
            first = servers.poll(own, lambda: self.ours(own, datname="busy"))
            servers.poll(f"growth of {own}", lambda: self.ours(own, datname="busy") > first)
            middle = self.theirs(other, datname="busy")
            self.assertGreater(middle, first)
            servers.poll(f"more than {other}", lambda: self.ours(own, datname="busy") >= middle)

    def test_no_query_failed_and_none_wrote(self):
        servers.poll("run of each query", lambda: self.ours("pg_replication_standbys", state="streaming") == 1 and
                     self.ours("pg_replica_wal_streams") == 1)
        self.assertEqual(self.ours("scidex_pg_query_errors_total"), 0)
        self.assertEqual(self.ours("scidex_pg_pool_read_only_violations_total"), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
