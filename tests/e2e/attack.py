#!/usr/bin/env python3
"""The exporter under attack: while hostile clients do their worst, health checks and scrapes are answered, and memory stays
bounded. Prints the measurements. SCIDEX_TEST_LONG=1 attacks for longer, and also attacks Debian's
prometheus-postgres-exporter for comparison.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter attack.py
"""

import concurrent.futures
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import attacks  # noqa: E402
import exporter  # noqa: E402
import probe  # noqa: E402
import replicated  # noqa: E402
import servers  # noqa: E402

# A sanitizer needs additional memory.
SANITIZED = "san.so" in subprocess.run(["ldd", os.environ["SCIDEX_EXPORTER"]], capture_output=True, text=True).stdout
LONG = os.environ.get("SCIDEX_TEST_LONG") == "1"
SECONDS = 15 if LONG else 2.5
# The limit of open files, for this exporter and the other one.
FILES = 512
# For a machine with other load. On two idle cores a health check takes at most 0.1 s, a scrape at most 0.5 s.
MOST_SECONDS = 15
MOST_MIB = 150
# An exposition of more than a megabyte.
BIG = """
queries:
  - name: big
    from: primary
    interval: 1s
    max_series: 9000
    sql: SELECT repeat('x', 100) || i AS name, i AS value FROM generate_series(1, 9000) AS i
    labels: [name]
    values:
      - {column: value, metric: app_big, help: "Many series."}
"""


