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
WAITERS = {"alertname": "ScidexPgPoolWaitersPilingUp", "job": "api", "instance": "db1",
           "pool": "ro"}


def amtool(*arguments):
    return subprocess.run(["amtool", *arguments], capture_output=True, text=True, timeout=60)


class Example(unittest.TestCase):
    def test_is_valid(self):
        result = amtool("check-config", str(CONFIG))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_routes_by_severity(self):
        for severity, receiver in (("critical", "page"), ("warning", "chat"), ("info", "ticket")):
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

    def test_critical_inhibits_the_warning_of_the_same_name_and_thing_alone(self):
        # Alertmanager takes them in this order: once it knows the last critical one, it knows both.
        posted = [{"severity": "critical", "instance": "other name", "alertname": "Other"},
                  {"severity": "warning", "instance": "other name"},
                  {"severity": "warning", "instance": "db2"},
                  {"severity": "warning", "pool": "primary"},
                  {"severity": "warning"},
                  {"severity": "critical"}]
        servers.fetch(f"{self.url}/api/v2/alerts",
                      [{"labels": WAITERS | labels} for labels in posted])

        def inhibited():
            alerts = json.loads(servers.fetch(f"{self.url}/api/v2/alerts"))
            return [tuple(alert["labels"][name] for name in ("severity", "instance", "pool"))
                    for alert in alerts if alert["status"]["inhibitedBy"]]

        self.assertEqual(servers.poll("inhibited alert", inhibited), [("warning", "db1", "ro")])


if __name__ == "__main__":
    unittest.main()
