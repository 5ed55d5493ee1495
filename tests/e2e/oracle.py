#!/usr/bin/env python3
"""The reported route compared with what reads through the pools get. A writer adds a row to the primary every 50 ms; a
query of the exporter reads the newest row through the route, all the time; afterwards the servers themselves are asked
which rows there were. Meanwhile servers are suspended, killed and restarted, the replica's replay or stream stops, and its
role is refused, at random. At no sampled moment is the route replica while reads have failed for longer than a probe takes
to detect it, or while they return rows that are older than max_lag and a probe interval allow.

Takes a minute, or ten minutes with ./dev test --long. Only with --long are the bounds that narrow, because on a busy
machine any bound is too short.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter oracle.py [SEED]
"""

import bisect
import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import postgres  # noqa: E402
import scraper  # noqa: E402
import servers  # noqa: E402

LONG = "SCIDEX_TEST_LONG" in os.environ
DURATION_SECONDS = 600 if LONG else 60
SLACK_SECONDS = 0.5 if LONG else 20
INTERVAL, TIMEOUT, MAX_LAG, QUERY_TIMEOUT = 0.2, 0.6, 1.0, 0.5
# A read that began before the fault, and a probe that has to detect it.
MAY_FAIL = INTERVAL + TIMEOUT + QUERY_TIMEOUT + SLACK_SECONDS
MAY_LAG = MAX_LAG + INTERVAL + TIMEOUT + SLACK_SECONDS
ROUTE = "scidex_pg_pool_ro_routes_to"
CONFIGURATION = f"""
pools:
  primary: {{backoff_cap: 500ms, connect_timeout: 1s}}
  ro: {{backoff_cap: 500ms, connect_timeout: 1s, max_lifetime: 1s, max_size: 4}}
probe: {{interval: {INTERVAL * 1000:.0f}ms, timeout: {TIMEOUT * 1000:.0f}ms, new_session_interval: 400ms}}
read_only: {{max_lag: {MAX_LAG:.0f}s}}
queries:
  - name: beat
    from: route
    interval: {QUERY_TIMEOUT * 1000:.0f}ms
    timeout: {QUERY_TIMEOUT * 1000:.0f}ms
    sql: SELECT extract(epoch FROM max(at)) AS newest, extract(epoch FROM clock_timestamp()) AS asked FROM beats
    values:
      - {{column: newest, help: When the newest row was written.}}
      - {{column: asked, help: When it was read.}}
"""


