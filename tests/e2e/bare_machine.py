#!/usr/bin/env python3
"""A machine without /proc or without a network at startup: the exporter starts, listens, and logs what is missing.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter bare_machine.py
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import namespaces  # noqa: E402
import servers  # noqa: E402


class BareMachine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        self.log = pathlib.Path(folder.name) / "exporter.log"
        self.port = servers.free_port()
        self.program = os.environ["SCIDEX_EXPORTER"]

    def start(self, address, before, **variables):
        return servers.start(self.addCleanup, [*before, self.program, f"--web.listen-address={address}"], self.log,
                             exporter.environment(**variables))

    def test_without_proc_it_serves_what_does_not_need_it(self):
        script = 'mount --make-private /proc; mount -t tmpfs tmpfs /proc; exec "$@"'
        process = self.start(f"127.0.0.1:{self.port}", [*namespaces.unshare("--mount"), "sh", "-ec", script, "sh"],
                             SCIDEX_PG_DSN="host=127.0.0.1 port=1")
        for _ in range(3):
            text = servers.poll_of(process, "metrics", lambda: servers.fetch(f"http://127.0.0.1:{self.port}/metrics"),
                                   self.log).decode()
            self.assertIn("\nscidex_pg_pool_ro_routes_to 2\n", text)
            self.assertIn("\nprocess_max_fds ", text)
            for absent in ("process_open_fds", "process_resident_memory_bytes", "process_cpu_seconds_total"):
                self.assertNotIn(absent, text)
        process.terminate()
        self.assertEqual(process.wait(timeout=servers.DEADLINE_SECONDS), 0)
        self.assertEqual(self.log.read_text().count("/proc"), 1)

    def test_without_a_network_it_listens_and_says_why_no_server_answers(self):
        process = self.start(f":{self.port}", namespaces.unshare("--net"), SCIDEX_PG_DSN="host=192.0.2.1", SCIDEX_PG_RO_DSN="host=db.invalid")

        def is_logged(*parts):
            lines = self.log.read_text().splitlines()
            return any(all(part in line for part in parts) for line in lines)
        servers.poll_of(process, "line in the log", lambda: is_logged("listening", str(self.port)), self.log)
        servers.poll_of(process, "line on the primary",
                        lambda: is_logged("server provides no session", "pools=primary,", "Network is unreachable"),
                        self.log)
        servers.poll_of(process, "line on the replica",
                        lambda: is_logged("does not answer", "pools=ro ", "reason=name_not_resolved"), self.log)
        # The network becomes available.
        inside = ["nsenter", f"--target={process.pid}", "--net", *(() if os.geteuid() == 0 else ("--user",))]
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        done = subprocess.run([*inside, self.program, f"--web.listen-address=:{self.port}", "--probe.ready"],
                              capture_output=True, text=True, timeout=servers.DEADLINE_SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("route=primary_fallthrough reason=name_not_resolved", done.stdout)


if __name__ == "__main__":
    unittest.main()
