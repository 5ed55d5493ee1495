#!/usr/bin/env python3
"""Metrics without a port: --once prints them, --textfile.path updates a file for node_exporter's textfile collector. Real
servers, the release binary; promtool checks the output, and a full disk is a small tmpfs in a mount namespace.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter textfile.py
"""

import contextlib
import os
import pathlib
import signal
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import namespaces  # noqa: E402
import postgres  # noqa: E402
import servers  # noqa: E402

SIX = ("scidex_pg_pool_ro_size", "scidex_pg_pool_ro_available", "scidex_pg_pool_ro_requests_waiting",
       "scidex_pg_pool_ro_fallthrough_size", "scidex_pg_pool_ro_fallthrough_available", "scidex_pg_pool_ro_routes_to")
WRITTEN = "scidex_pg_exporter_textfile_written_timestamp_seconds"
WRITES = "scidex_pg_exporter_textfile_writes_total"
FAILURES = "scidex_pg_exporter_textfile_write_failures_total"


def metrics_of(text):
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in lines}


class WithoutAPort(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.program = os.environ["SCIDEX_EXPORTER"]
        self.log = self.folder / "exporter.log"
        self.file = self.folder / "pools.prom"

    def run_to_end(self, *flags, **variables):
        return subprocess.run([self.program, *flags], env=exporter.environment(PGHOST=str(self.folder), **variables),
                              capture_output=True, text=True, timeout=servers.DEADLINE_SECONDS)

    def assert_for_node_exporter(self, text):
        """Metrics that the collector accepts, without node_exporter's own."""
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))
        # A series with a timestamp would be rejected.
        self.assertTrue(all(len(line.rsplit("}", 1)[-1].split()) <= 2 for line in text.splitlines()
                            if not line.startswith("#")), text)
        metrics = metrics_of(text)
        self.assertEqual([name for name in metrics if name.startswith("process_")], [])
        self.assertEqual([name for name in SIX if name not in metrics], [])
        return metrics


