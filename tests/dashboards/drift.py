#!/usr/bin/env python3
"""The committed dashboards are those that their source generates."""

import pathlib
import subprocess
import tempfile
import unittest

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "dashboards"


class Drift(unittest.TestCase):
    maxDiff = None

    def test_what_the_source_generates_is_what_is_committed(self):
        with tempfile.TemporaryDirectory(prefix="scidex-dashboards-") as folder:
            done = subprocess.run(["npm", "run", "--silent", "generate", "--", folder], cwd=FOLDER, capture_output=True,
                                  text=True, timeout=150)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            generated, committed = ({file.name: file.read_text() for file in pathlib.Path(place).iterdir()}
                                    for place in (folder, FOLDER / "json"))
        self.assertEqual(sorted(generated), sorted(committed))
        for name, text in generated.items():
            with self.subTest(dashboard=name):
                self.assertEqual(text, committed[name], "run ./dev dashboards and commit what it writes")


if __name__ == "__main__":
    unittest.main()
