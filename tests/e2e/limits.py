#!/usr/bin/env python3
"""A lack of file descriptors, threads or memory, or a blocked standard error, stops nothing and is not evidence about a
server. Real servers, the release binary, limits set by prlimit.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter limits.py
"""

import contextlib
import fcntl
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import replicated  # noqa: E402
import scraper  # noqa: E402
import servers  # noqa: E402

# Sessions have short lives, so that new ones are needed all the time.
CONFIGURATION = """
primary: {{dsn: {primary}}}
replica: {{dsn: {replica}}}
pools:
  primary: {{max_lifetime: 1s, backoff_cap: 1s}}
  ro: {{max_lifetime: 1s, backoff_cap: 1s}}
probe: {{interval: 200ms, canary_interval: 1s}}
"""
# The limit of threads counts all processes of a user, and does not apply to root.
USER_OF_ITS_OWN = 54321
ROUTE = "scidex_pg_pool_ro_routes_to"


class Limits(replicated.ReplicatedTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)
        self.config = self.folder / "exporter.yaml"
        self.configure()

    def configure(self, more=""):
        self.config.write_text(CONFIGURATION.format(primary=self.primary.dsn, replica=self.replica.dsn) + more)

    def start(self, *flags, before="", **variables):
        """The exporter, started by a shell that first runs `before`."""
        wrapper = self.folder / "exporter"
        wrapper.write_text(f'#!/bin/sh\n{before}\nexec "{os.environ["SCIDEX_EXPORTER"]}" "$@"\n')
        wrapper.chmod(0o755)
        self.own = exporter.Exporter(self.addCleanup, self.folder, f"--config.file={self.config}", *flags,
                                     program=str(wrapper), **variables)
        self.own.start()
        self.scraper = scraper.Scraper(self.own.address)
        self.addCleanup(self.scraper.close)
        self.await_metrics("route to the replica", lambda m: m[ROUTE] == 1)

    def await_metrics(self, what, holds):
        def attempt():
            self.assertIsNone(self.own.process.poll(), f"the exporter has ended: {self.own.log.read_text()}")
            metrics = self.scraper.metrics()
            return metrics if holds(metrics) else None
        return servers.poll(what, attempt, self.own.log)

    # The prefix of commands that run as the exporter's user, who may always set its limits.
    as_its_user = ()

    @contextlib.contextmanager
    def limit(self, name, soft):
        """Sets the exporter's limit, by its name for prlimit(1), for the duration of the context."""
        def call(*arguments):
            command = [*self.as_its_user, "prlimit", f"--pid={self.own.process.pid}", *arguments]
            return subprocess.run(command, check=True, capture_output=True, text=True,
                                  timeout=servers.DEADLINE_SECONDS).stdout.strip()
        before = call(f"--{name}", "--output=SOFT", "--noheadings", "--raw")
        call(f"--{name}={soft}:")
        try:
            yield
        finally:
            if self.own.process.poll() is None:
                call(f"--{name}={before}:")

    def failures(self, metrics, of):
        return metrics[f'scidex_pg_exporter_local_failures_total{{resource="{of}"}}']

    def probes(self, metrics):
        return metrics['scidex_pg_exporter_task_runs_total{task="probe"}']

    def transitions(self, metrics):
        return sum(value for name, value in metrics.items() if name.startswith("scidex_pg_pool_ro_route_transitions_total"))

    def await_probes(self, count):
        before = self.probes(self.scraper.metrics())
        return self.await_metrics(f"{count} probes", lambda m: self.probes(m) >= before + count)

    def assert_route_was_kept(self, metrics):
        self.assertEqual((metrics[ROUTE], self.transitions(metrics)), (1, 0))


