#!/usr/bin/env python3
"""Every alert fires at the right time, not a step earlier, not on near misses, and ends; and every recorded series has its
value."""

import concurrent.futures
import json
import os
import pathlib
import re
import unittest

import recorded
import rulebook
from case import WRONG
from cases import CASES
from cases.common import NODE_EXPORTER, TEXTFILE_WRITTEN
from series import Climb, Now, Rise, selector, values
from timeline import Timelines

DASHBOARDS = sorted((pathlib.Path(__file__).resolve().parents[2] / "dashboards" / "json").glob("*.json"))
METRIC = re.compile(r"\b(?:instance_pool:)?(?:scidex_pg|process)_[\w:]+|\bup\b")
# By convention, only names of recorded series have colons; and so has the format of a variable of Grafana.
RECORDED = re.compile(r"(?<!\$\{)\b[a-z_]+(?::[a-z_][a-z0-9_]*)+")


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

    def test_an_alert_links_to_a_dashboard_that_shows_its_metrics(self):
        """If any dashboard does."""
        shown = {board["uid"]: METRIC.findall(" ".join(
            target["expr"] for panel in board["panels"] for target in panel.get("targets", ())))
            for board in (json.loads(file.read_text()) for file in DASHBOARDS)}
        for name, alert in self.alerts.items():
            # Most rules and panels have conditions on the age of a textfile.
            asked = {metric for metric in METRIC.findall(alert["expr"]) if "textfile" not in metric}
            showing = [uid for uid, metrics in shown.items() if asked & set(metrics)]
            linked = re.search(r"/d/([\w-]+)", alert["annotations"]["dashboard_url"])[1]
            with self.subTest(alert=name):
                self.assertIn(linked, showing or shown)

    def test_the_recorded_series_are_those_that_something_uses(self):
        rules = [rule["expr"] + "".join(rule.get("annotations", {}).values()) for rule in rulebook.load()]
        used = {name for text in (*rules, *(file.read_text() for file in DASHBOARDS)) for name in RECORDED.findall(text)}
        self.assertEqual({record["record"] for record in self.records}, used)

    def test_no_alert_fires_between_scrapes_a_minute_apart(self):
        """While all is calm, and each evaluation is 50 seconds after a scrape."""
        seconds, scrape_every, evaluated_every, steps = 10, 6, 60, 181
        cases = [case for case in CASES if case.step == 15 and not case.always]
        tests = [{
            "name": case.name, "interval": f"{seconds}s",
            "input_series": [{"series": selector(name, WRONG), "values": " ".join(
                value if index % scrape_every == 1 else "_"
                for index, value in enumerate(values([(behaviour, steps)], seconds).split()))}
                for name, behaviour in case.calm.items()],
            "promql_expr_test": [{
                "expr": f'max_over_time(ALERTS{{alertname="{case.alert}", alertstate="firing"}}[{steps * seconds}s])',
                "eval_time": f"{(steps - 1) * seconds}s", "exp_samples": []}]} for case in cases]
        self.assertEqual(rulebook.promtool([self.alerts[name] for name in {case.name: None for case in cases}], tests,
                                           evaluated_every), "")

    def test_no_near_miss_of_a_counter_fires_between_scrapes(self):
        """Each evaluation is ten seconds after a scrape, so that increase() and rate() extrapolate."""
        def silent(case):
            tests = [{
                "name": why, "interval": f"{case.step // 3}s",
                "input_series": [{"series": selector(name, WRONG), "values": " ".join(
                    f"_ {value} _" for value in values([(behaviour, steps)], case.step).split())}
                    for name, behaviour in (case.calm | different).items()],
                "promql_expr_test": [{
                    "expr": f'max_over_time(ALERTS{{alertname="{case.alert}", alertstate="firing"}}[{steps * case.step}s])',
                    "eval_time": f"{steps * case.step}s", "exp_samples": []}]}
                for steps in [Timelines(case).over] for why, different in case.near.items()
                if any(isinstance(behaviour, (Rise, Climb)) for behaviour in different.values())]
            return rulebook.promtool(rulebook.evaluated(case, self.alerts[case.name], self.records), tests, case.step)

        cases = [case for case in CASES if not case.always]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as executor:
            for case, complaint in zip(cases, executor.map(silent, cases)):
                with self.subTest(case=case.name):
                    self.assertEqual(complaint, "")

    def test_an_old_file_has_no_alert_but_its_own(self):
        """The exporter stops while something is wrong, and node_exporter continues to expose its file. An hour and a half
        later, no window of an alert begins before that, except those of days."""
        other = ("ExporterDown", "ExporterAbsent", "TextfileStale", "AcquireErrorBudgetBurn", "AcquiresFail")
        for case in CASES:
            if case.always or case.alert.removeprefix("ScidexPgPool") in other:
                continue
            instances = {WRONG} | set(re.findall(r'instance="(\w+)"', " ".join(case.calm)))
            wrong = case.calm | case.wrong | {f'{name}{{instance="{instance}"}}': does for instance in instances
                                              for name, does in ((TEXTFILE_WRITTEN, Now()), (NODE_EXPORTER, 0))}
            steps = 5400 // case.step
            series = [{"series": selector(name, WRONG),
                       "values": f"{(told := values([(case.calm.get(name, does), 4), (does, 40)], case.step))} "
                                 + " ".join([told.split()[-1]] * steps)} for name, does in wrong.items()
                      if not name.startswith("ALERTS")]
            with self.subTest(case=case.name):
                self.assertEqual(rulebook.promtool(rulebook.evaluated(case, self.alerts[case.name], self.records), [{
                    "name": case.name, "interval": f"{case.step}s", "input_series": series, "promql_expr_test": [{
                        "expr": f'ALERTS{{alertname="{case.alert}", alertstate="firing"}}',
                        "eval_time": f"{(44 + steps) * case.step - case.step}s", "exp_samples": []}]}], case.step), "")

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
