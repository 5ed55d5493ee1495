#!/usr/bin/env python3
"""Every single change of a rule fails a test of a case.

Usage: rule_mutations.py [REGEX]    only changes whose names match, such as "OldestWaiter info: expr"

The error budget's cases, which last days, take longest. In its rules only comparators, numbers and `for` are changed; their
operators, matchers, windows, labels and annotations only with SCIDEX_TEST_LONG=1.
"""

import concurrent.futures
import copy
import functools
import os
import re
import sys
import unittest

import recorded
import rulebook
from cases import CASES
from timeline import Timelines

COMPARATORS = {"==": ("!=",), "!=": ("==",), ">=": (">", "<="), ">": (">=", "<")}
OPERATORS = {"and": ("or", "unless"), "or": ("and",), "unless": ("and",)}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Parts without thresholds: names, matchers, ranges, strings.
OPAQUE = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\b[a-z_][\w:]*", re.IGNORECASE)

BURN = "ScidexPgPoolAcquireErrorBudgetBurn"
LONG = bool(os.environ.get("SCIDEX_TEST_LONG"))
FRACTION = re.compile(r"[\s\d*]*\d+\.\d")


def others(duration):
    """Half of a duration, and twice the duration."""
    seconds = int(duration[:-1]) * UNITS[duration[-1]]
    return f"{seconds // 2}s", f"{seconds * 2}s"


def neighbours(number):
    return (f"{float(number) * 0.8:.12g}", f"{float(number) * 1.2:.12g}") if "." in number else (
        str(int(number) - 1), str(int(number) + 1))


def replaced(text, match, other):
    return text[:match.start()] + other + text[match.end():]


def expressions(expr, thresholds_alone):
    """Every mutant of an expression, or only those of its comparators and numbers."""
    hidden = OPAQUE.sub(lambda match: "_" * len(match[0]), expr)
    for match in re.finditer(r"==|!=|>=|>", hidden):
        for other in COMPARATORS[match[0]]:
            # No case has exactly the value of a fraction.
            if other != ">=" or not FRACTION.match(hidden[match.end():]):
                yield replaced(expr, match, other)
    for match in re.finditer(r"\d+(\.\d+)?", hidden):
        for other in neighbours(match[0]):
            yield replaced(expr, match, other)
    if thresholds_alone:
        return
    for match in re.finditer(r"\b(and|or|unless)\b", expr):
        for other in OPERATORS[match[0]]:
            yield replaced(expr, match, other)
    # Selectors that are the same and joined by `and`, which compares all labels, change together.
    for part in re.finditer(r"(?:(?!\b(?:or|unless)\b).)+", expr, re.DOTALL):
        for name, matchers in dict.fromkeys(re.findall(r"([\w:]*)(\{[^}]*\})", part[0])):
            yield replaced(expr, part, part[0].replace(name + matchers, name))
    # Windows of the same length have the same reason, so they change together.
    for window in dict.fromkeys(re.findall(r"\[(\d+[smhd])", expr)):
        for other in others(window):
            yield expr.replace(f"[{window}", f"[{other}")


def mutants(rule):
    """Every rule that differs from this one in one thing that an operator would notice, or the subset of them that is
    tried."""
    of_burn = rule["record"] not in recorded.CASES if "record" in rule else rule["alert"] == BURN
    thresholds_alone = not LONG and of_burn
    for key in ("expr", "for", "keep_firing_for"):
        value = rule.get(key)
        if key == "expr":
            values = expressions(value, thresholds_alone)
        elif "alert" not in rule:
            values = ()
        else:
            values = others(value) if value else ("5m",)
        for other in values:
            yield f"{key}: {other}", rule | {key: other}
    for part in () if thresholds_alone else ("labels", "annotations"):
        for key in rule.get(part, ()):
            mutant = copy.deepcopy(rule)
            mutant[part][key] += "x"
            yield f"{part}: {key}", mutant


class Tests:
    """The tests of one alert's cases, run one by one: a mutant costs only the tests up to the first that fails. Thread
    safe: several threads may change the order, and the last one wins, which affects only the duration."""

    def __init__(self, cases):
        # The first test of each case finds most problems of a rule.
        ranked = [(rank, case, test) for case in cases for rank, test in enumerate(Timelines(case).all())]
        self.tests = [(case, test) for _, case, test in sorted(ranked, key=lambda one: one[0])]

    def notice(self, alert, records):
        """Whether one of the tests fails."""
        for one in list(self.tests):
            case, test = one
            if rulebook.promtool(rulebook.evaluated(case, alert, records), [test], case.step):
                self._try_early(one)
                return True
        return False

    def _try_early(self, one):
        """The test that finds one mutant usually finds similar ones too."""
        self.tests = [one, *(other for other in self.tests if other is not one)]


def all_mutants():
    """The name of each mutant, and functions of which one must notice it."""
    rules = rulebook.load()
    alerts = [rule for rule in rules if "alert" in rule]
    records = [rule for rule in rules if "record" in rule]
    tests = {rulebook.name_of(alert): Tests([case for case in CASES if case.name == rulebook.name_of(alert)])
             for alert in alerts}
    always = {case.name for case in CASES if case.always}
    for alert in alerts:
        name = rulebook.name_of(alert)
        # An alert that always fires does so with any number.
        opaque = ("expr", "keep_firing_for") if name in always else ()
        for what, mutant in mutants(alert):
            if not what.startswith(opaque):
                yield f"{name}: {what}", [functools.partial(tests[name].notice, mutant, records)]
    for place, record in enumerate(records):
        made = [alert for alert in alerts if record in rulebook.needed_by(alert, records)]
        for what, mutant in mutants(record):
            if record["record"] in recorded.CASES:
                yield f"{record['record']}: {what}", [functools.partial(recorded.complaint, mutant)]
                continue
            # The mutant takes the place of the rule, before the rules that use it.
            mutated = [*records[:place], mutant, *records[place + 1:]]
            yield f"{record['record']}: {what}", [
                functools.partial(tests[rulebook.name_of(alert)].notice, alert, mutated) for alert in made]


class Mutations(unittest.TestCase):
    # Only mutants whose names match.
    only = ""

    def test_no_mutant_passes(self):
        tried = [(what, notices) for what, notices in all_mutants() if re.search(self.only, what)]
        self.assertGreater(len(tried), 0 if self.only else 750)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as executor:
            noticed = executor.map(lambda one: any(notice() for notice in one[1]), tried)
            for (what, _), one in zip(tried, noticed):
                with self.subTest(mutant=what):
                    self.assertTrue(one, "no test fails")


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        Mutations.only = sys.argv.pop(1)
    unittest.main()