class Oracle(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.seed = int(sys.argv[1]) if len(sys.argv) > 1 else int.from_bytes(os.urandom(4))
        print(f"seed {self.seed}", flush=True)
        self.random = random.Random(self.seed)
        self.primary, self.replica = postgres.start_primary_and_replica(self.addCleanup)
        self.primary.sql("CREATE TABLE beats (at timestamptz)")
        self.primary.sql("CREATE ROLE reader LOGIN")
        self.primary.sql("GRANT pg_monitor TO reader")
        self.primary.sql("GRANT SELECT ON beats TO reader")
        self.start_writer()
        config = self.folder / "exporter.yaml"
        config.write_text(f"primary: {{dsn: {self.primary.dsn}}}\n"
                          f"replica: {{dsn: {self.replica.dsn.replace('user=postgres', 'user=reader')}}}\n{CONFIGURATION}")
        self.exporter = exporter.Exporter(self.addCleanup, self.folder, f"--config.file={config}")
        self.exporter.start()
        self.samples = []
        self.over = threading.Event()

    def start_writer(self):
        """Continues after the primary was down."""
        over = threading.Event()

        def write():
            while not over.is_set():
                with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
                    self.primary.run("psql", "--no-psqlrc", "--quiet",
                                     "--command=DO $$ BEGIN FOR i IN 1..20 LOOP INSERT INTO beats VALUES"
                                     " (clock_timestamp()); COMMIT; PERFORM pg_sleep(0.05); END LOOP; END $$",
                                     self.primary.dsn)

        thread = threading.Thread(target=write)
        self.addCleanup(thread.join)
        self.addCleanup(over.set)
        thread.start()

    def sample(self):
        scrape = scraper.Scraper(self.exporter.address)
        while not self.over.is_set():
            metrics = scrape.metrics()
            self.samples.append((time.time(), metrics[ROUTE],
                                 metrics['scidex_pg_query_last_success_timestamp_seconds{query="beat"}'],
                                 metrics.get("beat_newest"), metrics.get("beat_asked")))
            time.sleep(0.05)
        scrape.close()

    # Faults: each yields while it lasts.

    @contextlib.contextmanager
    def suspended(self, server):
        pid = server.process.pid
        family = [pid, *map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        for one in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGSTOP)
        yield
        for one in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)

    def replica_frozen(self):
        return self.suspended(self.replica)

    def primary_frozen(self):
        return self.suspended(self.primary)

    @contextlib.contextmanager
    def replica_killed(self):
        self.replica.process.send_signal(signal.SIGQUIT)
        self.replica.process.wait(timeout=servers.DEADLINE_SECONDS)
        yield
        self.replica.start()

    @contextlib.contextmanager
    def replay_paused(self):
        self.replica.sql("SELECT pg_wal_replay_pause()")
        yield
        self.replica.sql("SELECT pg_wal_replay_resume()")

    @contextlib.contextmanager
    def stream_cut(self):
        before, = self.rows(self.replica, "SHOW primary_conninfo")
        self.replica.sql("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'")
        self.replica.sql("SELECT pg_reload_conf()")
        yield
        quoted = before.replace("'", "''")
        self.replica.sql(f"ALTER SYSTEM SET primary_conninfo = '{quoted}'")
        self.replica.sql("SELECT pg_reload_conf()")

    @contextlib.contextmanager
    def role_refused(self):
        self.primary.sql("ALTER ROLE reader NOLOGIN")
        yield
        self.primary.sql("ALTER ROLE reader LOGIN")

    @contextlib.contextmanager
    def sessions_ended(self):
        self.replica.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
        yield

    def test_the_route_tells_what_reads_get(self):
        sampling = threading.Thread(target=self.sample)
        sampling.start()
        faults = [self.replica_frozen, self.primary_frozen, self.replica_killed, self.replay_paused, self.stream_cut,
                  self.role_refused, self.sessions_ended]
        counts = dict.fromkeys((fault.__name__ for fault in faults), 0)
        end = time.monotonic() + DURATION_SECONDS
        try:
            while time.monotonic() < end or not all(counts.values()):
                fault = min(faults, key=lambda one: (counts[one.__name__], self.random.random()))
                with fault():
                    time.sleep(self.random.uniform(0.3, 3))
                counts[fault.__name__] += 1
                time.sleep(self.random.uniform(0, 2))
            servers.poll("route to the replica at the end", lambda: self.samples[-1][1] == 1, self.exporter.log)
        finally:
            self.over.set()
            sampling.join()
        self.check_samples(counts)

    def check_samples(self, counts):
        written = [float(row) for row in self.rows(self.primary, "SELECT extract(epoch FROM at) FROM beats ORDER BY 1")]
        replica_since, failing, stale, reads = None, (0, 0), (0, 0), set()
        for at, route, success, newest, asked in self.samples:
            if route != 1:
                replica_since = None
                continue
            replica_since = replica_since or at
            failing = max(failing, (at - max(replica_since, success), at))
            # Values read before the route became the replica were read elsewhere.
            if asked is None or asked < replica_since:
                continue
            reads.add(asked)
            missing = bisect.bisect_right(written, newest + 0.001)
            if missing < len(written) and written[missing] < asked:
                stale = max(stale, (asked - written[missing], at))
        routes = [route for _, route, *_ in self.samples]
        changes = sum(one != other for one, other in zip(routes, routes[1:]))
        print(f"{counts}; {len(self.samples)} samples, {changes} changes of the route, {len(written)} rows, {len(reads)} reads "
              f"with route replica, which failed for {failing[0]:.2f} s at most, and lacked a row for {stale[0]:.2f} s at most")
        self.assertGreater(changes, len(counts))
        self.assertGreater(len(reads), len(counts))
        self.assertLess(failing[0], MAY_FAIL, f"seed {self.seed}, at {failing[1]}")
        self.assertLess(stale[0], MAY_LAG, f"seed {self.seed}, at {stale[1]}")

    @staticmethod
    def rows(server, sql):
        command = postgres.unprivileged([postgres.program("psql"), "--no-psqlrc", "-qAt", server.dsn, "-c", sql])
        done = subprocess.run(command, cwd="/", env={"LC_ALL": "C"}, check=True, capture_output=True, text=True,
                              timeout=servers.DEADLINE_SECONDS)
        return done.stdout.split("\n")[:-1]


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
