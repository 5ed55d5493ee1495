#!/usr/bin/env python3
"""The committed dashboards are those that ./dev dashboards made of the source beside them, by the digests of both that
it wrote. That it would make them anew just so, ./dev lint shows, which needs npm."""

import hashlib
import pathlib
import unittest

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "dashboards"
MADE_OF = ["package.json", "package-lock.json", "tsconfig.json", "src/*.ts"]


class Digests(unittest.TestCase):
    maxDiff = None

    def test_neither_source_nor_dashboards_have_changed_alone(self):
        lines = (line.split() for line in (FOLDER / "generated.sha256").read_text().splitlines())
        there = {str(file.relative_to(FOLDER)): hashlib.sha256(file.read_bytes()).hexdigest()
                 for pattern in [*MADE_OF, "json/*.json"] for file in FOLDER.glob(pattern)}
        written = {name: digest for digest, name in lines}
        self.assertEqual(written, there, "run ./dev dashboards and commit what it writes")


if __name__ == "__main__":
    unittest.main()