class Once(WithoutAPort):
    def test_prints_after_the_first_verdicts(self):
        primary, replica = postgres.start_primary_and_replica(self.addCleanup)
        done = self.run_to_end("--once", "--once.timeout=1h", SCIDEX_PG_DSN=primary.dsn, SCIDEX_PG_RO_DSN=replica.dsn)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        metrics = self.assert_for_node_exporter(done.stdout)
        self.assertEqual(metrics["scidex_pg_pool_ro_routes_to"], 1)
        self.assertEqual(metrics['scidex_pg_pool_backend_up{pool="primary"}'], 1)

    def test_server_that_is_down_is_a_verdict(self):
        done = self.run_to_end("--once", "--once.timeout=1h", "--log.level=error")
        self.assertEqual(done.returncode, 0, done.stderr)
        metrics = self.assert_for_node_exporter(done.stdout)
        self.assertEqual(metrics["scidex_pg_pool_ro_routes_to"], 2)
        self.assertEqual(metrics['scidex_pg_pool_backend_up{pool="primary"}'], 0)

    def test_without_verdicts_has_another_exit_code(self):
        # A server that accepts connections and does not respond.
        silent = servers.start(self.addCleanup, [
            sys.executable, "-c", "import socket, sys, time\n"
            "s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)\ntime.sleep(1e6)"],
            self.folder / "silent.log")
        self.assertIsNotNone(silent)
        port = servers.poll("a port", lambda: (self.folder / "silent.log").read_text().strip())
        done = self.run_to_end("--once", "--once.timeout=50ms", f"--config.file={self.slow_probes()}",
                               SCIDEX_PG_DSN=f"host=127.0.0.1 port={port}")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("not every server has a verdict yet", done.stderr)
        self.assert_for_node_exporter(done.stdout)

    def slow_probes(self):
        path = self.folder / "slow.yaml"
        path.write_text("probe: {timeout: 1h}\nshutdown_timeout: 100ms\n")
        return path

    def test_runs_no_queries(self):
        config = self.folder / "exporter.yaml"
        config.write_text("primary: {dsn: host=127.0.0.1 port=1}\nqueries:\n  - {name: heavy, from: primary, interval: 1s, "
                          "sql: SELECT 1 AS one, values: [{column: one, metric: app_one, help: One.}]}\n")
        done = self.run_to_end("--once", "--once.timeout=1h", "--log.level=error", f"--config.file={config}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("heavy", done.stdout)

    def test_needs_no_port(self):
        first = exporter.Exporter(self.addCleanup, self.folder, PGHOST=str(self.folder))
        first.start()
        done = self.run_to_end("--once", f"--web.listen-address={first.address}")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_faults_of_what_it_does_not_use_do_not_matter(self):
        web = self.folder / "web.yaml"
        web.write_text("nonsense\n")
        config = self.folder / "exporter.yaml"
        config.write_text(f"web: {{config_file: {web}, listen_addresses: [no-such-host.invalid:1]}}\n"
                          f"textfile: {{path: {self.folder}/none/pools.prom}}\n")
        done = self.run_to_end("--once", "--once.timeout=1h", "--log.level=error", f"--config.file={config}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_for_node_exporter(done.stdout)

    def test_output_that_is_full_or_closed_is_an_error(self):
        for flag, output in (("--once", ">/dev/full"), ("--once", ">&-"), ("--help", ">/dev/full"), ("--version", ">&-")):
            with self.subTest(flag=flag, output=output):
                done = subprocess.run(["sh", "-c", f'exec "$0" {flag} {output}', self.program],
                                      env=exporter.environment(PGHOST=str(self.folder)), stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, text=True, timeout=servers.DEADLINE_SECONDS)
                self.assertEqual(done.returncode, 1)
                self.assertIn("cannot write to standard output", done.stderr)


class Textfile(WithoutAPort):
    def start(self, *flags, path=None, before=()):
        """Without a port. The file is written every second."""
        command = [*before, self.program, "--web.listen-address=", f"--textfile.path={path or self.file}",
                   "--textfile.interval=1s", *flags]
        return servers.start(self.addCleanup, command, self.log, exporter.environment(PGHOST=str(self.folder)))

    def await_file(self, process, what, holds, path=None):
        """The metrics in the file, once holds(metrics) is true."""
        path = path or self.file

        def attempt():
            text = path.read_text()
            return text if holds(metrics_of(text)) else None
        return servers.poll_of(process, what, attempt, self.log)

    def names(self):
        return sorted(path.name for path in self.folder.iterdir() if path != self.log)

    def test_file_is_replaced_and_fit_for_node_exporter(self):
        process = self.start()
        text = self.await_file(process, "third file", lambda m: m[WRITES] >= 3)
        metrics = self.assert_for_node_exporter(text)
        self.assertEqual(metrics[FAILURES], 0)
        self.assertLess(abs(metrics[WRITTEN] - self.file.stat().st_mtime), servers.DEADLINE_SECONDS)
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o644)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=servers.DEADLINE_SECONDS), 0)
        self.assertEqual(self.names(), ["pools.prom"])

    def test_nothing_listens(self):
        process = self.start()
        self.await_file(process, "file", lambda m: True)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=servers.DEADLINE_SECONDS), 0)
        self.assertNotIn("msg=\"listening\"", self.log.read_text())

    def test_two_writers_of_one_file_take_turns(self):
        both = [self.start(), self.start()]
        for process in both:
            for count in (2, 4):
                text = self.await_file(process, "whole file", lambda m, count=count: m.get(WRITES, 0) >= count)
                self.assert_for_node_exporter(text)
        for process in both:
            process.terminate()
            process.wait(timeout=servers.DEADLINE_SECONDS)
        self.assertEqual(self.names(), ["pools.prom"])

    def test_full_disk_leaves_the_file_before_it_and_is_counted(self):
        folder = self.folder / "small"
        folder.mkdir()
        address = f"127.0.0.1:{servers.free_port()}"
        # A separate disk, which the test accesses through the process.
        script = 'mount -t tmpfs -o size=256k tmpfs "$1"; shift; exec "$@"'
        process = self.start(f"--web.listen-address={address}", path=folder / "pools.prom",
                             before=(*namespaces.unshare("--mount"), "sh", "-ec", script, "sh", str(folder)))
        inside = pathlib.Path(f"/proc/{process.pid}/root{folder}")
        servers.poll_of(process, "program", lambda: servers.fetch(f"http://{address}/-/healthy"), self.log)
        self.await_file(process, "file", lambda m: m[WRITES] >= 2, inside / "pools.prom")
        with open(inside / "full", "wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(b"x" * 4096)
        scraped = servers.poll_of(process, "failure that is counted", lambda: self.with_failures(address), self.log)
        before = metrics_of((inside / "pools.prom").read_text())
        self.assertEqual(before[FAILURES], 0)
        self.assertEqual(before[WRITTEN], scraped[WRITTEN])
        self.assertEqual(sorted(path.name for path in inside.iterdir()), ["full", "pools.prom"])
        (inside / "full").unlink()
        self.await_file(process, "new file", lambda m: m[FAILURES] > 0, inside / "pools.prom")
        servers.poll("line in the log", lambda: "the textfile is written again" in self.log.read_text(), self.log)
        log = self.log.read_text()
        self.assertEqual(log.count("the textfile cannot be written"), 1, log)
        self.assertIn("No space left on device", log)
        self.assertEqual(log.count("the textfile is written again"), 1, log)

    @staticmethod
    def with_failures(address):
        metrics = metrics_of(servers.fetch(f"http://{address}/metrics").decode())
        return metrics if metrics[FAILURES] >= 2 else None

    def test_start_without_a_place_for_the_file_is_refused(self):
        for path, why in ((self.folder / "missing" / "pools.prom", "No such file or directory"),
                          (self.folder / "pools.txt", "does not end in .prom"), (self.folder, "does not end in .prom")):
            for more in ((), ("--config.check",)):
                done = self.run_to_end(f"--textfile.path={path}", "--web.listen-address=127.0.0.1:0", *more)
                self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)
                self.assertIn("scidex_pg_exporter: --textfile.path: ", done.stderr)
                self.assertIn(why, done.stderr)

    def test_start_without_any_output_is_refused(self):
        for more in ((), ("--config.check",)):
            done = self.run_to_end("--web.listen-address=", *more)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the metrics would not be published", done.stderr)


if __name__ == "__main__":
    unittest.main()
