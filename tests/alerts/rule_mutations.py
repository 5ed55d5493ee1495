#!/usr/bin/env python3
"""A changed rule does not go unnoticed: each single change of one fails the tests of a case."""

import collections
import concurrent.futures
import copy
import os
import re
import unittest

import rulebook
from cases import CASES

COMPARATORS = {"==": ("!=",), "!=": ("==",), ">=": (">", "<="), ">": (">=", "<")}
OPERATORS = {"and": ("or", "unless"), "or": ("and",), "unless": ("and",)}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# What belongs to no threshold: names, matchers, ranges, strings.
OPAQUE = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\b[a-z_][\w:]*", re.IGNORECASE)

FRACTION = re.compile(r"[\s\d*]*\d+\.\d")


def others(duration):
    """Half of a duration, and twice as much."""
    seconds = int(duration[:-1]) * UNITS[duration[-1]]
    return f"{seconds // 2}s", f"{seconds * 2}s"


def neighbours(number):
    return (f"{float(number) * 0.8:.12g}", f"{float(number) * 1.2:.12g}") if "." in number else (
        str(int(number) - 1), str(int(number) + 1))


def replaced(text, match, other):
    return text[:match.start()] + other + text[match.end():]


def expressions(expr):
    """Every mutant of an expression."""
    hidden = OPAQUE.sub(lambda match: "_" * len(match[0]), expr)
    for match in re.finditer(r"==|!=|>=|>", hidden):
        for other in COMPARATORS[match[0]]:
            # Nobody meets the very fraction.
            if other != ">=" or not FRACTION.match(hidden[match.end():]):
                yield replaced(expr, match, other)
    for match in re.finditer(r"\d+(\.\d+)?", hidden):
        for other in neighbours(match[0]):
            yield replaced(expr, match, other)
    for match in re.finditer(r"\b(and|or|unless)\b", expr):
        for other in OPERATORS[match[0]]:
            yield replaced(expr, match, other)
    for match in re.finditer(r"\{[^}]*\}", expr):
        yield replaced(expr, match, "")
    # What looks back over the same time does so for the same reason.
    for window in dict.fromkeys(re.findall(r"\[(\d+[smhd])", expr)):
        for other in others(window):
            yield expr.replace(f"[{window}", f"[{other}")


def mutants(rule):
    """Every rule that differs from this one in one thing that an operator would notice."""
    for key in ("expr", "for", "keep_firing_for"):
        value = rule.get(key)
        if key == "expr":
            values = expressions(value)
        elif "alert" not in rule:
            values = ()
        else:
            values = others(value) if value else ("5m",)
        for other in values:
            yield f"{key}: {other}", rule | {key: other}
    for part in ("labels", "annotations"):
        for key in rule.get(part, ()):
            mutant = copy.deepcopy(rule)
            mutant[part][key] += "x"
            yield f"{part}: {key}", mutant


def noticed(one):
    """What one of the rule's cases has against it."""
    _, cases, alert, records = one
    return next(filter(None, (rulebook.complaint(case, alert, records) for case in cases)), "")


class Mutations(unittest.TestCase):
    def test_no_mutant_passes(self):
        rules = rulebook.load()
        cases = collections.defaultdict(list)
        for case in CASES:
            cases[case.name].append(case)
        alerts = [rule for rule in rules if "alert" in rule]
        records = [rule for rule in rules if "record" in rule]
        tried = []
        for alert in alerts:
            name = rulebook.name_of(alert)
            # What always fires does so with any number.
            opaque = ("expr", "keep_firing_for") if cases[name][0].always else ()
            tried += [(f"{name}: {what}", cases[name], mutant, records) for what, mutant in mutants(alert)
                      if not what.startswith(opaque)]
        for record in records:
            others_ = [rule for rule in records if rule is not record]
            # The alert that is made of it first. The mutant stands where the rule stood, before what is made of it.
            alert = next(alert for alert in alerts if record in rulebook.needed_by(alert, records))
            place = records.index(record)
            tried += [(f"{record['record']}: {what}", cases[rulebook.name_of(alert)], alert,
                       [*others_[:place], mutant, *others_[place:]]) for what, mutant in mutants(record)]
        self.assertGreater(len(tried), 10 * len(alerts))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as executor:
            for (what, *_), complaint in zip(tried, executor.map(noticed, tried)):
                with self.subTest(mutant=what):
                    self.assertTrue(complaint, "no test fails")


if __name__ == "__main__":
    unittest.main()