class Descriptors(Limits):
    def test_silent_clients_under_a_low_limit_end_nothing(self):
        self.start(before="ulimit -n 512")
        host, port = self.own.address.split(":")
        with contextlib.ExitStack() as clients:
            for _ in range(600):
                clients.enter_context(socket.create_connection((host, port), timeout=servers.DEADLINE_SECONDS))
            self.assert_route_was_kept(self.await_probes(10))
        metrics = self.await_probes(10)
        self.assert_route_was_kept(metrics)
        self.assertEqual(self.failures(metrics, "descriptors"), 0)

    def test_start_with_few_descriptors_fails_and_says_so(self):
        command = f'ulimit -n "$1"; exec "{os.environ["SCIDEX_EXPORTER"]}" --web.listen-address=127.0.0.1:0'
        for limit in (5, 8, 12, 20, 40, 80):
            with self.subTest(limit=limit):
                done = subprocess.run(["sh", "-c", command, "sh", str(limit)], env=exporter.environment(),
                                      capture_output=True, text=True, timeout=servers.DEADLINE_SECONDS)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr.splitlines()[-1],
                                 "^scidex_pg_exporter: .*([Dd]escriptor|open files|Too many)")

    def test_check_says_what_a_start_would_lack(self):
        command = f'ulimit -n 80; exec "{os.environ["SCIDEX_EXPORTER"]}" --config.check'
        done = subprocess.run(["sh", "-c", command], env=exporter.environment(), capture_output=True, text=True,
                              timeout=servers.DEADLINE_SECONDS)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, "^scidex_pg_exporter: the limit of open files is 80, and the configuration needs")

    def test_no_file_takes_the_place_of_closed_standard_error(self):
        for closed in ("2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed=closed):
                self.start("--log.level=debug", before=f"exec {closed}")
                self.await_probes(5)
                files = pathlib.Path(f"/proc/{self.own.process.pid}/fd")
                self.assertEqual(os.readlink(files / "2"), "/dev/null")
                self.own.stop()

    def test_without_any_left_nothing_ends_and_the_route_stays(self):
        self.start()
        with self.limit("nofile", 3):
            metrics = self.await_metrics("failures", lambda m: self.failures(m, "descriptors") >= 10)
            self.assert_route_was_kept(metrics)
            self.assert_route_was_kept(self.await_probes(10))
        metrics = self.await_metrics("new sessions", lambda m: m["scidex_pg_pool_ro_size"] >= 2)
        self.assert_route_was_kept(metrics)
        # Probes that this machine cannot run do not count as failed.
        self.assertEqual(sum(v for n, v in metrics.items() if n.startswith("scidex_pg_pool_probe_failures_total")), 0)

    def test_a_primary_session_opens_once_descriptors_are_available(self):
        self.start()
        lost = "scidex_pg_pool_size"
        with self.limit("nofile", 3):
            self.await_metrics("sessions ended by max_lifetime", lambda m: m[lost] == 0)
        self.await_metrics("sessions", lambda m: m[lost] == 2)

    def test_reload_without_any_left_is_refused_and_the_next_one_accepted(self):
        self.start()
        loaded = "scidex_pg_exporter_config_last_reload_successful"
        self.configure("pool_logger: {interval: 60s}\n")
        with self.limit("nofile", 3):
            self.own.process.send_signal(signal.SIGHUP)
            self.await_metrics("refused reload", lambda m: m[loaded] == 0)
            self.assert_route_was_kept(self.await_probes(5))
        self.own.process.send_signal(signal.SIGHUP)
        self.await_metrics("reload", lambda m: m[loaded] == 1)
        self.assert_route_was_kept(self.await_probes(5))


class Threads(Limits):
    def start(self, *flags, **variables):
        before = ""
        if os.geteuid() == 0:
            # The shell already runs as that user when it opens the log.
            binary = self.folder / "scidex_pg_exporter"
            binary.write_bytes(pathlib.Path(os.environ["SCIDEX_EXPORTER"]).read_bytes())
            binary.chmod(0o755)
            self.as_its_user = ("setpriv", f"--reuid={USER_OF_ITS_OWN}", "--clear-groups")
            before = f'exec {" ".join(self.as_its_user)} --pdeathsig=KILL "{binary}" "$@"'
        super().start(*flags, before=before, **variables)

    def test_without_any_left_probes_go_on_and_the_route_follows(self):
        self.start()
        with self.limit("nproc", 1):
            self.assert_route_was_kept(self.await_probes(20))
            self.replica.stop()
            self.await_metrics("route to the primary", lambda m: m[ROUTE] == 2)
            self.replica.start()
            self.await_metrics("route to the replica", lambda m: m[ROUTE] == 1)
        self.await_metrics("sessions", lambda m: m["scidex_pg_pool_ro_size"] >= 2)

    def test_stop_without_any_left_is_graceful(self):
        self.start()
        with self.limit("nproc", 1):
            self.own.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.own.process.wait(timeout=servers.DEADLINE_SECONDS), 0, self.own.log.read_text())

    def test_reload_without_any_left_leaves_every_probe_running(self):
        self.start()
        with self.limit("nproc", 1):
            hash_before = self.scraper.metrics()["scidex_pg_exporter_config_hash"]
            self.configure("query_sets: [connections]\n")
            self.config.write_text(self.config.read_text().replace("interval: 200ms", "interval: 100ms"))
            self.own.process.send_signal(signal.SIGHUP)
            self.await_metrics("new configuration", lambda m: m["scidex_pg_exporter_config_hash"] != hash_before)
            self.assert_route_was_kept(self.await_probes(20))
            for pool in ("primary", "ro", "ro_fallthrough"):
                series = f'scidex_pg_pool_probe_last_run_timestamp_seconds{{pool="{pool}"}}'
                last = self.scraper.metrics()[series]
                self.await_metrics(f"probe of {pool}", lambda m, s=series, before=last: m[s] > before)


