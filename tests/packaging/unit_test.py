"""The check before a start accepts what the start itself accepts."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The unit of the package, and the one that the documentation shows.
UNITS = (ROOT / "packaging/systemd/scidex-pg-exporter.service", ROOT / "docs/operations.md")
CHECK = re.compile(r"^ExecStartPre=/usr/bin/scidex_pg_exporter ((?:.*\\\n)*.*)$", re.MULTILINE)
# No grammar of PostgreSQL knows this clause.
NEWER = """
primary: {dsn: host=127.0.0.1 user=nobody dbname=none}
queries: [{name: newer, sql: SELECT 1 AS one NEW CLAUSE, values: [{column: one, help: One.}]}]
"""


class Unit(unittest.TestCase):
    def check(self, unit, configuration):
        """The result of the unit's check of this configuration."""
        [flags] = CHECK.findall(unit.read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory(prefix="scidex-unit-") as folder:
            file = pathlib.Path(folder, "exporter.yaml")
            file.write_text(configuration, encoding="utf-8")
            words = flags.replace("\\\n", " ").replace("/etc/scidex-pg-exporter/exporter.yaml", str(file)).split()
            self.assertIn(f"--config.file={file}", words)
            return subprocess.run([os.environ["SCIDEX_EXPORTER"], *words], capture_output=True, text=True)

    def test_a_query_of_a_newer_grammar_does_not_prevent_a_start(self):
        for unit in UNITS:
            with self.subTest(unit=unit.name):
                checked = self.check(unit, NEWER)
                self.assertEqual(checked.returncode, 0, checked.stderr)
                self.assertIn("warning: ", checked.stderr)

    def test_an_unknown_key_prevents_a_start(self):
        for unit in UNITS:
            with self.subTest(unit=unit.name):
                checked = self.check(unit, NEWER + "no_such_key: 1\n")
                self.assertEqual(checked.returncode, 1, checked.stderr)
                self.assertIn("no_such_key", checked.stderr)


if __name__ == "__main__":
    unittest.main()
