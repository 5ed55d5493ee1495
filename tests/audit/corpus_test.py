#!/usr/bin/env python3
"""Each module of corpus/ has the findings that its comments expect, and no others.

`# => VERB` expects a certain finding on its line, `# => VERB?` a possible one; `@-1` behind it, one line above. `# strict
=> VERB?` expects it under --strict alone. A case is a file, or a folder that holds more than one; audit.toml in a folder
is its configuration.
"""

import pathlib
import re
import unittest

from package import CORPUS

from scidex_pg_audit import allowing, configuration
from scidex_pg_audit.audit import audit

FOLDERS_OF_CASES = ("packages", "configured")
EXPECTED = re.compile(r"#(?P<strict> strict)? => (?P<verb>[\w ]+)(?P<possible>\?)?(?:@(?P<offset>-\d+))?$")
FEWEST = 120


def cases():
    for folder in sorted(CORPUS.iterdir()):
        yield from sorted(folder.iterdir() if folder.name in FOLDERS_OF_CASES else folder.glob("*.py"))


def files(case):
    return sorted(case.rglob("*.py")) if case.is_dir() else [case]


def expected(case, strict):
    found = set()
    for file in files(case):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = EXPECTED.search(line)
            if match and (strict or not match["strict"]):
                found.add((file.relative_to(CORPUS).as_posix(), number + int(match["offset"] or 0), match["verb"],
                           "possible" if match["possible"] else "certain"))
    return found


def found(case, strict):
    toml = case / "audit.toml"
    report = audit([str(case)], configuration.load(toml if toml.exists() else None), strict)
    assert not report.unreadable, report.unreadable
    findings, _ = allowing.split(report.findings, report.allows)
    return {(pathlib.Path(one.file).relative_to(CORPUS).as_posix(), one.line, one.verb, one.certainty)
            for one in findings}


class Corpus(unittest.TestCase):
    maxDiff = None

    def test_each_case_has_the_findings_that_its_comments_expect(self):
        for case in cases():
            with self.subTest(case=case.relative_to(CORPUS).as_posix()):
                self.assertEqual(found(case, False), expected(case, False))

    def test_strict_adds_what_cannot_be_known_and_nothing_else(self):
        for case in sorted((CORPUS / "strict").iterdir()):
            with self.subTest(case=case.name):
                self.assertEqual(found(case, True), expected(case, True))

    def test_the_corpus_has_its_modules(self):
        self.assertGreaterEqual(sum(len(files(case)) for case in cases()), FEWEST)


if __name__ == "__main__":
    unittest.main()
