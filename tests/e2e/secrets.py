#!/usr/bin/env python3
"""A server that repeats the password it was sent, in every message that it can: no page and no line of the log contains it,
wherever libpq got it from.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter secrets.py
"""

import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import servers  # noqa: E402
from fake_postgres import FakePostgres, message  # noqa: E402

SECRET = "Xq7swordfish"
PAGES = ("metrics", "", "api/v1/pools", "-/ready", "-/healthy", "status.js")


class EchoServer(FakePostgres):
    """Requests the password in clear text, and repeats it in the error."""

    def __init__(self, add_cleanup):
        self.heard = threading.Event()
        super().__init__(add_cleanup, EchoServer.refuse)

    def refuse(self, client):
        client.sendall(message(b"R", struct.pack("!I", 3)))  # AuthenticationCleartextPassword
        kind, body = self.read_message(client)
        password = body.rstrip(b"\0")
        if kind == b"p" and password == SECRET.encode():
            self.heard.set()
        fields = b"".join(code + text + b"\0" for code, text in (
            (b"S", b"FATAL"), (b"V", b"FATAL"), (b"C", b"28P01"), (b"M", b"wrong: " + password + b", really"),
            (b"D", password), (b"H", password), (b"F", password), (b"R", password)))
        client.sendall(message(b"E", fields + b"\0"))


class Secrets(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = EchoServer(self.addCleanup)

    def check(self, dsn, *flags, **variables):
        process = exporter.Exporter(
            self.addCleanup, self.folder, "--log.level=debug", *flags, HOME=str(self.folder),
            SCIDEX_PG_DSN=f"host=127.0.0.1 port={self.server.port} user=app {dsn}", **variables)
        process.process = servers.start(
            self.addCleanup, [process.program, f"--web.listen-address={process.address}", *process.flags], process.log,
            process.environment)
        self.assertTrue(self.server.heard.wait(servers.DEADLINE_SECONDS), process.log.read_text())
        pages = servers.poll("refused login", lambda: (
            page if "28P01" in (page := servers.fetch(f"{process.url}api/v1/pools").decode()) else None), process.log)
        self.assertIn("the login was refused (SQLSTATE 28P01)", pages)
        servers.poll("line in the log", lambda: "wrong: ***, really" in process.log.read_text(), process.log)
        output = "".join(servers.fetch(process.url + page).decode() for page in PAGES if page != "-/ready")
        process.stop()
        output += process.log.read_text()
        self.assertNotIn(SECRET, output)
        self.assertNotIn("really", pages)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def test_memory_is_closed_to_other_processes_of_its_user(self):
        as_a_user = ["setpriv", "--reuid=54321", "--clear-groups"] if os.geteuid() == 0 else []
        wrapper = self.write("exporter", f'#!/bin/sh\nexec {" ".join(as_a_user)} "$SCIDEX_EXPORTER" "$@"\n')
        wrapper.chmod(0o755)
        self.folder.chmod(0o755)
        process = exporter.Exporter(self.addCleanup, self.folder, program=str(wrapper), PGHOST="/nowhere",
                                    SCIDEX_EXPORTER=os.environ["SCIDEX_EXPORTER"])
        process.start()
        # The kernel gives the files of such a process to root.
        self.assertEqual(os.stat(f"/proc/{process.process.pid}/environ").st_uid, 0)
        process.stop()
        self.assertNotIn("running as root", process.log.read_text())

    def test_running_as_root_is_warned_of(self):
        process = exporter.Exporter(self.addCleanup, self.folder, PGHOST="/nowhere")
        process.start()
        process.stop()
        self.assertEqual("running as root" in process.log.read_text(), os.geteuid() == 0)

    def test_of_the_dsn(self):
        self.check(f"password={SECRET}")

    def test_of_the_password_file(self):
        config = self.write("exporter.yaml", f"primary: {{password_file: {self.write('password', SECRET)}}}\n")
        self.check("", f"--config.file={config}")

    def test_of_the_environment(self):
        self.check("", PGPASSWORD=SECRET)

    def test_of_a_pass_file(self):
        self.check(f"passfile={self.write('passes', f'*:*:*:*:{SECRET}')}")

    def test_of_the_pass_file_in_the_home_directory(self):
        self.write(".pgpass", f"*:*:*:*:{SECRET}\n")
        self.check("")

    def test_of_a_service(self):
        services = self.write("services", f"[app]\npassword={SECRET}\n")
        self.check("", PGSERVICEFILE=str(services), PGSERVICE="app")

    def test_given_where_a_path_belongs(self):
        self.write("server.crt", "not read any further")
        key = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"
        web = self.write("web.yaml", "tls_server_config:\n  cert_file: server.crt\n  key_file: |\n"
                         + "".join(f"    {line}\n" for line in key.splitlines()))
        config = self.write("exporter.yaml", "textfile:\n  path: |\n"
                            + "".join(f"    {line}\n" for line in key.splitlines()))
        dsn = f"host=db user=app password={SECRET}"
        for flags in ([f"--web.config.file={web}"], [f"--config.file={config}"], [f"--config.file={dsn}"],
                      [f"--web.config.file={dsn}"], [f"--config.file={key}"], [f"--web.config.file={key}"],
                      [f"--textfile.path={key}"], [f"--textfile.path={dsn}"]):
            with self.subTest(flags=flags):
                done = subprocess.run([os.environ["SCIDEX_EXPORTER"], *flags], env=exporter.environment(PGHOST="/nowhere"),
                                      capture_output=True, text=True, timeout=servers.DEADLINE_SECONDS)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertNotIn(SECRET, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
