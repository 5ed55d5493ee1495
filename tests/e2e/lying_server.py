#!/usr/bin/env python3
"""A server that accepts the login and then responds as no PostgreSQL server does: its probes fail, nothing spins, hangs or
fills the memory, and the exporter shuts down cleanly.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter lying_server.py
"""

import pathlib
import struct
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import scraper  # noqa: E402
import servers  # noqa: E402
from fake_postgres import FakePostgres, message  # noqa: E402

READY = message(b"Z", b"I")
COPY_IN = message(b"G", struct.pack("!bh", 0, 0))
COPY_OUT = message(b"H", struct.pack("!bh", 0, 0))
ONE_COLUMN = (message(b"T", struct.pack("!h", 1) + b"a\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)) +
              message(b"D", struct.pack("!hi", 1, 1) + b"t") + message(b"C", b"SELECT 1\0") + READY)
NO_ROW = message(b"C", b"SELECT 0\0") + READY
# Without an SQLSTATE, and with the words of a local failure.
AS_IF_LOCAL = message(b"E", b"Scould not do: Too many open files\0Mcould not open socket: Too many open files\0\0") + READY
REFUSED = message(b"E", b"SERROR\0VERROR\0C42501\0Mno\0\0") + READY
ODD_SQLSTATE = message(b"E", b"SERROR\0VERROR\0C<b>forged</b>\0Mno\0\0") + READY


def liar(answer):
    """Accepts every login, refuses the session's first queries, and responds to a probe's query with answer(client)."""
    def serve(server, client):
        client.sendall(message(b"R", struct.pack("!I", 0)) + message(b"S", b"server_version\x0015.8\0") +
                       message(b"K", struct.pack("!II", 1, 1)) + READY)
        while True:
            _, question = server.read_message(client)
            if b"r.in_recovery" in question:
                answer(client)
            else:
                client.sendall(REFUSED)
    return serve


class Lies(unittest.TestCase):
    def check(self, answer, *reasons):
        server = FakePostgres(self.addCleanup, liar(answer))
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        process = exporter.Exporter(
            self.addCleanup, pathlib.Path(folder.name),
            SCIDEX_PG_DSN=f"host=127.0.0.1 port={server.port} user=app sslmode=disable")
        process.process = servers.start(
            self.addCleanup, [process.program, f"--web.listen-address={process.address}"], process.log, process.environment)
        client = scraper.Scraper(process.address)
        self.addCleanup(client.close)

        def failed():
            metrics = client.metrics()
            return sum(metrics[f'scidex_pg_pool_probe_failures_total{{pool="primary",reason="{one}"}}'] for one in reasons)
        servers.poll("probes that fail", lambda: failed() >= 3, process.log)
        metrics = client.metrics()
        self.assertEqual(metrics['scidex_pg_pool_backend_up{pool="primary"}'], 0)
        self.assertLess(metrics["process_resident_memory_bytes"], 512 << 20)
        process.stop()
        self.assertNotIn("shutdown did not complete", process.log.read_text())
        self.assertNotIn("<b>", process.log.read_text().replace("\\u003c", "<"))

    def test_login_that_read_only_prevents_is_not_repeated_without_it(self):
        """A login trigger that writes: without read-only, it would write."""
        refusal = message(b"E", b"SFATAL\0VFATAL\0C25006\0Mcannot execute INSERT in a read-only transaction\0\0")
        server = FakePostgres(self.addCleanup, lambda _, client: client.sendall(refusal))
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        process = exporter.Exporter(
            self.addCleanup, pathlib.Path(folder.name),
            SCIDEX_PG_RO_DSN=f"host=127.0.0.1 port={server.port} user=reader sslmode=disable")
        process.start()
        servers.poll("attempts to log in", lambda: len(server.startups) >= 3, process.log)
        self.assertEqual([found for found in server.startups if b"default_transaction_read_only=on" not in found], [])
        servers.poll("the reason in the log", lambda: "SQLSTATE 25006" in process.log.read_text(), process.log)
        process.stop()

    def check_answer(self, answer, reason="connect_failed"):
        self.check(lambda client: client.sendall(answer), reason)

    def test_unrequested_copy(self):
        for answer in (COPY_IN, COPY_OUT):
            with self.subTest(answer=answer):
                self.check_answer(answer)

    def test_other_columns_than_were_asked_for(self):
        self.check_answer(ONE_COLUMN)

    def test_no_row(self):
        self.check_answer(NO_ROW)

    def test_words_of_a_local_failure(self):
        self.check_answer(AS_IF_LOCAL)

    def test_code_that_is_no_sqlstate(self):
        self.check_answer(ODD_SQLSTATE)

    def test_silence(self):
        self.check_answer(b"", reason="probe_timeout")

    def test_rows_without_end(self):
        row = message(b"D", struct.pack("!hi", 1, 1 << 20) + b"x" * (1 << 20))

        def flood(client):
            client.sendall(ONE_COLUMN[:ONE_COLUMN.index(b"D")])
            for _ in range(2000):
                client.sendall(row)
        # Which of the two it is depends on how fast the bytes arrive.
        self.check(flood, "connect_failed", "probe_timeout")


if __name__ == "__main__":
    unittest.main()
