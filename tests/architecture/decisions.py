#!/usr/bin/env python3
"""Each file of docs/decisions has the same headings, is short, and is in the index under its title.

Usage: decisions.py
"""

import pathlib
import re
import unittest

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "decisions"
HEADINGS = ["Date", "Context", "Decision", "Alternatives", "Consequences"]
ROW = re.compile(r"^\| (.+) \| \[(\d{3})\]\((\S+)\) \|$", re.MULTILINE)


class Decisions(unittest.TestCase):
    def setUp(self):
        self.files = sorted(file for file in FOLDER.glob("*.md") if file.name != "README.md")

    def test_each_has_a_number_a_title_and_every_heading(self):
        self.assertGreater(len(self.files), 20)
        for number, file in enumerate(self.files, 1):
            with self.subTest(file=file.name):
                text = file.read_text(encoding="utf-8")
                self.assertRegex(file.name, rf"^{number:03}-[a-z0-9-]+\.md$")
                self.assertTrue(text.startswith(f"# {number:03}. "))
                self.assertEqual(re.findall(r"^## (.*)$", text, re.MULTILINE), HEADINGS)
                self.assertRegex(text, r"\n## Date\n\n\d{4}-\d{2}\n\n")
                self.assertLessEqual(len(text.splitlines()), 40)

    def test_the_index_has_each_under_its_title(self):
        index = ROW.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
        titles = [re.match(r"# (\d{3})\. (.+)\n", file.read_text(encoding="utf-8")) for file in self.files]
        self.assertEqual(index, [(title[2], title[1], file.name) for title, file in zip(titles, self.files)])


if __name__ == "__main__":
    unittest.main()
