#!/usr/bin/env python3
"""./dev demo shows what it promises, and leaves nothing behind, no matter how it ends.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter demo.py
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import servers  # noqa: E402


class Demo(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)  # The servers' user needs access to its contents.
        self.log = self.folder.with_suffix(".log")
        self.addCleanup(self.log.unlink)

    def start(self, *flags):
        return servers.start(self.addCleanup,
                             [sys.executable, "-B", str(ROOT / "packaging" / "dev" / "demo.py"), *flags], self.log,
                             os.environ | {"TMPDIR": str(self.folder)})

    def assert_nothing_is_left(self):
        """No file is left, and no process whose command line names the folder; those that initdb had started end when they
        notice that it has."""
        servers.poll("end of all processes", lambda: not subprocess.run(
            ["pgrep", "--full", str(self.folder)], capture_output=True, timeout=servers.DEADLINE_SECONDS).stdout)
        self.assertEqual(list(self.folder.iterdir()), [])

    def output(self):
        return self.log.read_text()

    def test_it_runs_to_its_end(self):
        demo = self.start("--once")
        self.assertEqual(demo.wait(timeout=servers.DEADLINE_SECONDS), 0, self.output())
        for expected in (r"status page +http://127\.0\.0\.1:\d+/", r"Prometheus +http://", r"Alertmanager +http://",
                         "ro_routes_to is 1", "stopping the replica", "ro_routes_to is 2, primary_fallthrough, because of",
                         "a ticket arrives: ScidexPgPoolRoFallthrough", "starting the replica again",
                         "to the replica again", "ScidexPgPoolRoFallthrough is resolved"):
            self.assertTrue(re.search(expected, self.output()), f"{expected} is not in:\n{self.output()}")
        self.assert_nothing_is_left()

    def test_it_can_be_ended_at_any_time(self):
        for when, number in (("starting a PostgreSQL", signal.SIGTERM), ("starting the exporter", signal.SIGHUP),
                             ("stopping the replica", signal.SIGINT)):
            with self.subTest(when=when):
                demo = self.start()
                servers.poll(when, lambda: when in self.output(), self.log)
                demo.send_signal(number)
                self.assertEqual(demo.wait(timeout=servers.DEADLINE_SECONDS), 128 + number, self.output())
                self.assert_nothing_is_left()


if __name__ == "__main__":
    unittest.main()
