#!/usr/bin/env python3
"""Each single change of a rule that an operator would notice must fail a unit test of the rules.

Mutates one line of the rule file at a time, in a copy, and runs the unit tests on the copy.
"""

import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "alerts" / "scidex-pg-pool.rules.yml"
UNIT_TESTS = sorted((ROOT / "tests" / "alerts").glob("*.test.yml"))

COMPARATORS = {"==": ("!=", ">=", "<="), ">": (">=", "<", "==")}
FUNCTIONS = {"last_over_time": ("max_over_time", "min_over_time"),
             "min_over_time": ("max_over_time", "avg_over_time", "last_over_time")}
UNITS = {"s": 1, "m": 60, "h": 3600}


def other_durations(text):
    """Half of a duration such as 2m, and twice as much."""
    seconds = int(text[:-1]) * UNITS[text[-1]]
    return f"{seconds // 2}s", f"{seconds * 2}s"


def replacements(line):
    """Every mutant of one line of the rule file."""
    key, _, value = line.strip().removeprefix("- ").partition(": ")
    if key == "expr":
        for match in re.finditer(r"==|(?<!=)>(?!=)", line):
            for other in COMPARATORS[match[0]]:
                yield line[:match.start()] + other + line[match.end():]
        for match in re.finditer(r"\w+_over_time", line):
            for other in FUNCTIONS[match[0]]:
                yield line[:match.start()] + other + line[match.end():]
        for match in re.finditer(r"\[(\w+)\]", line):
            for other in other_durations(match[1]):
                yield line[:match.start()] + f"[{other}]" + line[match.end():]
        comparator = re.search(r"==|>", line)
        for match in re.finditer(r"\b\d+\b", line[comparator.end():]):
            for step in (-1, 1):
                at = comparator.end() + match.start()
                yield line[:at] + str(int(match[0]) + step) + line[at + len(match[0]):]
    elif key in ("for", "keep_firing_for"):
        for other in other_durations(value):
            yield line.replace(value, other)
    elif key in ("severity", "component", "runbook_url", "dashboard_url", "summary", "alert"):
        yield line + "x"


def tests_of(number, lines):
    """The files of unit tests that name the alert to which line `number` belongs."""
    begins = [line for line in lines[:number + 1] if "- alert: " in line]
    alert = begins[-1].split(": ")[1]
    return [file for file in UNIT_TESTS if f"alertname: {alert}\n" in file.read_text()]


def survives(number, mutant, lines):
    """Whether the unit tests of an alert pass with line `number`, one of its own, replaced."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        (copy / "alerts").mkdir()
        tests = copy / "tests" / "alerts"
        tests.mkdir(parents=True)
        text = lines[:number] + [mutant] + lines[number + 1:]
        (copy / "alerts" / RULES.name).write_text("\n".join(text) + "\n")
        copies = [shutil.copy(test, tests) for test in tests_of(number, lines)]
        result = subprocess.run(["promtool", "test", "rules", *copies], capture_output=True,
                                timeout=60)
        return result.returncode == 0


class Mutations(unittest.TestCase):
    def setUp(self):
        self.lines = RULES.read_text().splitlines()
        self.alerts = [number for number, line in enumerate(self.lines) if "- alert: " in line]

    def test_the_rules_as_they_are_pass(self):
        for number in self.alerts:
            with self.subTest(alert=self.lines[number]):
                self.assertTrue(survives(number, self.lines[number], self.lines))

    def test_no_mutant_passes(self):
        mutants = [(number, mutant) for number, line in enumerate(self.lines)
                   for mutant in replacements(line)]
        self.assertGreater(len(mutants), 10 * len(self.alerts))
        with concurrent.futures.ThreadPoolExecutor(2) as executor:
            alive = executor.map(lambda mutant: survives(*mutant, self.lines), mutants)
            for (number, mutant), lived in zip(mutants, alive):
                with self.subTest(line=number + 1, mutant=mutant.strip()):
                    self.assertFalse(lived, "no unit test fails")


if __name__ == "__main__":
    unittest.main()
