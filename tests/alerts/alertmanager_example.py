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

    def test_routes_by_severity(self):
        for severity, receiver in (("critical", "page"), ("warning", "ticket"), ("info", "ticket")):
            result = amtool("config", "routes", "test", f"--config.file={CONFIG}",
                            f"--verify.receivers={receiver}", f"severity={severity}")
            self.assertEqual(result.returncode, 0, f"{severity}: {result.stdout}{result.stderr}")


class Inhibition(unittest.TestCase):
    """In a real Alertmanager, which is gone before the first group_wait: it notifies nobody."""

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
        """Each source inhibits those and no others; all have just begun."""
        # In this order: who knows the last source knows all.
        for group in (others + inhibited, sources):
            servers.fetch(f"{self.url}/api/v2/alerts", [{"labels": labels} for labels in group])

        def found():
            alerts = json.loads(servers.fetch(f"{self.url}/api/v2/alerts"))
            return sorted(json.dumps(one["labels"], sort_keys=True) for one in alerts if one["status"]["inhibitedBy"])

        expected = sorted(json.dumps(labels, sort_keys=True) for labels in inhibited)
        self.assertEqual(servers.poll("inhibited alerts", lambda: len(found()) >= len(expected) and found()), expected)

    def test_critical_inhibits_the_warning_of_the_same_name_and_thing_alone(self):
        self.assert_inhibits(
            [alert("WaitersPilingUp", "critical", pool="ro"), alert("OldestWaiter", "critical", pool="ro", instance="db3")],
            [alert("WaitersPilingUp", "warning", pool="ro")],
            [alert("OldestWaiter", "warning", pool="ro"), alert("WaitersPilingUp", "warning", pool="ro", instance="db2"),
             alert("WaitersPilingUp", "warning", pool="primary"), alert("QueueDepth", "warning", pool="ro")])

    def test_what_is_worse_inhibits_the_fall_through(self):
        self.assert_inhibits(
            [alert("RoFallthroughProlonged", "critical"),
             alert("FallthroughHurtsPrimary", "critical", pool="primary", instance="db2")],
            [alert("RoFallthrough", "warning"), alert("RoFallthrough", "warning", instance="db2")],
            [alert("RoFallthrough", "warning", instance="db3"), alert("RouteFlapping", "warning"),
             alert("ReplicaDown", "warning", pool="ro")])

    def test_an_exporter_that_is_down_inhibits_only_what_it_would_say_of_itself(self):
        self.assert_inhibits(
            [alert("ExporterDown", "critical")],
            [alert("RouteUnknown", "warning"), alert("ExporterStalled", "critical", pool="ro")],
            [alert("RoFallthrough", "warning"), alert("RoFallthroughProlonged", "critical", instance="db2"),
             alert("WaitersPilingUp", "critical", pool="ro"), alert("RouteUnknown", "warning", instance="db2")])


if __name__ == "__main__":
    unittest.main()