class Memory(Limits):
    def test_clients_with_incomplete_heads_end_nothing(self):
        self.start()
        host, port = self.own.address.split(":")
        head = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000
        status = pathlib.Path(f"/proc/{self.own.process.pid}/status")
        for _ in range(3):
            size = int(re.search(r"VmData:\s+(\d+)", status.read_text()).group(1)) * 1024
            with contextlib.ExitStack() as clients, self.limit("data", size):
                for _ in range(4):
                    burst = [clients.enter_context(socket.socket()) for _ in range(50)]
                    for client in burst:
                        client.setblocking(False)
                        client.connect_ex((host, int(port)))
                    for client in burst:
                        with contextlib.suppress(OSError):
                            client.send(head)
                    # It may be unable to answer now, but not after the limit was restored.
                    with contextlib.suppress(OSError, http.client.HTTPException):
                        servers.fetch(f"{self.own.url}-/healthy")
                    self.assertIsNone(self.own.process.poll(), self.own.log.read_text()[-2000:])
            self.assert_route_was_kept(self.await_probes(2))


class StandardError(Limits):
    def start_on_pipe(self, *flags):
        """Starts the exporter with a full pipe as its standard error; keeps the end for reading."""
        self.reader, writer = os.pipe()
        self.addCleanup(lambda: os.close(self.reader))
        fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        fcntl.fcntl(writer, fcntl.F_SETFL, 0)
        self.own = exporter.Exporter(self.addCleanup, self.folder, f"--config.file={self.config}", *flags)
        self.own.log.write_text("its log is a pipe\n")
        self.own.process = subprocess.Popen(
            [os.environ["SCIDEX_EXPORTER"], f"--web.listen-address={self.own.address}", *self.own.flags],
            stdin=subprocess.DEVNULL, stderr=writer, env=self.own.environment)
        self.addCleanup(self.own.process.wait)
        self.addCleanup(self.own.process.kill)
        os.close(writer)
        servers.poll("readiness", lambda: servers.fetch(f"{self.own.url}-/ready"))
        self.scraper = scraper.Scraper(self.own.address)
        self.addCleanup(self.scraper.close)
        self.await_metrics("route to the replica", lambda m: m[ROUTE] == 1)

    def test_that_blocks_delays_neither_route_nor_scrape_nor_shutdown(self):
        self.start_on_pipe("--log.level=debug")
        self.replica.stop()
        self.await_metrics("route to the primary", lambda m: m[ROUTE] == 2)
        self.replica.start()
        self.await_metrics("route to the replica", lambda m: m[ROUTE] == 1)
        self.own.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.own.process.wait(timeout=servers.DEADLINE_SECONDS), 0)

    def test_that_unblocks_gets_the_kept_lines_and_the_number_of_drops(self):
        dropped = "scidex_pg_exporter_log_messages_dropped_total"
        self.start_on_pipe("--log.level=debug")
        host, port = self.own.address.split(":")

        def fill():
            # Each of these logs a message at debug level.
            for _ in range(200):
                with socket.create_connection((host, port)) as client:
                    client.sendall(b"GET /")
            return self.scraper.metrics()[dropped] > 0
        servers.poll("dropped messages", fill)
        text = b""
        with open(self.reader, "rb", buffering=0, closefd=False) as pipe:
            while not re.search(rb'level=warn msg="log messages dropped" count=[1-9][0-9]*\n', text):
                text += pipe.read(65536)
        lines = [line for line in text.decode().splitlines() if "ts=" in line]
        # Of one thread. Between two, the clock may be read in another order than the queue is reached.
        times = [re.search(r"ts=(\S+)", line).group(1) for line in lines if "http client was dropped" in line]
        self.assertGreater(len(times), 100)
        self.assertEqual(times, sorted(times))

    def test_whose_reader_is_gone_before_the_start_ends_nothing(self):
        reader, writer = os.pipe()
        os.close(reader)
        for flags, code in ((["--config.check", f"--config.file={self.config}"], 0), (["--no-such-flag"], 1)):
            done = subprocess.run([os.environ["SCIDEX_EXPORTER"], *flags], env=exporter.environment(), stderr=writer,
                                  stdout=subprocess.DEVNULL, timeout=servers.DEADLINE_SECONDS)
            self.assertEqual(done.returncode, code)
        os.close(writer)
        self.start(before="exec 2>/dev/full")
        self.assert_route_was_kept(self.await_probes(5))
        self.await_metrics("lost messages", lambda m: m["scidex_pg_exporter_log_messages_dropped_total"] > 0)

    def test_gets_one_line_about_a_password_file_that_libpq_ignores(self):
        passwords = self.folder / "pgpass"
        passwords.write_text("*:*:*:*:secret\n")
        passwords.chmod(0o644)
        self.start(PGPASSFILE=str(passwords))
        self.await_probes(20)
        servers.poll("line in the log", lambda: "password file" in self.own.log.read_text(), self.own.log)
        lines = self.own.log.read_text().splitlines()
        self.assertEqual([line for line in lines if "level=" not in line], [])
        about = [line for line in lines if "password file" in line]
        self.assertEqual(len(about), 1, about)
        self.assertIn(f'file={passwords} reason="users other than its owner may access it; set its mode to 0600"', about[0])


if __name__ == "__main__":
    unittest.main()
