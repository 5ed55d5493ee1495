#!/usr/bin/env python3
"""Configuration files that block or are empty: neither startup nor a reload waits for them for long, and neither accepts an
empty file.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter files.py
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import scraper  # noqa: E402
import servers  # noqa: E402

CONFIGURATION = "read_only: {fallthrough: never}\n"
# Empty documents in YAML.
EMPTY = ("", "\n", "# read_only: {fallthrough: never}\n", "---\n", "{}\n", "read_only:\n", "null\n")
RELOADED = "scidex_pg_exporter_config_last_reload_successful"
ROUTE = "scidex_pg_pool_ro_routes_to"


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "exporter.yaml"
        self.config.write_text(CONFIGURATION)

    def run_with(self, *flags):
        """The output of a startup that must fail."""
        ended = subprocess.run([os.environ["SCIDEX_EXPORTER"], *flags], text=True, capture_output=True,
                               env=exporter.environment(PGHOST=str(self.folder)), timeout=servers.DEADLINE_SECONDS)
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)
        return ended.stderr

    def start(self, *flags):
        process = exporter.Exporter(self.addCleanup, self.folder, f"--config.file={self.config}",
                                    "--web.enable-lifecycle", *flags, PGHOST=str(self.folder))
        process.process = servers.start(
            self.addCleanup, [process.program, f"--web.listen-address={process.address}", *process.flags], process.log,
            process.environment)
        servers.poll("start", lambda: servers.fetch(f"{process.url}-/healthy"), process.log)
        return process

    @staticmethod
    def reload(process):
        """Status and body of the response."""
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{process.url}-/reload", method="POST"),
                                        timeout=servers.DEADLINE_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    @staticmethod
    def metric(process, name):
        with contextlib.closing(scraper.Scraper(process.address)) as client:
            return client.metrics()[name]

    def replace_config(self, make):
        """Replaces the file as `mv` does."""
        new = self.folder / "new"
        make(new)
        new.rename(self.config)

    def test_device_or_folder_is_refused_at_startup(self):
        for path in ("/dev/zero", "/dev/ptmx", "/dev/null", str(self.folder)):
            for flag in ("--config.file", "--web.config.file"):
                with self.subTest(flag=flag, path=path):
                    self.assertIn(path, self.run_with(f"{flag}={path}"))

    def test_file_that_is_too_large_is_refused_at_startup(self):
        self.config.write_text(CONFIGURATION + "#" * (1 << 20))
        for flag in ("--config.file", "--web.config.file"):
            self.assertIn("is larger than 1 MiB", self.run_with(f"{flag}={self.config}"))

    def test_pipe_without_a_writer_times_out(self):
        os.mkfifo(self.folder / "pipe")
        self.assertIn("was not closed by its writer in time", self.run_with(f"--config.file={self.folder}/pipe"))
        self.assertIn("is not a regular file", self.run_with(f"--web.config.file={self.folder}/pipe"))

    def test_pipe_that_is_written_is_a_configuration(self):
        ended = subprocess.run(
            ["bash", "-c", '"$SCIDEX_EXPORTER" --config.check --config.file=<(printf "%s" "$CONFIGURATION")'], text=True,
            capture_output=True, env=os.environ | {"CONFIGURATION": CONFIGURATION}, timeout=servers.DEADLINE_SECONDS)
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def test_secret_that_all_users_can_read_is_a_warning(self):
        web = self.folder / "web.yaml"
        web.write_text("basic_auth_users:\n  prometheus: $2y$04$exRnqWuxTk7hQ5ttZuRdauQNNMWL5rO2ES6VjQQUCy6iZpNbD/PgC\n")
        self.config.write_text("primary: {dsn: host=db}\n")
        for mode, warnings in ((0o644, 1), (0o640, 0)):
            web.chmod(mode)
            self.config.chmod(mode)
            ended = subprocess.run([os.environ["SCIDEX_EXPORTER"], "--config.check", f"--config.file={self.config}",
                                    f"--web.config.file={web}"], text=True, capture_output=True,
                                   env=exporter.environment(), timeout=servers.DEADLINE_SECONDS)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            for path in (web, self.config):
                lines = [line for line in ended.stderr.splitlines() if str(path) in line and "chmod 0640" in line]
                self.assertEqual(len(lines), warnings, ended.stderr)

    def test_signal_ends_a_startup_that_waits(self):
        os.mkfifo(self.folder / "pipe")
        for number in (signal.SIGTERM, signal.SIGINT):
            process = subprocess.Popen([os.environ["SCIDEX_EXPORTER"], f"--config.file={self.folder}/pipe"], text=True,
                                       stderr=subprocess.PIPE, env=exporter.environment())
            with process:
                # The exporter has opened its end for reading: it waits for the test.
                with open(self.folder / "pipe", "w", encoding="utf-8"):
                    process.send_signal(number)
                    self.assertEqual(process.wait(timeout=servers.DEADLINE_SECONDS), -number)

    def test_empty_configuration_is_refused_at_startup(self):
        for text in EMPTY:
            with self.subTest(text=text):
                self.config.write_text(text)
                self.assertIn("sets nothing", self.run_with(f"--config.file={self.config}"))

    def test_empty_configuration_is_refused_by_a_reload(self):
        process = self.start()
        for text in EMPTY:
            with self.subTest(text=text):
                self.config.write_text(text)
                code, answer = self.reload(process)
                self.assertEqual(code, 500)
                self.assertIn("sets nothing", answer)
                self.assertEqual(self.metric(process, ROUTE), 3)
                self.assertEqual(self.metric(process, RELOADED), 0)
        self.config.write_text(CONFIGURATION)
        self.assertEqual(self.reload(process)[0], 200)

    def test_second_reload_at_a_time_is_a_conflict(self):
        process = self.start()
        self.replace_config(os.mkfifo)
        first = []
        reading = threading.Thread(target=lambda: first.append(self.reload(process)))
        reading.start()
        with open(self.config, "w", encoding="utf-8") as writer:
            code, answer = self.reload(process)
            self.assertEqual(code, 409, answer)
            self.assertIn("another reload is in progress", answer)
            writer.write(CONFIGURATION)
        reading.join()
        self.assertEqual(first[0][0], 200, first)

    def test_signal_during_a_reload_is_followed_by_another(self):
        process = self.start()
        self.replace_config(os.mkfifo)
        reading = threading.Thread(target=self.reload, args=(process,))
        reading.start()
        with open(self.config, "w", encoding="utf-8") as writer:
            process.process.send_signal(signal.SIGHUP)
            self.replace_config(lambda new: new.write_text(CONFIGURATION + "web: {max_requests: 17}\n"))
            writer.write(CONFIGURATION)
        reading.join()
        servers.poll("the signal's reload", lambda: "web.max_requests" in process.log.read_text(), process.log)

    def test_deeply_nested_file_does_not_end_the_process(self):
        # Some threads have small stacks, and the parser recurses.
        nested = "[" * 50_000 + "]" * 50_000 + "\n"
        web = self.folder / "web.yaml"
        web.write_text("http_server_config: {headers: {X-Frame-Options: deny}}\n")
        process = self.start(f"--web.config.file={web}")
        self.replace_config(lambda new: new.write_text("log: " + nested))
        status, body = self.reload(process)
        self.assertEqual((status, "is nested too deeply" in body), (500, True), body)
        web.write_text("basic_auth_users: " + nested)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            servers.fetch(f"{process.url}metrics")
        self.assertEqual(refused.exception.code, 500)
        self.assertIsNone(process.process.poll())

    def test_reload_from_a_device_is_refused(self):
        process = self.start()
        self.replace_config(lambda new: new.symlink_to("/dev/zero"))
        code, answer = self.reload(process)
        self.assertEqual(code, 500)
        self.assertIn("is neither a regular file nor a pipe", answer)
        self.assertEqual(self.metric(process, ROUTE), 3)


if __name__ == "__main__":
    unittest.main()
