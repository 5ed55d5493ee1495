#!/usr/bin/env python3
"""All rules together, on all series of a real exporter that they use, for four instances, on days with events that are not
the fault of the instances: exactly the expected alerts fire.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter fleet.py
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import documents  # noqa: E402
import exporter  # noqa: E402
import postgres  # noqa: E402
import rulebook  # noqa: E402
import servers  # noqa: E402
from case import JOB  # noqa: E402
from series import Climb, Cycle, Now, Rise, selector, values, with_labels, written  # noqa: E402

STEP_SECONDS = 30
HOUR = 3600 // STEP_SECONDS
INSTANCES = ("db1", "db2", "db3", "db4")
SERIES = re.compile(r"^(\w+)(\{.*\})? (\S+)$", re.MULTILINE)
SERVED = re.compile(r'acquires_total\{.*outcome="immediate"|_(wait|use)_seconds_(sum|count)')
NOTHING = {"series": "something_else", "values": "1"}
FALLING_THROUGH = {"scidex_pg_pool_ro_routes_to": 2, 'scidex_pg_pool_backend_up{pool="ro"}': 0}


def is_counter(name):
    return name.split("{")[0].endswith(("_total", "_sum", "_count", "_bucket"))


def by_pod(instance):
    """The labels that kube-prometheus adds to a target."""
    return {"namespace": "shop", "pod": f"api-{instance}", "container": "api", "endpoint": "metrics", "service": "api"}


def by_cluster(instance):
    """Two pairs in two clusters, with the same instance names."""
    return {"cluster": "west" if instance in ("db1", "db2") else "east",
            "instance": {"db3": "db1", "db4": "db2"}.get(instance, instance)}


class Fleet(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="scidex-fleet-")
        cls.addClassCleanup(folder.cleanup)
        primary, replica = postgres.start_primary_and_replica(cls.addClassCleanup)
        running = exporter.Exporter(cls.addClassCleanup, pathlib.Path(folder.name), SCIDEX_PG_DSN=primary.dsn,
                                    SCIDEX_PG_RO_DSN=replica.dsn)
        running.start()
        servers.poll("lag", lambda: b"\nscidex_pg_pool_replica_lag_seconds NaN" not in
                     servers.fetch(f"{running.url}metrics"))
        text = servers.fetch(f"{running.url}metrics").decode()
        cls.rules = rulebook.load()
        asked = set(re.findall(r"\w+", " ".join(rule["expr"] for rule in cls.rules))) - {"ALERTS"}
        cls.calm = {"up": 1} | {f"{name}{labels}": cls.behaviour(f"{name}{labels}", value)
                                for name, labels, value in SERIES.findall(text) if name in asked}

    @staticmethod
    def behaviour(name, value):
        """The behaviour of a series while all is well."""
        # Counters begin at 100, including that of written textfiles, as if a textfile was written.
        if any(of in name for of in ("probe_last_run_timestamp", "textfile_written_timestamp")):
            return Now()
        # An hour ago.
        if name == "process_start_time_seconds":
            return -3600
        if is_counter(name):
            return Rise(STEP_SECONDS / 10 if SERVED.search(name) else 0)
        return value if value == "NaN" else float(value)

    # The behaviour of all series of an instance in a phase of its day.

    def well(self, different=None):
        self.assertLessEqual((different or {}).keys(), self.calm.keys())
        return self.calm | (different or {})

    def counting_from(self, number):
        """For one step only."""
        return self.calm | {series: number for series in self.calm if is_counter(series)}

    def down(self):
        return dict.fromkeys(self.calm, "stale") | {"up": 0}

    def gone(self):
        return dict.fromkeys(self.calm, "stale")

    def not_there(self):
        return dict.fromkeys(self.calm)

    def day(self, *phases):
        """An hour of an instance in phases, each (behaviour of its series, steps). Counters begin at 100."""
        self.assertEqual(sum(steps for _, steps in phases), HOUR)
        first = {series: 100 if is_counter(series) and does is not None else does
                 for series, does in phases[0][0].items()}
        return [(first, 1), *phases]

    def assert_fires(self, days, *expected, labels=lambda instance: {}, jobs={}, step=STEP_SECONDS):
        """days: {instance: its day}; expected: (alert, severity, {other labels}) of each alert that fires at any time,
        except the watchdog. `labels` returns additional labels of an instance, and `jobs` has the jobs that are not
        the usual one; a scrape happens every `step` seconds."""
        series = [{"series": with_labels(selector(name, labels(instance).get("instance", instance), jobs.get(instance, JOB)),
                                      {of: value for of, value in labels(instance).items() if of != "instance"}),
                   "values": values([(behaviours[name], steps) for behaviours, steps in day], step)}
                  for instance, day in days.items() for name in self.calm]
        fired = ('count by (alertname, severity, cluster, instance, pool) '
                 f'(max_over_time(ALERTS{{alertname!="ScidexPgPoolWatchdog", alertstate="firing"}}[{HOUR * step}s]))')
        alerts = [{"alertname": f"ScidexPgPool{alert}", "severity": severity} | more for alert, severity, more in expected]
        samples = [{"labels": f"{{{written(one)}}}", "value": 1} for one in alerts]
        test = {"name": self.id(), "interval": f"{step}s", "input_series": series or [NOTHING],
                "promql_expr_test": [{"expr": fired, "eval_time": f"{HOUR * step}s", "exp_samples": samples}]}
        self.assertEqual(rulebook.promtool(self.rules, [test], step), "")

    def all_well_but(self, **days):
        return {name: days.get(name, self.day((self.well(), HOUR))) for name in INSTANCES}

    def test_a_day_on_which_all_is_well(self):
        self.assert_fires(self.all_well_but())

    def test_a_prometheus_that_knows_no_exporter(self):
        self.assert_fires({}, ("ExporterAbsent", "warning", {}))

    def test_half_of_the_instances_are_down(self):
        down = self.day((self.well(), 20), (self.down(), HOUR - 20))
        self.assert_fires(self.all_well_but(db3=down, db4=down),
                          *(("ExporterDown", "warning", {"instance": name}) for name in ("db3", "db4")))

    def test_all_instances_of_a_cluster_are_down(self):
        """The critical alert of that cluster, and no alert of the other cluster."""
        down = self.day((self.well(), 20), (self.down(), HOUR - 20))
        self.assert_fires(self.all_well_but(db3=down, db4=down), ("ExporterDown", "critical", {"cluster": "east"}),
                          *(("ExporterDown", "warning", {"cluster": "east", "instance": name}) for name in ("db1", "db2")),
                          labels=by_cluster)

    def fall_through(self, *names):
        """The alerts of each instance that falls through because its replica is down."""
        return [("RoFallthrough", "warning", {"instance": name}) for name in names] + [
            ("ReplicaDown", "warning", {"instance": name, "pool": "ro"}) for name in names]

    def test_half_of_the_instances_are_down_and_the_others_fall_through(self):
        """Each known instance has its own alert; two instances are not a fleet."""
        down = self.day((self.well(), 20), (self.down(), HOUR - 20))
        through = self.day((self.well(), 20), (self.well(FALLING_THROUGH), HOUR - 20))
        self.assert_fires({"db1": through, "db2": through, "db3": down, "db4": down},
                          *(("ExporterDown", "warning", {"instance": name}) for name in ("db3", "db4")),
                          *self.fall_through("db1", "db2"))

    def test_most_instances_fall_through(self):
        """With any labels and any scrape interval."""
        through = self.day((self.well(), 20), (self.well(FALLING_THROUGH), HOUR - 20))
        days = self.all_well_but(db1=through, db2=through, db3=through)
        for labels, step in ((lambda instance: {}, 30), (by_pod, 30), (lambda instance: {}, 15), (lambda instance: {}, 60)):
            with self.subTest(labels=labels("db1"), step=step):
                self.assert_fires(days, ("FleetFallthrough", "warning", {}), *self.fall_through("db1", "db2", "db3"),
                                  labels=labels, step=step)

    def test_a_primary_fails_again_and_again_for_less_than_a_minute(self):
        """PrimaryDown does not fire, and is no excuse: the failed acquires page."""
        failing = self.well({'scidex_pg_pool_backend_up{pool="primary"}': Cycle((1, 1, 1, 0)),
                             'scidex_pg_pool_acquires_total{pool="primary",outcome="error"}': Rise(0.75)})
        self.assert_fires(self.all_well_but(db3=self.day((self.well(), 20), (failing, HOUR - 20))),
                          ("AcquireErrorBudgetBurn", "critical", {"instance": "db3", "pool": "primary"}))

    def test_a_primary_is_down_for_five_minutes(self):
        """Its alert is the only page: the failed acquires of its pools do not page in addition, also not afterwards."""
        down = self.well({'scidex_pg_pool_backend_up{pool="primary"}': 0,
                          'scidex_pg_pool_backend_up{pool="ro_fallthrough"}': 0} | {
            f'scidex_pg_pool_acquires_total{{pool="{pool}",outcome="error"}}': Rise(3)
            for pool in ("primary", "ro_fallthrough")})
        self.assert_fires(self.all_well_but(db3=self.day((self.well(), 20), (down, 10), (self.well(), HOUR - 30))),
                          ("PrimaryDown", "critical", {"instance": "db3", "pool": "primary"}))

    def test_a_pool_has_no_connections_for_ten_minutes(self):
        """One page and no ticket, also afterwards. The probes of its server have a session."""
        pool = 'pool="ro_fallthrough"'
        none = self.well({f'scidex_pg_pool_connections{{{pool},state="{state}"}}': 0 for state in ("idle", "in_use")} | {
            f'scidex_pg_pool_acquires_total{{{pool},outcome="timeout"}}': Rise(30),
            f'scidex_pg_pool_connects_total{{{pool},outcome="too_many_connections"}}': Rise(6),
            f'scidex_pg_pool_waiters{{{pool}}}': 30})
        served = self.well({f'scidex_pg_pool_acquires_total{{{pool},outcome="immediate"}}': Rise(30)})
        self.assert_fires(self.all_well_but(db3=self.day((self.well(), 20), (none, 20), (served, HOUR - 40))),
                          ("NoConnections", "critical", {"instance": "db3", "pool": "ro_fallthrough"}))

    def test_two_pairs_in_two_clusters_are_no_fleet(self):
        through = self.day((self.well(), 20), (self.well(FALLING_THROUGH), HOUR - 20))
        days = self.all_well_but(db1=through, db2=through, db3=through)
        self.assert_fires(days, *((alert, severity, {"cluster": cluster} | more) for cluster, names in (
            ("west", ("db1", "db2")), ("east", ("db1",))) for alert, severity, more in self.fall_through(*names)),
                          labels=by_cluster)

    def test_every_instance_is_restarted_in_turn_and_counts_from_0(self):
        def restarted(step):
            started = {"process_start_time_seconds": step * STEP_SECONDS}
            return self.day((self.well(), step), (self.down(), 1), (self.counting_from(0) | started, 1),
                            (self.well(started), HOUR - step - 2))

        self.assert_fires({name: restarted(20 + 10 * number) for number, name in enumerate(INSTANCES)})

    def started(self, different):
        """The day of an instance that starts after 40 minutes."""
        return self.day((self.not_there(), 80), (self.counting_from(0), 1), (self.well(different), HOUR - 81))

    def failing(self, by):
        """The acquires of the pool ro fail, this many from scrape to scrape."""
        return {'scidex_pg_pool_acquires_total{pool="ro",outcome="immediate"}': Rise(0),
                'scidex_pg_pool_acquires_total{pool="ro",outcome="timeout"}': Rise(by)}

    def test_a_new_instance_has_one_failed_acquire(self):
        once = {'scidex_pg_pool_acquires_total{pool="ro",outcome="immediate"}': Rise(6),
                'scidex_pg_pool_acquires_total{pool="ro",outcome="timeout"}': Climb(((0, 5), (1, 1)))}
        self.assert_fires(self.all_well_but(db4=self.started(once)))

    def test_a_new_instance_whose_acquires_all_fail_has_one_alert(self):
        """A ticket until it has had enough of them for an error budget, then the page."""
        for by, alert, severity in ((4.5, "AcquiresFail", "warning"), (180, "AcquireErrorBudgetBurn", "critical")):
            with self.subTest(alert=alert):
                self.assert_fires(self.all_well_but(db4=self.started(self.failing(by))),
                                  (alert, severity, {"instance": "db4", "pool": "ro"}))

    def test_an_alert_fires_until_the_page_on_a_new_instance_does(self):
        """From the first one on; Alertmanager would otherwise report the end of the failures."""
        any_fires = 'clamp_max(count(ALERTS{alertname=~"ScidexPgPoolAcquire.*", alertstate="firing"}), 1) or vector(0)'
        seconds = HOUR * STEP_SECONDS
        for by in (4.5, 10.5, 30):
            with self.subTest(by=by):
                series = [{"series": selector(name, "db4"),
                           "values": values([(behaviours[name], steps) for behaviours, steps in self.started(self.failing(by))],
                                            STEP_SECONDS)} for name in self.calm]
                test = {"name": self.id(), "interval": f"{STEP_SECONDS}s", "input_series": series, "promql_expr_test": [
                    {"expr": f"changes(({any_fires})[{seconds}s:{STEP_SECONDS}s])", "eval_time": f"{seconds}s",
                     "exp_samples": [{"labels": "{}", "value": 1}]}]}
                self.assertEqual(rulebook.promtool(self.rules, [test], STEP_SECONDS), "")

    def dropped_from_files(self):
        """The pattern of the series that the documented configuration drops from the scrapes of node_exporter."""
        snippet, = (block for block in documents.blocks("docs/operations.md") if block.mark == "alerts/fleet.py")
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write(snippet.text)
            file.flush()
            subprocess.run(["promtool", "check", "config", file.name], check=True, capture_output=True)
        (_, of_files) = yaml.safe_load(snippet.text)["scrape_configs"]
        rule, = of_files["metric_relabel_configs"]
        self.assertEqual((rule["source_labels"], rule["action"]), (["__name__"], "drop"))
        return re.compile(rule["regex"])

    def test_an_exporter_is_scraped_and_node_exporter_has_its_file(self):
        """With the documented configuration, which drops the series of the file, its alerts fire once."""
        down = {'scidex_pg_pool_backend_up{pool="primary"}': 0}
        dropped = self.dropped_from_files()
        for name, kept in (("both", self.calm), ("one", {series for series in self.calm if not dropped.fullmatch(
                series.split("{")[0])})):
            with self.subTest(kept=name):
                lost = {series: None for series in self.calm if series not in kept}
                days = {"db1": self.day((self.well(), 20), (self.well(down), HOUR - 20)),
                        "db1:9100": self.day((self.well(lost), 20), (self.well(down | lost), HOUR - 20))}
                self.assert_fires(days, *(("PrimaryDown", "critical", {"instance": instance, "pool": "primary"})
                                          for instance in (days if name == "both" else ("db1",))),
                                  jobs={"db1:9100": "node"})

    def test_an_instance_is_renamed(self):
        days = self.all_well_but(db4=self.day((self.well(), 40), (self.gone(), HOUR - 40)))
        days["db5"] = self.day((self.not_there(), 40), (self.counting_from(0), 1), (self.well(), HOUR - 41))
        self.assert_fires(days)

    def test_an_instance_is_renamed_while_it_falls_through(self):
        """No alert is lost: the new name also has its alert."""
        through = self.well(FALLING_THROUGH)
        days = self.all_well_but(db4=self.day((through, 40), (self.gone(), HOUR - 40)))
        days["db5"] = self.day((self.not_there(), 40), (through, HOUR - 40))
        self.assert_fires(days, *self.fall_through("db4", "db5"))

    def test_a_target_that_is_scraped_and_has_none_of_the_series(self):
        other = self.not_there() | {"up": 1}
        self.assert_fires(self.all_well_but(db4=self.day((other, HOUR))), ("RouteUnknown", "warning", {"instance": "db4"}))

    def test_prometheus_itself_stands_still_for_two_minutes(self):
        pause = self.day((self.well(), 50), (self.not_there(), 4), (self.well(), HOUR - 54))
        self.assert_fires(dict.fromkeys(INSTANCES, pause))


if __name__ == "__main__":
    unittest.main()
