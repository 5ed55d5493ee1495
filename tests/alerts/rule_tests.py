#!/usr/bin/env python3
"""Every alert fires at the right time, not a step earlier, not on near misses, and ends; and every recorded series has its
value."""

import concurrent.futures
import os
import unittest

import recorded
import rulebook
from cases import CASES


class Rules(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        rules = rulebook.load()
        cls.alerts = {rulebook.name_of(rule): rule for rule in rules if "alert" in rule}
        cls.records = [rule for rule in rules if "record" in rule]

    def test_every_alert_has_a_case_and_every_case_an_alert(self):
        self.assertEqual(set(self.alerts), {case.name for case in CASES})

    def test_every_case_has_something_that_comes_close(self):
        for case in CASES:
            with self.subTest(case=case.name):
                self.assertTrue(case.near or case.always)
                self.assertTrue(case.wrong or case.always)

    def test_every_recorded_series_is_of_an_alert_or_has_a_case(self):
        used = [record["record"] for alert in self.alerts.values() for record in rulebook.needed_by(alert, self.records)]
        self.assertEqual({record["record"] for record in self.records}, {*used, *recorded.CASES})

    def test_every_recorded_series_has_the_value_of_its_case(self):
        for record in self.records:
            if record["record"] in recorded.CASES:
                with self.subTest(record=record["record"]):
                    self.assertEqual(recorded.complaint(record), "")

    def test_every_alert_behaves_as_its_case_says(self):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as executor:
            found = executor.map(
                lambda case: rulebook.complaint(case, self.alerts[case.name], self.records), CASES)
            for case, complaint in zip(CASES, found):
                with self.subTest(case=case.name):
                    self.assertEqual(complaint, "")


if __name__ == "__main__":
    unittest.main()
