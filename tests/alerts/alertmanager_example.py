#!/usr/bin/env python3
"""The Alertmanager example is valid, routes by severity, and inhibits what it says it inhibits."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import servers  # noqa: E402

CONFIG = ROOT / "alerts" / "alertmanager.example.yml"
THING = {"job": "api", "instance": "db1"}


def amtool(*arguments):
    return subprocess.run(["amtool", *arguments], capture_output=True, text=True, timeout=servers.DEADLINE_SECONDS)


def alert(name, severity, **labels):
    return THING | {"alertname": f"ScidexPgPool{name}", "severity": severity} | labels


class Example(unittest.TestCase):
    def test_is_valid(self):
        result = amtool("check-config", str(CONFIG))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def assert_routes(self, receiver, *labels):
        result = amtool("config", "routes", "test", f"--config.file={CONFIG}", f"--verify.receivers={receiver}", *labels)
        self.assertEqual(result.returncode, 0, f"{labels}: {result.stdout}{result.stderr}")

    def test_routes_by_severity(self):
        for severity, receiver in (("critical", "page"), ("warning", "ticket"), ("info", "none")):
            self.assert_routes(receiver, f"severity={severity}")

    def test_routes_the_watchdog_to_its_own_receiver(self):
        self.assert_routes("watchdog", "alertname=ScidexPgPoolWatchdog", "severity=info")


class Inhibition(unittest.TestCase):
    """In a real Alertmanager, which stops before the first group_wait: it sends no notification."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        log = pathlib.Path(folder.name, "log")
        self.url = f"http://127.0.0.1:{servers.free_port()}"
        servers.start(self.addCleanup,
                      ["prometheus-alertmanager", f"--config.file={CONFIG}",
                       f"--storage.path={folder.name}/data", "--cluster.listen-address=",
                       f"--web.listen-address={self.url.removeprefix('http://')}"], log)
        servers.poll("Alertmanager", lambda: servers.fetch(f"{self.url}/-/ready"), log)

    def assert_inhibits(self, sources, inhibited, others):
        """Each source inhibits exactly these alerts and none of the others; all of them have just begun."""
        # In this order: once Alertmanager has the last source, it has all alerts.
        for group in (others + inhibited, sources):
            servers.fetch(f"{self.url}/api/v2/alerts", [{"labels": labels} for labels in group])

        def found():
            alerts = json.loads(servers.fetch(f"{self.url}/api/v2/alerts"))
            return sorted(json.dumps(one["labels"], sort_keys=True) for one in alerts if one["status"]["inhibitedBy"])

        expected = sorted(json.dumps(labels, sort_keys=True) for labels in inhibited)
        self.assertEqual(servers.poll("inhibited alerts", lambda: len(found()) >= len(expected) and found()), expected)

    def test_critical_inhibits_only_its_own_warning(self):
        self.assert_inhibits(
            [alert("WaitersPilingUp", "critical", pool="ro"), alert("OldestWaiter", "critical", pool="ro", instance="db3")],
            [alert("WaitersPilingUp", "warning", pool="ro")],
            [alert("OldestWaiter", "warning", pool="ro"), alert("WaitersPilingUp", "warning", pool="ro", instance="db2"),
             alert("WaitersPilingUp", "warning", pool="primary"), alert("QueueDepth", "warning", pool="ro")])

    def test_a_fall_through_inhibits_its_causes(self):
        causes = ("ReplicaNotAReplica", "ReplicaDiverged")
        self.assert_inhibits(
            [alert("RoFallthrough", "warning"), alert("RoFallthrough", "info", instance="db3")],
            [*(alert(name, "warning") for name in causes), alert("ReplicaDown", "warning", pool="ro")],
            [alert("ReplicaDown", "warning", pool="ro", instance="db2"), alert("ReplicaDown", "warning", pool="ro", instance="db3"),
             alert("RouteFlapping", "warning"), alert("ConnectFailures", "warning", pool="primary")])

    def test_refused_reads_inhibit_the_changes_of_their_route(self):
        self.assert_inhibits(
            [alert("RouteDisabled", "warning", database="shop")], [alert("RouteFlapping", "warning", database="shop")],
            [alert("RouteFlapping", "warning", database="audit"), alert("RoFallthrough", "warning", database="shop")])

    def test_a_fleet_that_falls_through_is_one_notice(self):
        fleet = {"job": "api", "cluster": "west", "alertname": "ScidexPgPoolFleetFallthrough", "severity": "warning"}
        self.assert_inhibits(
            [fleet], [alert("RoFallthrough", "warning", cluster="west", instance=name) for name in ("db1", "db2")],
            [alert("RoFallthrough", "warning", cluster="east"), alert("RoFallthrough", "warning"),
             alert("RoFallthrough", "info", cluster="west")])

    def test_a_server_that_is_down_inhibits_what_its_pools_fail_with(self):
        failures = ("NoConnections", "AcquireErrorBudgetBurn", "AcquiresFail", "ConnectFailures")
        self.assert_inhibits(
            [alert("PrimaryDown", "critical", pool="primary"), alert("ReplicaDown", "warning", pool="ro", instance="db2")],
            [*(alert(name, "critical", pool=pool) for name in failures for pool in ("primary", "ro_fallthrough")),
             *(alert(name, "critical", pool="ro", instance="db2") for name in failures)],
            [alert("NoConnections", "critical", pool="ro"),
             alert("AcquireErrorBudgetBurn", "critical", pool="primary", instance="db2"),
             alert("PrimaryReadOnly", "critical"), alert("QueryFailing", "warning", query="orders")])

    def test_a_pool_without_connections_inhibits_its_consequences(self):
        self.assert_inhibits(
            [alert("NoConnections", "critical", pool="ro")],
            [alert("AcquireErrorBudgetBurn", "critical", pool="ro"), alert("ConnectFailures", "warning", pool="ro"),
             alert("WaitersPilingUp", "warning", pool="ro"), alert("AcquiresFail", "warning", pool="ro")],
            [alert("AcquireErrorBudgetBurn", "critical", pool="primary"), alert("LeaseLeaked", "warning", pool="ro")])

    def test_a_query_that_fails_is_one_notice(self):
        self.assert_inhibits(
            [alert("QueryFailing", "warning", query="orders")], [alert("QueryStale", "warning", query="orders")],
            [alert("QueryStale", "warning", query="stock"), alert("QueryStale", "warning", query="orders", instance="db2")])

    def test_an_exporter_that_is_down_inhibits_only_alerts_about_itself(self):
        job = {"job": "pair", "alertname": "ScidexPgPoolExporterDown", "severity": "critical"}
        self.assert_inhibits(
            [alert("ExporterDown", "warning"), job],
            [alert("RouteUnknown", "warning"), alert("ExporterStalled", "warning", pool="ro"),
             alert("ExporterDown", "warning", job="pair"), alert("ExporterDown", "warning", job="pair", instance="db2")],
            [alert("RoFallthrough", "warning"), alert("ExporterDown", "warning", instance="db2"),
             alert("WaitersPilingUp", "critical", pool="ro"), alert("RouteUnknown", "warning", instance="db3")])


if __name__ == "__main__":
    unittest.main()
