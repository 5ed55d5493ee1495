#!/usr/bin/env python3
"""What the exporter tells its service manager, which this test plays: when it serves, where reads go, when it reloads and
stops, and that it makes progress. Real servers, the release binary.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter service_manager.py
"""

import contextlib
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import notify  # noqa: E402
import postgres  # noqa: E402
import servers  # noqa: E402

CONFIGURATION = "primary: {{dsn: {primary}}}\nreplica: {{dsn: {replica}}}\nprobe: {{interval: 200ms}}\n"
NOWHERE = "host=127.0.0.1 port=1"


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def asks(pid):
    """Whether `--config.reload` has sent its request: after main() has blocked SIGHUP, it sleeps only in the wait."""
    status = status_of(pid)
    return status["State"].startswith("S") and int(status["SigBlk"], 16) >> (signal.SIGHUP - 1) & 1


class ServiceManagerCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "exporter.yaml"
        self.manager = notify.ServiceManager(self.addCleanup, self.folder)

    def start(self, primary, replica, **variables):
        """Starts the exporter without waiting."""
        self.config.write_text(CONFIGURATION.format(primary=primary, replica=replica))
        self.own = exporter.Exporter(self.addCleanup, self.folder, f"--config.file={self.config}",
                                     NOTIFY_SOCKET=self.manager.address, **variables)
        self.own.process = servers.start(
            self.addCleanup, [self.own.program, f"--web.listen-address={self.own.address}", *self.own.flags], self.own.log,
            self.own.environment)

    def ask_to_reload(self, pid):
        return subprocess.run([self.own.program, f"--config.reload={pid}"], capture_output=True, text=True,
                              timeout=servers.DEADLINE_SECONDS)


class WithoutServers(ServiceManagerCase):
    def start(self, **variables):
        super().start(NOWHERE, NOWHERE, **variables)
        self.assertEqual(self.manager.await_message("something", lambda message: True), {"READY": "1"})

    def test_ready_is_reported_once_it_listens_without_any_database(self):
        self.start()
        self.assertEqual(servers.fetch(f"{self.own.url}-/healthy"), b"healthy\n")
        self.manager.await_status("route=primary_fallthrough reason=connect_refused")

    def test_ready_is_not_reported_if_the_port_is_in_use(self):
        self.start()
        second = subprocess.run([self.own.program, f"--web.listen-address={self.own.address}"], env=self.own.environment,
                                capture_output=True, text=True, timeout=servers.DEADLINE_SECONDS)
        self.assertEqual(second.returncode, 1)
        self.own.stop()
        self.manager.await_assignment("STOPPING")
        self.assertEqual(sum("READY" in message for message in self.manager.received), 1)

    def test_shutdown_is_reported_after_each_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.start()
            self.own.process.send_signal(number)
            self.manager.await_assignment("STOPPING")
            self.assertEqual(self.own.process.wait(timeout=servers.DEADLINE_SECONDS), 0)

    def test_reload_by_signal_is_reported_at_its_beginning_and_end(self):
        self.start()
        asked = time.monotonic_ns() // 1000
        self.own.process.send_signal(signal.SIGHUP)
        begun = self.manager.await_assignment("RELOADING")
        self.assertGreaterEqual(int(begun["MONOTONIC_USEC"]), asked)
        self.manager.await_assignment("READY")

    def test_awaited_reload_ends_once_it_was_reported(self):
        self.start()
        done = self.ask_to_reload(self.own.process.pid)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "reloaded\n", ""))
        # All of it has been reported already: there is nothing to wait for.
        self.manager.socket.settimeout(0)
        self.manager.await_assignment("RELOADING")
        self.manager.await_assignment("READY")

    def stop_with_a_pending_signal(self):
        """Any further SIGHUP is lost until the exporter continues."""
        pid = self.own.process.pid
        self.own.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.own.process.send_signal, signal.SIGCONT)
        servers.poll("the stop", lambda: status_of(pid)["State"].startswith("T"))
        self.own.process.send_signal(signal.SIGHUP)

    def start_asker(self):
        """Returns once it waits for the answer."""
        asker = subprocess.Popen([self.own.program, f"--config.reload={self.own.process.pid}"], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.addCleanup(asker.communicate)
        self.addCleanup(asker.kill)
        servers.poll("the wait for an answer", lambda: asks(asker.pid))
        return asker

    def test_reload_is_awaited_although_its_signal_was_lost(self):
        self.start()
        self.stop_with_a_pending_signal()
        askers = [self.start_asker(), self.start_asker()]
        self.own.process.send_signal(signal.SIGCONT)
        for asker in askers:
            out, error = asker.communicate(timeout=servers.DEADLINE_SECONDS)
            self.assertEqual((asker.returncode, out, error), (0, "reloaded\n", ""))

    def test_refused_reload_is_reported_and_fails_the_caller_that_waits(self):
        self.start()
        self.config.write_text("primary: {dns: x}\n")
        done = self.ask_to_reload(self.own.process.pid)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("the configuration was refused", done.stderr)
        self.manager.await_assignment("RELOADING")
        self.manager.await_assignment("READY")
        self.manager.await_status("the latest configuration was refused")

    def test_no_other_program_is_asked_to_reload(self):
        self.start()
        other = servers.start(self.addCleanup, ["sleep", "1000"], self.folder / "sleep.log")
        servers.poll("another program", lambda: pathlib.Path(f"/proc/{other.pid}/comm").read_text() == "sleep\n")
        done = self.ask_to_reload(other.pid)
        self.assertEqual((done.returncode, done.stderr),
                         (1, f"scidex_pg_exporter: process {other.pid} is not a scidex_pg_exporter\n"))
        self.assertIsNone(other.poll())

    def test_watchdog_is_fed_repeatedly(self):
        self.start(WATCHDOG_USEC="4000000")
        for _ in range(3):
            self.manager.await_assignment("WATCHDOG")

    def scrapes_during_a_reload(self):
        asker = self.start_asker()
        scrapes = 0
        while asker.poll() is None:
            servers.fetch(f"{self.own.url}metrics")
            scrapes += 1
        self.assertEqual(asker.returncode, 0)
        return scrapes

    def test_scrapes_do_not_wait_for_a_busy_service_manager(self):
        self.start()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, contextlib.suppress(BlockingIOError):
            other.setblocking(False)
            while True:
                other.sendto(b"", self.manager.address)
        # If each of the two notifications delays them, there are at most a few.
        servers.poll("reload with several scrapes", lambda: self.scrapes_during_a_reload() > 20)

    def test_service_manager_that_has_gone_ends_nothing(self):
        self.start()
        self.manager.socket.close()
        done = self.ask_to_reload(self.own.process.pid)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.own.stop()
        self.assertEqual(self.own.process.returncode, 0)


class OnServers(ServiceManagerCase):
    def test_status_follows_the_route(self):
        primary, replica = postgres.start_primary_and_replica(self.addCleanup)
        self.start(primary.dsn, replica.dsn)
        self.manager.await_status("ready route=replica reason=ok")
        replica.stop()
        self.manager.await_status("ready route=primary_fallthrough reason=connect_refused")
        replica.start()
        self.manager.await_status("ready route=replica reason=ok")


if __name__ == "__main__":
    unittest.main()
