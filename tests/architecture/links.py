#!/usr/bin/env python3
"""Every link in a document to a file of this repository has an existing target, and so has its anchor.

Usage: links.py
"""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from documents import documents  # noqa: E402
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:")


def text_of(path):
    """Without fenced blocks, which may contain anything."""
    return re.sub(r"(?ms)^```.*?^```", "", path.read_text(encoding="utf-8"))


def anchors(path):
    """The anchors that GitHub makes of the headings."""
    headings = re.findall(r"(?m)^#+ +(.*)$", text_of(path))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Links(unittest.TestCase):
    def test_each_leads_somewhere(self):
        found = 0
        for document in documents():
            for link in LINK.findall(text_of(document)):
                if ELSEWHERE.match(link):
                    continue
                found += 1
                with self.subTest(document=str(document.relative_to(ROOT)), link=link):
                    path, _, anchor = link.partition("#")
                    target = (document.parent / path).resolve() if path else document
                    self.assertTrue(target.exists(), "there is no such file")
                    if anchor:
                        self.assertIn(anchor, anchors(target))
        self.assertGreater(found, 20)


if __name__ == "__main__":
    unittest.main()
