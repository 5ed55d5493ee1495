#!/usr/bin/env python3
"""Every query of dashboards and rules, asked of a real Prometheus that scrapes a real exporter.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter dashboard_queries.py
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import dashboards  # noqa: E402
import servers  # noqa: E402

JOB = "scidex-pg-exporter"
# What Grafana computes from the panel's width and the time chosen.
INTERVALS = {"__rate_interval": "15s", "__interval": "1s", "__range": "1m"}
ALL = ".+"


def exporter_environment():
    """With a primary that refuses connections: every series must be there all the same."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("PG", "SCIDEX_"))}
    refusing = f"host=127.0.0.1 port={servers.free_port()} user=nobody dbname=none"
    return kept | {"SCIDEX_PG_DSN": refusing}


# Its series are there before its first run.
QUERIES = [{"name": "one", "sql": "SELECT 1 AS one", "values": [{"column": "one", "help": "One."}]}]


def prometheus_config(target):
    every_second = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    return {"global": every_second,
            "rule_files": [str(ROOT / "alerts" / "*.rules.yml")],
            "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": [target]}]}]}


class LiveQueries(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.start_exporter()
        cls.start_prometheus()
        cls.dashboards = dashboards.load()

    @classmethod
    def start_exporter(cls):
        cls.instance = f"127.0.0.1:{servers.free_port()}"
        log = cls.folder / "exporter.log"
        config = cls.folder / "exporter.yaml"
        config.write_text(json.dumps({"queries": QUERIES}))  # JSON is YAML
        servers.start(cls.addClassCleanup,
                      [os.environ["SCIDEX_EXPORTER"], f"--web.listen-address={cls.instance}",
                       f"--config.file={config}"], log,
                      exporter_environment())
        servers.poll("exporter", lambda: servers.fetch(f"http://{cls.instance}/metrics"), log)

    @classmethod
    def start_prometheus(cls):
        address = f"127.0.0.1:{servers.free_port()}"
        cls.api = f"http://{address}/api/v1"
        log = cls.folder / "prometheus.log"
        config = cls.folder / "prometheus.yml"
        config.write_text(json.dumps(prometheus_config(cls.instance)))  # JSON is YAML
        servers.start(cls.addClassCleanup,
                      ["prometheus", f"--config.file={config}", "--log.level=warn",
                       f"--storage.tsdb.path={cls.folder}/data",
                       f"--web.listen-address={address}"], log)
        scraped = "count_over_time(scidex_pg_pool_ro_routes_to[1m]) >= 3"
        servers.poll("third scrape", lambda: cls.ask("query", query=scraped)["result"], log)
        servers.poll("evaluation of the rules",
                     lambda: all(rule["health"] != "unknown" for rule in cls.rules()), log)

    @classmethod
    def ask(cls, path, **parameters):
        """The data that Prometheus answers; an AssertionError with its words if it refuses."""
        query = urllib.parse.urlencode(parameters, doseq=True)
        try:
            return json.loads(servers.fetch(f"{cls.api}/{path}?{query}"))["data"]
        except urllib.error.HTTPError as refusal:
            if refusal.code not in (400, 422):
                raise
            why = json.loads(refusal.read())["error"]
            raise AssertionError(f"{parameters}: {why}") from refusal

    @classmethod
    def rules(cls):
        return [rule for group in cls.ask("rules")["groups"] for rule in group["rules"]]

    def values_of(self, variable, values):
        selector, label = dashboards.label_values(dashboards.interpolate(variable["query"], values))
        return self.ask(f"label/{label}/values", **{"match[]": selector})

    def choices(self, dashboard):
        """The values of the variables as Grafana fills them in: with one of each chosen, each of
        them chosen, and with All. Each list is asked for with the choices before it, as there."""
        for name, choose in (("one", lambda values: dashboards.chosen(values[:1])),
                             ("each", dashboards.chosen), ("All", lambda values: ALL)):
            values = dict(INTERVALS)
            for variable in dashboards.query_variables(dashboard):
                found = self.values_of(variable, values)
                self.assertTrue(found, f"{variable['name']} has no values")
                values[variable["name"]] = choose(found)
            yield name, values

    def each_choice(self):
        for file, dashboard in self.dashboards.items():
            for name, values in self.choices(dashboard):
                yield {"dashboard": file, "chosen": name}, dashboard, values

    def over_time(self, expr):
        now = time.time()
        return self.ask("query_range", query=expr, start=now - 30, end=now, step=1)["result"]

    def test_variables_offer_this_job_this_instance_and_every_pool(self):
        for dashboard in self.dashboards.values():
            values = INTERVALS | {"job": ALL, "instance": ALL}
            found = {variable["name"]: self.values_of(variable, values)
                     for variable in dashboards.query_variables(dashboard)}
            self.assertEqual(found, {"job": [JOB], "instance": [self.instance],
                                     "pool": ["primary", "ro", "ro_fallthrough"]})

    def test_every_target_of_every_panel_has_an_answer(self):
        for where, dashboard, values in self.each_choice():
            for panel, target in dashboards.targets(dashboard):
                with self.subTest(**where, panel=panel["title"], target=target["refId"]):
                    expr = dashboards.interpolate(target["expr"], values)
                    answer = (self.ask("query", query=expr)["result"] if target["instant"]
                              else self.over_time(expr))
                    self.assertTrue(answer, f"empty: {expr}")

    def test_a_choice_that_matches_nothing_has_no_answer(self):
        nothing = INTERVALS | {"job": "nothing", "instance": "nothing", "pool": "nothing"}
        for file, dashboard in self.dashboards.items():
            for panel, target in dashboards.targets(dashboard):
                with self.subTest(dashboard=file, panel=panel["title"], target=target["refId"]):
                    expr = dashboards.interpolate(target["expr"], nothing)
                    self.assertEqual(self.over_time(expr), [])

    def test_every_annotation_can_be_asked_for(self):
        for where, dashboard, values in self.each_choice():
            for annotation in dashboard["annotations"]["list"]:
                with self.subTest(**where, annotation=annotation["name"]):
                    marks = self.over_time(dashboards.interpolate(annotation["expr"], values))
                    # The route has not changed, but the exporter has started.
                    self.assertEqual(bool(marks), annotation["name"] in ("Restarts", "New versions"))

    def test_every_rule_evaluates(self):
        rules = self.rules()
        self.assertGreaterEqual(len(rules), 3)
        for rule in rules:
            with self.subTest(rule=rule["name"]):
                self.assertEqual(rule["health"], "ok", rule.get("lastError"))

    def test_the_fallthrough_of_an_exporter_without_a_replica_is_pending(self):
        states = {rule["name"]: rule["state"] for rule in self.rules() if rule["type"] == "alerting"}
        self.assertEqual(states["ScidexPgPoolRoFallthrough"], "pending")
        self.assertEqual(states["ScidexPgPoolWaitersPilingUp"], "inactive")

    def test_prometheus_negotiates_openmetrics_and_has_type_help_and_unit_of_every_family(self):
        text = servers.fetch(f"http://{self.instance}/metrics",
                             accept="application/openmetrics-text;version=1.0.0").decode()
        self.assertTrue(text.endswith("# EOF\n"))
        families = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        units = dict(re.findall(r"^# UNIT (\S+) (\S+)$", text, re.MULTILINE))
        self.assertGreater(len(families), 20)
        self.assertGreater(len(units), 10)
        known = {entry["metric"]: entry
                 for entry in self.ask("targets/metadata", match_target=f'{{job="{JOB}"}}')}
        for name, kind in families:
            with self.subTest(family=name):
                self.assertEqual(known[name]["type"], kind)
                self.assertTrue(known[name]["help"])
                self.assertEqual(known[name]["unit"], units.get(name, ""))

    def test_promtool_has_nothing_to_say_about_the_exposition(self):
        text = servers.fetch(f"http://{self.instance}/metrics")
        check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                               timeout=60)
        self.assertEqual((check.returncode, check.stdout, check.stderr), (0, b"", b""))


if __name__ == "__main__":
    unittest.main()
