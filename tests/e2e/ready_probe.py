#!/usr/bin/env python3
"""scidex_pg_exporter --probe.ready queries a running exporter, as container engines and service managers do: over HTTP and
TLS, with and without users, on each kind of address. The release binary, without servers.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter ready_probe.py
"""

import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import notify  # noqa: E402
import servers  # noqa: E402

# Without a replica, so that reads fall through from the start.
CONFIGURATION = "primary: {dsn: host=127.0.0.1 port=1}\n"
READY = "ready route=primary_fallthrough reason=replica_not_configured\n"
USERS = "basic_auth_users:\n  prometheus: $2y$04$exRnqWuxTk7hQ5ttZuRdauQNNMWL5rO2ES6VjQQUCy6iZpNbD/PgC\n"
SILENT = "replica: {dsn: host=127.0.0.1 port=%d}\nprobe: {timeout: %s}\n"
UNDECIDED = "not ready: no verdict on the replica yet route=primary_fallthrough reason=starting_up\n"
TLS = "tls_server_config: {cert_file: exporter.crt, key_file: exporter.key}\n"


class ReadyProbe(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "exporter.yaml"
        self.config.write_text(CONFIGURATION)
        self.flags = [f"--config.file={self.config}"]

    def launch(self, host="127.0.0.1", port=None, **variables):
        self.own = exporter.Exporter(self.addCleanup, self.folder, *self.flags, **variables)
        self.port = port or servers.free_port()
        self.flags.append(f"--web.listen-address={host}:{self.port}")
        self.own.process = servers.start(self.addCleanup, [self.own.program, *self.flags], self.own.log,
                                         self.own.environment)

    def start(self, host="127.0.0.1", port=None):
        """Launches the exporter and waits until the probe reports that it is ready."""
        self.launch(host, port)
        servers.poll_of(self.own.process, "readiness", lambda: self.probe()[0] == 0, self.own.log)

    def launch_with_silent_replica(self, probe_timeout):
        """Returns when the exporter reports that it has started, as a service manager runs ExecStartPost= then."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.config.write_text(CONFIGURATION + SILENT % (silent.getsockname()[1], probe_timeout))
        manager = notify.ServiceManager(self.addCleanup, self.folder)
        self.launch(NOTIFY_SOCKET=manager.address)
        manager.await_assignment("READY")

    def probe(self, probe="--probe.ready", *more):
        """Exit code and output."""
        done = subprocess.run([self.own.program, *self.flags, probe, *more], env=self.own.environment, capture_output=True,
                              text=True, timeout=servers.DEADLINE_SECONDS)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def web_config(self, text):
        (self.folder / "web.yaml").write_text(text)
        self.flags.append(f"--web.config.file={self.folder}/web.yaml")

    def make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=exporter.example", "-keyout", self.folder / "exporter.key", "-out",
                        self.folder / "exporter.crt"], check=True, capture_output=True)

    def test_route_is_required_if_one_is_named(self):
        self.start()
        self.assertEqual(self.probe(), (0, READY))
        self.assertEqual(self.probe("--probe.ready=primary_fallthrough"), (0, READY))
        self.assertEqual(self.probe("--probe.ready=replica,primary_fallthrough"), (0, READY))
        self.assertEqual(self.probe("--probe.ready=replica", "--probe.timeout=1h"),
                         (1, f"not ready: the route is not replica: {READY}"))
        self.assertEqual(self.probe("--probe.ready=replica,primary_disabled"),
                         (1, f"not ready: the route is not replica or primary_disabled: {READY}"))

    def test_first_verdict_is_awaited_after_the_start(self):
        self.launch_with_silent_replica("1s")
        code, output = self.probe()
        self.assertEqual(code, 0, output)
        self.assertIn("ready route=primary_fallthrough reason=connect_timeout", output)

    def test_verdict_is_awaited_until_the_timeout(self):
        self.launch_with_silent_replica("1h")
        self.assertEqual(self.probe("--probe.ready", "--probe.timeout=3s"), (1, UNDECIDED))

    def test_users_and_tls_do_not_keep_it_out(self):
        self.make_certificate()
        self.web_config(USERS + TLS)
        self.start()
        self.assertEqual(self.probe(), (0, READY))

    def test_each_kind_of_address_is_reached(self):
        for host in ("", "0.0.0.0", "localhost", "[::]"):
            with self.subTest(host=host):
                self.flags = self.flags[:1]
                self.start(host)
                self.own.stop()

    def test_exporter_that_does_not_run_is_not_ready(self):
        self.start()
        self.own.stop()
        code, errors = self.probe("--probe.ready", "--probe.timeout=1h")
        self.assertEqual((code, errors.count("\n")), (1, 1))
        self.assertIn(f"127.0.0.1:{self.port}: ", errors)
        self.assertIn("refused", errors.lower())

    def test_stopped_exporter_times_out(self):
        self.start()
        self.own.process.send_signal(signal.SIGSTOP)
        self.assertEqual(self.probe("--probe.ready", "--probe.timeout=100ms"),
                         (1, f"no answer: 127.0.0.1:{self.port}: no answer in time\n"))

    def test_other_server_is_not_ready(self):
        self.start()
        self.own.stop()
        with socket.create_server(("127.0.0.1", self.port)) as other:
            for answer, part in ((b"SSH-2.0-x\r\n", "not HTTP"),
                                 (b"HTTP/1.1 200 OK\r\n\r\nwelcome\n", "not from an exporter")):
                probe = subprocess.Popen([self.own.program, *self.flags, "--probe.ready"], stdout=subprocess.PIPE, text=True)
                with probe:
                    client, _ = other.accept()
                    with client:
                        client.recv(4096)
                        client.sendall(answer)
                    self.assertIn(part, probe.communicate(timeout=servers.DEADLINE_SECONDS)[0])
                self.assertEqual(probe.returncode, 1)

    def test_file_that_became_invalid_does_not_matter(self):
        self.start()
        self.config.write_text("primary: {dns: x}\n")
        self.assertEqual(self.probe(), (0, READY))

    def test_invalid_file_is_reported_if_it_has_the_address(self):
        self.own = exporter.Exporter(self.addCleanup, self.folder, *self.flags)
        self.config.write_text("primary: {dns: x}\n")
        code, output = self.probe()
        self.assertEqual(code, 1)
        self.assertRegex(output, r"^not asked: the configuration, .* is invalid: \S*exporter\.yaml:1: .*\n$")

    def test_exporter_that_listens_nowhere_cannot_be_asked(self):
        self.start()
        self.flags = ["--web.listen-address="]
        self.assertEqual(self.probe()[0], 1)
        self.flags = ["--web.listen-address=127.0.0.1:0"]
        self.assertEqual(self.probe()[0], 1)


if __name__ == "__main__":
    unittest.main()
