"""Completion of the program's flags in bash offers what --help lists."""

import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ["SCIDEX_EXPORTER"]
# As bash calls it: the words of the line, and the index of the word at the cursor.
ASK = """
source packaging/completion.bash
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_scidex_pg_exporter "$1" 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completions(*words):
    done = subprocess.run(["bash", "-c", ASK, "bash", PROGRAM, *words], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(done.stdout.split())


class Completion(unittest.TestCase):
    def test_every_flag_of_the_help_is_offered(self):
        help_text = subprocess.run([PROGRAM, "--help"], check=True, capture_output=True, text=True).stdout
        self.assertEqual(completions("--"), set(re.findall(r"^ +(?:-\w,)?(--[\w.-]+)", help_text, re.MULTILINE)))

    def test_a_part_of_a_flag_narrows_the_offer(self):
        found = completions("--config.")
        self.assertIn("--config.file", found)
        self.assertTrue(all(flag.startswith("--config.") for flag in found), found)

    def test_values_are_those_that_the_flag_takes(self):
        levels = {"debug", "info", "warn", "error"}
        self.assertEqual(completions("--log.level", ""), levels)
        self.assertEqual(completions("--log.level", "="), levels)
        self.assertEqual(completions("--log.level", "=", "d"), {"debug"})
        self.assertEqual(completions("--probe.ready", "=", "primary_d"), {"primary_disabled"})

    def test_files_are_offered_where_the_flag_takes_one(self):
        self.assertEqual(completions("--config.file", "CMakeL"), {"CMakeLists.txt"})
        self.assertEqual(completions("--web.config.file", "=", "CMakeL"), {"CMakeLists.txt"})


if __name__ == "__main__":
    unittest.main()
