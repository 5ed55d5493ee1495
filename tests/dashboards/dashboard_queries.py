#!/usr/bin/env python3
"""Every query of the dashboards, sent as Grafana sends it, to a real Prometheus that scrapes two real exporters on a real
primary and replica, one of them through PgBouncer, during events: waiters, timeouts, a write, lag, a lost
replica, a rejected configuration, a restart.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter dashboard_queries.py
If SCIDEX_REPORT names a file, every query is listed there with the number of its series.
"""

import collections
import json
import math
import os
import pathlib
import re
import signal
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
import exporter  # noqa: E402
import monitoring  # noqa: E402
import pgbouncer  # noqa: E402
import postgres  # noqa: E402
import servers  # noqa: E402

# Replaces Grafana's own computation: long enough for several of the scrapes here.
INTERVALS = {"__rate_interval": "2s", "__interval": "1s", "__range": "1m", "__range_s": "60"}
CHOICES = ("one", "each", "All")
# Variables without a value: no target has these labels, the database is unnamed, and no legend needs more than the instance.
ABSENT = ("cluster", "namespace", "database", "where")
# Queries, by panel and refId, whose values the load here does not change.
STILL = {
    ("Connections by state", "max"): "max_size is fixed for the life of a pool",
    ("Connections by state", "target"): "no pool is resized",
    ("Replica lag", "max"): "configured",
    ("Servers", "server"): "always 1: what changes is a label",
    ("Replicas without WAL streaming", "A"): "its WAL is streamed, or it does not answer",
    ("Servers in recovery", "A"): "no server is promoted",
    ("Servers", "recovery"): "the same",
    ("Leaked leases", "A"): "none is held for longer than leak_after",
    ("Leases of replaced pools", "A"): "no pool is replaced",
    ("Local failures", "A"): "this machine lacks nothing",
    ("Builds and configurations", "build"): "always 1",
    ("Builds and configurations", "hash"): "the configuration that is refused is not in force",
    ("Instances", "version"): "always 1",
    ("Instances", "reason"): "always 1: what changes is a label",
    ("Canary", "A"): "each write of it is refused",
    ("Collector errors", "A"): "a scrape that fails in part cannot be had from outside",
    ("Refused sessions", "A"): "each session can be shown to be read-only, behind the pooler too",
    ("Tampering", "A"): "what a query sets ends with its transaction: it takes a service of its own to tamper",
    ("Tampering by pool", "A"): "the same",
    ("Successful writes", "A"): "the same",
    ("Primary", "A"): "always 1: the primary takes writes",
}


def query(name, sql, source="route", every="1s"):
    return {"name": name, "sql": sql, "from": source, "interval": every, "timeout": every,
            "values": [{"column": "one", "help": "One."}]}


# Queries that need more than one connection to the replica, one that holds it for longer than others wait, and a write.
LOAD = [*(query(f"sleeps_{number}", "SELECT 1 AS one FROM pg_sleep(0.2)") for number in range(5)),
        query("holds", "SELECT 1 AS one FROM pg_sleep(2)", every="4s"),
        query("writes", "SELECT nextval('numbers') AS one", "primary")]


