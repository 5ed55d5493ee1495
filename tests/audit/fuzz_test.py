#!/usr/bin/env python3
"""Whatever a file contains, the audit terminates, names what it cannot read, and continues with the other files."""

import os
import pathlib
import random
import tempfile
import unittest

from package import CORPUS

from scidex_pg_audit import configuration
from scidex_pg_audit.audit import audit

SEED = 20250
MUTANTS = 400
VIOLATION = 'def f():\n    get_db_ro().execute("UPDATE t SET a = 1")\n'
WORDS = ["(", ")", "[", "]", "{", "}", ":", ",", "=", "*", "**", "lambda", "yield", "await ", "async ", "db", "self", "return",
         "\n    ", "if ", "else", "with ", "as ", "for ", "in ", "get_db_ro()", ".execute", "f'{", "}'", "not ", "None", "@",
         "global db\n", "nonlocal db\n", ":=", "match x:\n", "case _:", "try:\n", "finally:\n", "class C:\n", "def g(db):\n"]


class Fuzz(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.configuration = configuration.load()

    def audited(self, **contents):
        """Files beside one that has a finding, which must be found in any case."""
        for name, content in {**contents, "violation": VIOLATION}.items():
            (self.folder / f"{name}.py").write_bytes(content if isinstance(content, bytes) else content.encode())
        report = audit([str(self.folder)], self.configuration, strict=True)
        self.assertIn("violation.py", {pathlib.Path(one.file).name for one in report.findings})
        return report

    def test_mutated_sources_never_crash_it(self):
        rng = random.Random(SEED)
        originals = [file.read_text() for file in sorted(CORPUS.rglob("*.py"))]
        mutants = {f"m{number}": self.mutated(rng, rng.choice(originals), originals) for number in range(MUTANTS)}
        report = self.audited(**mutants)
        self.assertEqual(report.files, MUTANTS + 1)
        self.assertLess(len(report.unreadable), MUTANTS, "no mutant parses")

    @staticmethod
    def mutated(rng, text, others):
        for _ in range(rng.randint(1, 3)):
            lines = text.splitlines(keepends=True) or [""]
            where = rng.randrange(len(lines))
            kind = rng.randrange(6)
            if kind == 0:
                del lines[where]
            elif kind == 1:
                lines.insert(where, rng.choice(rng.choice(others).splitlines(keepends=True) or [""]))
            elif kind == 2:
                lines[where] = "    " + lines[where]
            elif kind == 3:
                other = rng.randrange(len(lines))
                lines[where], lines[other] = lines[other], lines[where]
            else:
                column = rng.randrange(len(lines[where]) + 1)
                lines[where] = lines[where][:column] + rng.choice(WORDS) + lines[where][column:]
            text = "".join(lines)
        return text

    def test_a_file_that_is_no_python_is_named(self):
        report = self.audited(binary=bytes(range(256)), nul="a = '\0'", latin=b"# -*- coding: no-such -*-\n",
                              utf="x = '".encode() + b"\xff'", half="def f(:\n")
        self.assertEqual({pathlib.Path(one.file).stem for one in report.unreadable},
                         {"binary", "nul", "latin", "utf", "half"})

    def test_encodings_are_read_as_files_declare_them(self):
        source = "def f():\n    'größer'\n    get_db_ro().execute('DELETE FROM größe')\n"
        report = self.audited(latin="# -*- coding: latin-1 -*-\n".encode() + source.encode("latin-1"),
                              bom=b"\xef\xbb\xbf" + source.encode(), empty=b"", crlf=source.replace("\n", "\r\n"))
        self.assertEqual({pathlib.Path(one.file).stem for one in report.findings}, {"latin", "bom", "crlf", "violation"})

    def test_deep_nesting_does_not_end_it(self):
        deep = {
            "parentheses": "a = " + "(" * 5_000 + ")" * 5_000,
            "sum": "db = get_db_ro()\ndb.execute('UPDATE t SET a = ' + " + " + ".join(["x"] * 3_000) + ")\n",
            "attributes": "a" + ".b" * 3_000 + "\n",
            "calls": "a" + "()" * 3_000 + "\n",
            "branches": "".join(" " * depth + "if a:\n" for depth in range(90)) + " " * 90 + "get_db_ro()\n",
            "functions": "".join(" " * depth + f"def f{depth}(db):\n" for depth in range(90)) + " " * 90 + "db.execute(db)\n",
            "elifs": "if a:\n    db = get_db_ro()\n" + "elif b:\n    db = get_db_ro()\n" * 1_000,
            "chain": "".join(f"def f{n}(db):\n    f{n + 1}(db)\n" for n in range(300)) + "f0(get_db_ro())\n",
            "not_": "a = " + "not " * 3_000 + "b\n",
        }
        self.audited(**deep)

    def test_loops_within_loops_end(self):
        depth = 8
        loops = "def f(db, a):\n" + "".join("    " * n + f"for a{n} in a:\n" for n in range(1, depth + 1))
        self.audited(loops=loops + "    " * (depth + 1) + "db = db or get_db_ro(); db.execute('DELETE FROM t')\n")

    def test_a_file_of_10_megabytes_is_audited(self):
        row = "    (1, 'a string of some length', 2.5, None, {'key': [1, 2, 3]}),\n"
        report = self.audited(large="rows = [\n" + row * (10_000_000 // len(row)) + "]\n" + VIOLATION)
        self.assertEqual({pathlib.Path(one.file).stem for one in report.findings}, {"large", "violation"})

    def test_links_in_circles_are_left_out(self):
        inner = self.folder / "inner"
        inner.mkdir()
        os.symlink(self.folder, inner / "loop")
        os.symlink(inner / "self.py", inner / "self.py")
        os.symlink(self.folder / "violation.py", inner / "again.py")
        os.mkfifo(inner / "pipe.py")
        self.assertEqual(len(self.audited().findings), 1)


if __name__ == "__main__":
    unittest.main()
