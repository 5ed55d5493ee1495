#!/usr/bin/env python3
"""The documents that a newcomer reads first stay short: what does not fit belongs in docs/.

Usage: document_lengths.py
"""

import pathlib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_LINES = {"README.md": 150, "ARCHITECTURE.md": 250}


class DocumentLengths(unittest.TestCase):
    def test_no_first_document_is_long(self):
        for name, limit in MAX_LINES.items():
            with self.subTest(document=name):
                self.assertLessEqual(len((ROOT / name).read_text(encoding="utf-8").splitlines()), limit)


if __name__ == "__main__":
    unittest.main()