class LiveQueries(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="scidex-dashboards-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.primary, cls.replica = postgres.start_primary_and_replica(cls.addClassCleanup)
        cls.primary.sql("CREATE SEQUENCE numbers")
        cls.busy = cls.start_exporter("busy", cls.primary, cls.replica, queries=LOAD,
                                      pools={"ro": {"min_idle": 1, "max_size": 1, "idle_timeout": "1s"}},
                                      autoscaler={"mode": "dry_run", "interval": "1s"})
        poolers = [pgbouncer.PgBouncer(cls.addClassCleanup, server) for server in (cls.primary, cls.replica)]
        cls.strict = cls.start_exporter("strict", *poolers, queries=[query("one", "SELECT 1 AS one")],
                                        read_only={"fallthrough": "never"})
        cls.prometheus = monitoring.start_prometheus(cls.addClassCleanup, cls.folder,
                                                     [cls.busy.address, cls.strict.address])
        cls.began = time.time()
        cls.dashboards = dashboards.load()
        cls.happen()

    @classmethod
    def start_exporter(cls, name, primary, replica, **settings):
        folder = cls.folder / name
        folder.mkdir()
        config = folder / "exporter.yaml"
        config.write_text(json.dumps({"primary": {"dsn": primary.dsn}, "replica": {"dsn": replica.dsn},
                                      "probe": {"canary_interval": "1s"}} | settings))  # JSON is YAML
        started = exporter.Exporter(cls.addClassCleanup, folder, f"--config.file={config}")
        started.config = config
        started.start()
        return started

    @classmethod
    def happen(cls):
        """Causes everything that the panels show, and waits until Prometheus has it."""
        cls.await_series("the replica's route", "count(scidex_pg_pool_ro_routes_to == 1) == 2")
        cls.await_series("a queue", 'scidex_pg_pool_waiters{pool="ro"} > 2')
        cls.await_series("a timeout", 'rate(scidex_pg_pool_acquires_total{outcome="timeout"}[2s]) > 0')
        cls.show("pool_too_small")
        cls.replica.sql("SELECT pg_wal_replay_pause()")
        cls.primary.sql("CREATE TABLE not_there_yet ()")
        cls.await_series("a replica that lags", "scidex_pg_pool_replica_lag_seconds > 0.5")
        cls.replica.sql("SELECT pg_wal_replay_resume()")
        cls.await_series("a refused write", "rate(scidex_pg_pool_read_only_violations_total[2s]) > 0")
        cls.replica.stop()
        cls.await_series("reads fall through", "scidex_pg_pool_ro_routes_to == 2")
        cls.await_series("reads are refused", "scidex_pg_pool_ro_routes_to == 3")
        cls.await_series("an alert", 'ALERTS{alertname="ScidexPgPoolRoFallthrough", alertstate="firing"}')
        cls.show("replica_lost")
        right = cls.strict.config.read_text()
        cls.strict.config.write_text("no_such_key: 1\n")
        cls.strict.process.send_signal(signal.SIGHUP)
        cls.await_series("a refused configuration", "scidex_pg_exporter_config_last_reload_successful == 0")
        cls.strict.config.write_text(right)
        cls.strict.stop()
        cls.await_series("an exporter that is down", "up == 0")
        cls.show("exporter_down")
        cls.replica.start()
        cls.strict.start()
        cls.await_series("the replica's route again", "count(scidex_pg_pool_ro_routes_to == 1) == 2")
        cls.await_series("waits that end", 'rate(scidex_pg_pool_acquires_total{outcome="waited"}[2s]) > 0')
        for _ in range(3):
            try:
                servers.fetch(f"{cls.busy.url}nothing")
            except urllib.error.HTTPError:
                pass
        cls.await_series("a page that is not there", 'scidex_pg_exporter_http_requests_total{code="404"} > 0')
        servers.poll("evaluation of the rules", lambda: all(rule["health"] != "unknown" for rule in cls.rules()))

    @classmethod
    def show(cls, incident):
        """Called in the middle of it; overridden to draw the dashboards."""

    @classmethod
    def await_series(cls, what, expr):
        servers.poll(what, lambda: cls.ask("query", query=expr)["result"], cls.folder / "prometheus.log")

    @classmethod
    def ask(cls, path, **parameters):
        """The data of Prometheus's response; an AssertionError with its message if it reports an error."""
        text = urllib.parse.urlencode(parameters, doseq=True)
        try:
            return json.loads(servers.fetch(f"{cls.prometheus}/api/v1/{path}?{text}"))["data"]
        except urllib.error.HTTPError as refusal:
            if refusal.code not in (400, 422):
                raise
            why = json.loads(refusal.read())["error"]
            raise AssertionError(f"{parameters}: {why}") from refusal

    @classmethod
    def rules(cls):
        return [rule for group in cls.ask("rules")["groups"] for rule in group["rules"]]

    def choices(self, dashboard):
        """The values of the variables as Grafana fills them in: with one value of each, with each value, and with All. The
        list of a variable is queried with the values of the variables before it."""
        for name in CHOICES:
            values = dict(INTERVALS)
            for variable in dashboards.query_variables(dashboard):
                found = dashboards.options(variable, values, self.ask)
                if variable["name"] in ABSENT:
                    self.assertEqual(found, [])
                    values[variable["name"]] = variable.get("allValue", "")
                    continue
                self.assertTrue(found, f"{variable['name']} has no values")
                one = self.busy.address if variable["name"] == "instance" else found[0]
                values[variable["name"]] = {"one": dashboards.chosen([one]), "each": dashboards.chosen(found),
                                            "All": variable["allValue"]}[name]
            yield name, values

    def each_choice(self):
        for file, dashboard in self.dashboards.items():
            for name, values in self.choices(dashboard):
                yield {"dashboard": file, "chosen": name}, dashboard, values

    def over_time(self, expr):
        """Every series since the load began, as a list of its values."""
        found = self.ask("query_range", query=expr, start=self.began, end=time.time(), step=0.2)["result"]
        return [[float(value) for _, value in series["values"]] for series in found]

    def now(self, expr):
        """The same at this moment, or later if a failed scrape hides the series."""
        return servers.poll(expr, lambda: [[float(series["value"][1])]
                                           for series in self.ask("query", query=expr)["result"]])

    def test_variables_offer_this_job_its_instances_and_every_pool(self):
        for dashboard in self.dashboards.values():
            variables = dashboards.query_variables(dashboard)
            values = INTERVALS | {variable["name"]: variable.get("allValue", "") for variable in variables}
            found = {variable["name"]: dashboards.options(variable, values, self.ask) for variable in variables}
            self.assertEqual(found, {**dict.fromkeys(ABSENT, []), "job": [monitoring.JOB],
                                     "instance": sorted([self.busy.address, self.strict.address]),
                                     "pool": ["primary", "ro", "ro_fallthrough"]})

    def test_every_target_of_every_panel_has_an_answer(self):
        listed = collections.defaultdict(dict)
        for where, dashboard, values in self.each_choice():
            for panel, target in dashboards.targets(dashboard):
                with self.subTest(**where, panel=panel["title"], target=target["refId"]):
                    expr = dashboards.interpolate(target["expr"], values)
                    series = self.now(expr) if target["instant"] else self.over_time(expr)
                    line = where["dashboard"], panel["id"], panel["title"], target["refId"]
                    listed[line][where["chosen"]] = len(series)
                    self.assertTrue(series, f"empty: {expr}")
                    # There are no writers here, so metrics of writers have no value.
                    if where["chosen"] != "one":
                        self.assertTrue(any(map(math.isfinite, sum(series, []))), f"no number: {expr}")
        self.report(listed)

    def report(self, listed):
        """One line per query."""
        lines = [f"{'dashboard':16} {'panel':40} {'query':10}" + "".join(f"{name:>6}" for name in CHOICES)]
        lines += [f"{file:16} {title:40} {ref:10}" + "".join(f"{counts.get(name, '-'):>6}" for name in CHOICES)
                  for (file, _, title, ref), counts in listed.items()]
        if path := os.environ.get("SCIDEX_REPORT"):
            pathlib.Path(path).write_text("\n".join(lines) + "\n")

    def test_every_query_shows_that_something_has_happened(self):
        for file, dashboard in self.dashboards.items():
            *_, (_, values) = self.choices(dashboard)
            for panel, target in dashboards.targets(dashboard):
                expr = dashboards.interpolate(target["expr"], values)
                moves = len(set(filter(math.isfinite, sum(self.over_time(expr), [])))) > 1
                with self.subTest(dashboard=file, panel=panel["title"], target=target["refId"]):
                    self.assertTrue(moves or (panel["title"], target["refId"]) in STILL, expr)

    def test_a_choice_that_matches_nothing_has_no_answer(self):
        for file, dashboard in self.dashboards.items():
            nothing = INTERVALS | {variable["name"]: "nothing" for variable in dashboards.query_variables(dashboard)}
            for panel, target in dashboards.targets(dashboard):
                with self.subTest(dashboard=file, panel=panel["title"], target=target["refId"]):
                    self.assertEqual(self.over_time(dashboards.interpolate(target["expr"], nothing)), [])

    def test_every_annotation_marks_something(self):
        for where, dashboard, values in self.each_choice():
            for annotation in dashboard["annotations"]["list"]:
                with self.subTest(**where, annotation=annotation["name"]):
                    self.assertTrue(self.over_time(dashboards.interpolate(annotation["expr"], values)))

    def test_every_rule_evaluates(self):
        rules = self.rules()
        self.assertGreaterEqual(len(rules), 30)
        for rule in rules:
            with self.subTest(rule=rule["name"]):
                self.assertEqual(rule["health"], "ok", rule.get("lastError"))

    def test_prometheus_gets_openmetrics_with_type_help_and_unit(self):
        text = servers.fetch(f"{self.busy.url}metrics", accept="application/openmetrics-text;version=1.0.0").decode()
        self.assertTrue(text.endswith("# EOF\n"))
        families = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        units = dict(re.findall(r"^# UNIT (\S+) (\S+)$", text, re.MULTILINE))
        self.assertGreater(len(families), 20)
        self.assertGreater(len(units), 10)
        # A family of a query may be newer than Prometheus' latest scrape.
        known = servers.poll("scrape with every family", lambda: self.metadata({name for name, _ in families}))
        for name, kind in families:
            with self.subTest(family=name):
                self.assertEqual(known[name]["type"], kind)
                self.assertTrue(known[name]["help"])
                self.assertEqual(known[name]["unit"], units.get(name, ""))

    def metadata(self, names):
        """What Prometheus knows of each family; nothing while one of `names` is missing."""
        target = f'{{job="{monitoring.JOB}", instance="{self.busy.address}"}}'
        known = {entry["metric"]: entry for entry in self.ask("targets/metadata", match_target=target)}
        return known if names <= known.keys() else None

    def test_promtool_accepts_the_exposition_without_output(self):
        text = servers.fetch(f"{self.busy.url}metrics")
        check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                               timeout=servers.DEADLINE_SECONDS)
        self.assertEqual((check.returncode, check.stdout, check.stderr), (0, b"", b""))


if __name__ == "__main__":
    unittest.main()
