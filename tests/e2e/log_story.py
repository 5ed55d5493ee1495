#!/usr/bin/env python3
"""The log of eight incidents, on real servers, line by line: golden files in logs/, in which names replace times, ports and
everything else that differs from run to run.

A golden file has the steps of its incident in order, separated by empty lines. The lines of one step are compared
regardless of their order, which depends on threads.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter log_story.py
SCIDEX_UPDATE_GOLDEN=1 writes the golden files; review the difference: each line says what happened, to what, why, and
what to do.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import postgres  # noqa: E402
import replicated  # noqa: E402
import servers  # noqa: E402

GOLDEN = pathlib.Path(__file__).parent / "logs"
UPDATE = os.environ.get("SCIDEX_UPDATE_GOLDEN") == "1"
# No test waits for shorter times than this; a new golden file waits this long for late lines.
SETTLE_SECONDS = 4
# Their number depends on the moment: on the state of a server that stops or starts, and on the user that runs this.
# The canary may be on its way when its server stops.
PASSING = ("server still provides no session", "reason of the route changed", "running as root",
           "cannot determine whether writes are refused")
PASSWORD = "scidex-test-password"
LOCK = 4711

NAMED = [
    (r"^ts=\S+ ", ""),
    (r"(_seconds)=[0-9.e-]+", r"\1=N"),
    (r'version="[^"]*"', "version=VERSION"),
    # Messages of servers and of libpq differ between versions.
    (r'(error="[^":]*: )(?:[^"\\]|\\.)*"', r'\1…"'),
    (r"\.cc:\d+", ".cc:N"),
    (r"backend_pid=\d+", "backend_pid=N"),
]


class LogStory(replicated.ReplicatedTestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-log-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "exporter.yaml"
        self.steps, self.seen = [], 0

    def begin(self, name, **settings):
        self.golden = GOLDEN / f"{name}.log"
        self.configure(**settings)
        self.exporter = exporter.Exporter(self.addCleanup, self.folder, f"--config.file={self.config}")
        self.exporter.start()

    def configure(self, primary=None, replica=None, **settings):
        text = json.dumps({  # JSON is YAML
            "primary": {"dsn": primary or self.primary.dsn}, "replica": {"dsn": replica or self.replica.dsn},
            # With this timeout a server that responds is up, even on a busy machine. A probe's connect that is in progress
            # when a server is killed would fail for another reason than the later ones.
            "probe": {"timeout": "1m", "new_session_interval": "1h"}, **settings})
        # Complete at once, and not readable by other users.
        written = self.folder / "written.yaml"
        written.write_text(text)
        written.chmod(0o600)
        written.replace(self.config)

    def lines(self):
        ports = [(str(server.port), name) for server, name in ((self.primary, "PRIMARY"), (self.replica, "REPLICA"))]
        named = [*NAMED, *((rf"\b{port}\b", name) for port, name in ports), (re.escape(str(self.folder)), "FOLDER"),
                 (re.escape(self.exporter.address), "ADDRESS")]
        lines = []
        for line in self.exporter.log.read_text().splitlines():
            for pattern, name in named:
                line = re.sub(pattern, name, line)
            if not any(passing in line for passing in PASSING):
                lines.append(line)
        return lines

    def step(self, await_this=lambda: True):
        """Waits until the lines of this step are those of the golden file. Lines that come later belong to the next
        step."""
        servers.poll("end of the step", await_this, self.exporter.log)
        if UPDATE:
            time.sleep(SETTLE_SECONDS)
        else:
            expected = self.golden.read_text().split("\n\n")[len(self.steps)].splitlines()
            try:
                servers.poll("lines of the step", lambda: set(expected) <= set(self.lines()[self.seen:]))
            except AssertionError:
                pass  # The comparison shows the lines instead.
        lines = self.lines()
        self.steps.append(sorted(lines[self.seen:]))
        self.seen = len(lines)

    def end(self):
        self.exporter.stop()
        self.step()
        text = "\n\n".join("\n".join(step) for step in self.steps) + "\n"
        if UPDATE:
            GOLDEN.mkdir(exist_ok=True)
            self.golden.write_text(text)
        self.assertEqual(text, self.golden.read_text(), "SCIDEX_UPDATE_GOLDEN=1 writes it")

    def metric(self, series):
        lines = servers.fetch(f"{self.exporter.url}metrics").decode().splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(f"{series} ")), None)

    def is_route(self, number):
        return lambda: self.metric("scidex_pg_pool_ro_routes_to") == number

    def is_up(self, pool, up):
        return lambda: self.metric(f'scidex_pg_pool_backend_up{{pool="{pool}"}}') == up

    def reload(self, **settings):
        before = self.metric("scidex_pg_exporter_config_hash")
        self.configure(**settings)
        self.exporter.process.send_signal(signal.SIGHUP)
        servers.poll("reload", lambda: self.metric("scidex_pg_exporter_config_hash") != before)

    def crash(self, server):
        """Stops it immediately, so that it refuses connections from the first moment on. A connect of a pool that is in
        progress would fail for another reason."""
        servers.poll("idle connections", self.are_pools_filled, self.exporter.log)
        pid = int((server.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        server.process.wait(timeout=servers.DEADLINE_SECONDS)

    def are_pools_filled(self):
        pools = json.loads(servers.fetch(f"{self.exporter.url}api/v1/pools"))["pools"].values()
        return all(pool["connecting"] == 0 and pool["idle"] >= pool["min_idle"] for pool in pools)

    def hold_lock(self):
        """A session on the replica that holds the lock until it is closed."""
        holder = subprocess.Popen([postgres.program("psql"), "-qXAt", self.replica.dsn], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.stdin.close)
        self.addCleanup(holder.kill)
        holder.stdin.write(f"SELECT 'locked' FROM pg_advisory_lock({LOCK});\n")
        holder.stdin.flush()
        self.assertEqual(holder.stdout.readline(), "locked\n")
        return holder

    def test_replica_stopped(self):
        self.begin("replica_stopped")
        self.step(self.is_route(1))
        self.crash(self.replica)
        self.step(self.is_route(2))
        self.replica.start()
        self.step(self.is_route(1))
        self.end()

    def test_replica_lagging(self):
        self.begin("replica_lagging", read_only={"max_lag": "1s"})
        self.step(self.is_route(1))
        self.replica.sql("SELECT pg_wal_replay_pause()")
        self.primary.sql("CREATE TABLE not_there_yet ()")
        self.step(self.is_route(2))
        self.replica.sql("SELECT pg_wal_replay_resume()")
        self.step(self.is_route(1))
        self.primary.sql("DROP TABLE not_there_yet")
        self.end()

    def test_replica_is_the_primary(self):
        self.begin("replica_is_the_primary", replica=self.primary.dsn)
        self.step(self.is_route(2))
        self.reload()
        self.step(self.is_route(1))
        self.end()

    def queries(self, **timeouts):
        held = f"SELECT 1 AS one FROM pg_advisory_xact_lock({LOCK})"
        sql = {"holds": held, "short": "SELECT 1 AS one"}
        return [{"name": name, "sql": sql[name], "interval": timeout, "timeout": timeout,
                 "values": [{"column": "one", "help": "One."}]} for name, timeout in timeouts.items()]

    def runs(self, query):
        return self.metric(f'scidex_pg_query_runs_total{{query="{query}"}}')

    def test_pool_too_small(self):
        holder = self.hold_lock()
        self.begin("pool_too_small", pools={"ro": {"min_idle": 1, "max_size": 1, "leak_after": "0s"}},
                   queries=self.queries(holds="5m", short="1s"))
        failed = 'scidex_pg_query_errors_total{query="short",reason="acquire_timeout"}'
        self.step(lambda: self.metric(failed) > 1)
        holder.kill()
        self.step(lambda: self.runs("holds") == 1)
        self.end()

    def test_lease_held(self):
        holder = self.hold_lock()
        self.begin("lease_held", pools={"ro": {"leak_after": "1s"}}, queries=self.queries(holds="5m"))
        self.step(lambda: self.metric('scidex_pg_pool_leases_leaked_total{pool="ro"}') == 1)
        holder.kill()
        self.step(lambda: self.runs("holds") == 1)
        self.end()

    def test_primary_down(self):
        self.begin("primary_down")
        self.step(self.is_route(1))
        self.crash(self.primary)
        self.step(self.is_up("ro_fallthrough", 0))
        self.primary.start()
        self.step(self.is_up("ro_fallthrough", 1))
        self.end()

    def test_exporter_killed(self):
        self.begin("exporter_killed")
        self.step(self.is_route(1))
        self.exporter.process.kill()
        self.exporter.process.wait(timeout=servers.DEADLINE_SECONDS)
        self.seen = 0
        self.exporter.start()
        self.step(self.is_route(1))
        self.end()

    def test_wrong_password(self):
        self.primary.sql(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")
        rules = self.replica.data / "pg_hba.conf"
        rules.write_text("host all app 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
        self.replica.run("pg_ctl", "reload", "-D", str(self.replica.data))

        def app(password):
            return f"host=127.0.0.1 port={self.replica.port} user=app dbname=postgres password={password}"
        self.begin("wrong_password", replica=app("wrong"))
        self.step(self.is_route(2))
        # Without a reload: a refused login makes the exporter read the file again.
        self.configure(replica=app(PASSWORD))
        self.step(self.is_route(1))
        self.assertNotIn("wrong", "".join(self.lines()).replace("wrong_", ""))
        self.end()


if __name__ == "__main__":
    unittest.main(verbosity=2)