class Target:
    """A server under attack."""

    def __init__(self, name, process, log, port, health, tls=None):
        self.name, self.process, self.log, self.port, self.tls = name, process, log, port, tls
        self.paths = {"health": health, "scrape": "/metrics"}

    def inner_ports(self):
        """The other ports on which the process listens."""
        inodes = set()
        for file in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                inodes.add(os.readlink(file))
            except FileNotFoundError:
                pass
        ports = set()
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                ports.add(int(fields[1].split(":")[1], 16))
        return ports - {self.port}

    def resident_mib(self):
        """0 once it has ended."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024 if "VmRSS:" in status else 0


class Attack(replicated.ReplicatedTestCase):
    rows = []

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="scidex-e2e-")))
        cls.config = cls.folder / "exporter.yaml"
        cls.config.write_text(f"primary: {{dsn: {cls.primary.dsn}}}\nreplica: {{dsn: {cls.replica.dsn}}}\n{BIG}")

    @classmethod
    def tearDownClass(cls):
        print("\n| attack | server | health worst ms | failed | scrape worst ms | failed | resident MiB above rest |\n"
              "|---|---|--:|--:|--:|--:|--:|", file=sys.stderr)
        print("\n".join(cls.rows), file=sys.stderr)

    def exporter(self, *flags, tls=None):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        own = exporter.Exporter(self.addCleanup, folder, f"--config.file={self.config}", *flags)
        command = [os.environ["SCIDEX_EXPORTER"], f"--web.listen-address={own.address}", *own.flags]
        process = servers.start(self.addCleanup, ["prlimit", f"--nofile={FILES}", *command], own.log, own.environment)
        target = Target("the exporter", process, own.log, int(own.address.split(":")[1]), "/-/healthy", tls)
        servers.poll("large exposition",
                     lambda: len(probe.ask(target.port, "/metrics", target.tls, timeout=5).body) > 1_000_000, own.log)
        return target

    def other_exporter(self):
        port = servers.free_port()
        log = self.folder / "other.log"
        process = servers.start(
            self.addCleanup,
            ["prlimit", f"--nofile={FILES}", "/usr/bin/prometheus-postgres-exporter",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
            log, exporter.environment(DATA_SOURCE_NAME=f"{self.primary.dsn}?sslmode=disable"))
        target = Target("prometheus-postgres-exporter", process, log, port, "/")
        servers.poll("start", lambda: probe.ask(port, "/", None, timeout=5).status == 200, log)
        return target

    def attack(self, target, name):
        """Runs an attack, and sends requests meanwhile."""
        rest = target.resident_mib()
        command = [sys.executable, "-B", attacks.__file__, name, str(target.port), str(SECONDS),
                   *map(str, target.inner_ports())]
        if name == "occupy_inner_port" and os.geteuid() == 0:
            command = ["setpriv", "--reuid=nobody", "--clear-groups", *command]
        process = subprocess.Popen(command)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            asked = {kind: pool.submit(probe.ask_while, lambda: process.poll() is None, target.port, path, target.tls,
                                       MOST_SECONDS)
                     for kind, path in target.paths.items()}
            most = rest
            while process.poll() is None:
                most = max(most, target.resident_mib())
                time.sleep(0.05)
            worst = {kind: one.result() for kind, one in asked.items()}
        self.rows.append(f"| {name} | {target.name} | " + " | ".join(
            f"{1000 * worst[kind].seconds:.0f} | {worst[kind].failed} of {worst[kind].asked}"
            for kind in ("health", "scrape")) + f" | {most - rest:.0f} |")
        self.assertIsNone(target.process.poll(), target.log.read_text(errors="replace")[-10_000:])
        return worst, most - rest

    def withstand(self, name, *flags, tls=None):
        target = self.exporter(*flags, tls=tls)
        worst, grown = self.attack(target, name)
        for kind in ("health", "scrape"):
            self.assertLess(worst[kind].seconds, MOST_SECONDS, kind)
        # Under overload some requests get 503; during handshake bursts some connections are closed to make room for others.
        if LONG:
            # The number of refused requests depends on the speed of the machine.
            self.assertLess(worst["health"].failed, 1 if tls is None else worst["health"].asked / 4, worst["health"].error)
            self.assertLess(worst["scrape"].failed, worst["scrape"].asked / 4, worst["scrape"].error)
        # It closes clients before the limit of open files is reached.
        self.assertNotIn("cannot be accepted", target.log.read_text(errors="replace"))
        if not SANITIZED:
            self.assertLess(grown, MOST_MIB)
        servers.poll("scrape after the attack",
                     lambda: probe.ask(target.port, "/metrics", target.tls, timeout=MOST_SECONDS).status == 200)
        # A sanitizer reports its findings at exit.
        target.process.terminate()
        self.assertEqual(target.process.wait(timeout=servers.DEADLINE_SECONDS), 0, target.log.read_text(errors="replace"))
        if LONG and tls is None:
            self.attack(self.other_exporter(), name)

    def test_clients_that_send_nothing(self):
        self.withstand("idle")

    def test_clients_that_send_slowly(self):
        self.withstand("slow_requests")

    def test_clients_that_do_not_read(self):
        self.withstand("never_read")

    def test_bursts_of_compressed_scrapes(self):
        self.withstand("compress")

    def test_clients_that_reset_their_connections(self):
        self.withstand("resets")

    def test_a_local_process_of_another_user(self):
        self.withstand("occupy_inner_port")

    def test_nothing_listens_behind_the_front_that_others_could_reach(self):
        self.assertEqual(self.exporter().inner_ports(), set())

    def test_bursts_of_tls_handshakes(self):
        for suffix, command in {"key": ["genrsa", "-out"],
                                "crt": ["req", "-new", "-x509", "-subj", "/CN=a", "-days", "1", "-key",
                                        self.folder / "tls.key", "-out"]}.items():
            length = ["4096"] if suffix == "key" else []
            subprocess.run(["openssl", *command, self.folder / f"tls.{suffix}", *length], check=True,
                           capture_output=True, timeout=servers.DEADLINE_SECONDS)
        file = self.folder / "web.yml"
        file.write_text("tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n")
        context = ssl.create_default_context(cafile=self.folder / "tls.crt")
        context.check_hostname = False
        self.withstand("handshakes", f"--web.config.file={file}", tls=context)


if __name__ == "__main__":
    unittest.main()
