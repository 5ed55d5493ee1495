#!/usr/bin/env python3
"""docs/configuration.md has the keys, defaults and comments of config/exporter.yaml, of which no key lacks a comment, and
the values that the exporter accepts, which a unit test writes.

Usage: [SCIDEX_UPDATE_GOLDEN=1] configuration_reference.py
"""

import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging" / "man"))
import configuration_page  # noqa: E402
import configuration_reference  # noqa: E402

FILE = ROOT / "config" / "exporter.yaml"
VALUES = ROOT / "tests" / "unit" / "config" / "values.golden"
PAGE = ROOT / "docs" / "configuration.md"
BEGIN, END = "<!-- configuration:begin -->\n", "<!-- configuration:end -->\n"
SAMPLE = """\
# Head.

# Both pools.
pools:
  a:
    # Size. Example:
    #
    # size:
    #   - 1 | 2
    size: 2
  b:
    # Size. Example:
    #
    # size:
    #   - 1 | 2
    size: 3
    # Either | or.
    mode: off
"""
SHOWN = """\
Head.

### pools

Both pools.

| key | default | values | meaning |
|---|---|---|---|
| `pools.a.size`<br>`pools.b.size` | `2`, `3` | 1 to 9 | Size. Example: |
| `pools.b.mode` | `off` |  | Either \\| or. |

```yaml
size:
  - 1 | 2
```
"""


class Reference(unittest.TestCase):
    def test_page_has_what_the_file_says(self):
        before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        found, end, after = rest.partition(END)
        self.assertTrue(begin and end, f"{PAGE} lacks the marks")
        expected = configuration_reference.reference(FILE, VALUES)
        if os.environ.get("SCIDEX_UPDATE_GOLDEN") == "1":
            PAGE.write_text(before + begin + expected + end + after, encoding="utf-8")
        else:
            self.assertEqual(found, expected, "SCIDEX_UPDATE_GOLDEN=1 writes it")

    def test_each_key_has_a_comment(self):
        found = list(configuration_page.keys(FILE.read_text(encoding="utf-8").splitlines()))
        self.assertGreater(len(found), 50)
        self.assertEqual([name for name, default, comment in found if default is not None and not comment], [])

    def test_keys_with_the_same_meaning_share_a_row(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "exporter.yaml")
            file.write_text(SAMPLE)
            values = pathlib.Path(folder, "values")
            values.write_text("pools.a.size: 1 to 9\npools.b.size: 1 to 9\n")
            self.assertEqual(configuration_reference.reference(file, values), SHOWN)


if __name__ == "__main__":
    unittest.main()
