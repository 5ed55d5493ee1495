#!/usr/bin/env python3
"""Pages and tickets arrive, and end: a real exporter, primary, replica, Prometheus and Alertmanager, sixty times as fast.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter alerts.py
"""

import json
import pathlib
import signal
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import monitoring  # noqa: E402
import postgres  # noqa: E402
import servers  # noqa: E402

# Ten times and more of the slowest: the half hour of RoFallthroughProlonged, here of half a minute.
DEADLINE_SECONDS = 600


def note(receiver, alert, pool=None):
    """What a step expects to arrive."""
    return receiver, f"ScidexPgPool{alert}", pool


class EndToEnd(unittest.TestCase):
    """The steps in their order, on the same servers: what one leaves behind, the next one shows."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.primary, self.replica = postgres.start_primary_and_replica(self.addCleanup)
        self.config = self.folder / "exporter.yaml"
        self.configure()
        self.exporter = exporter.Exporter(self.addCleanup, self.folder, f"--config.file={self.config}")
        self.exporter.start()
        self.receiver = monitoring.Receiver(self.addCleanup)
        alertmanager = monitoring.start_alertmanager(self.addCleanup, self.folder, self.receiver)
        self.prometheus = monitoring.start_prometheus(self.addCleanup, self.folder, [self.exporter.address], alertmanager)
        servers.poll("route in Prometheus", lambda: self.value("scidex_pg_pool_ro_routes_to") == 1)
        self.declared, self.began = set(), 0

    def configure(self, *queries):
        """One connection to the replica: it is easily piled up on."""
        self.config.write_text(json.dumps({  # JSON is YAML
            "primary": {"dsn": self.primary.dsn}, "replica": {"dsn": self.replica.dsn},
            "pools": {"ro": {"min_idle": 1, "max_size": 1}}, "queries": list(queries),
            # On a busy machine, too, a replica that answers is fit.
            "probe": {"timeout": "1m"}}))

    def reload(self, *queries):
        before = self.metric("scidex_pg_exporter_config_hash")
        self.configure(*queries)
        self.exporter.process.send_signal(signal.SIGHUP)
        servers.poll("reload", lambda: self.metric("scidex_pg_exporter_config_hash") != before)

    def metric(self, name):
        lines = servers.fetch(f"{self.exporter.url}metrics").decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))

    def ask(self, query):
        return json.loads(servers.fetch(f"{self.prometheus}/api/v1/query?query={query}"))["data"]["result"]

    def value(self, query):
        result = self.ask(query)
        return float(result[0]["value"][1]) if result else None

    def arrived(self, status):
        """What has this status by the latest word of it, in the order of its first."""
        latest, first = {}, {}
        for at, receiver, said, labels, _ in self.receiver.all()[self.began:]:
            key = (receiver, labels["alertname"], labels.get("pool"))
            latest[key] = said
            first.setdefault(key, at)
        return sorted((key for key in latest if latest[key] == status), key=first.get)

    def declare(self, *expected):
        """Begins a step, in which these arrive and nothing else does."""
        self.assertEqual(self.arrived("firing"), [], self.story())
        self.declared, self.began = set(expected), len(self.receiver.all())
        return expected

    def await_notes(self, status, *expected):
        """Until each of them has this status; whatever the step has not declared fails at once."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not set(expected) <= set(self.arrived(status)):
            self.assert_only_declared()
            if time.monotonic() > deadline:
                self.fail(f"{status} has not arrived of {set(expected) - set(self.arrived(status))}:\n{self.story()}")
            time.sleep(0.05)
        self.assert_only_declared()

    def assert_only_declared(self):
        arrived = set(self.arrived("firing") + self.arrived("resolved"))
        self.assertLessEqual(arrived, self.declared, f"arrived, and this step has not declared it:\n{self.story()}")

    def story(self):
        notes = self.receiver.all()
        begin = notes[0][0] if notes else 0
        return "\n".join(f"{at - begin:6.2f} s {receiver} {status} {labels['alertname']} {labels.get('pool', '')} "
                         f"{labels['severity']}" for at, receiver, status, labels, _ in notes)

    def assert_order(self, *expected):
        """By when they first arrived in this step."""
        order = [key for key in self.arrived("firing") + self.arrived("resolved") if key in expected]
        self.assertEqual(order, list(expected), self.story())

    def test_every_step_is_told_and_its_end_too(self):
        self.a_replica_that_stops()
        self.clients_that_pile_up()
        self.a_query_that_writes()
        self.an_exporter_that_dies()
        self.assertEqual(self.arrived("firing"), [], self.story())
        self.assert_only_declared()
        for _, receiver, _, labels, annotations in self.receiver.all():
            self.assertEqual(receiver, "page" if labels["severity"] == "critical" else "ticket")
            self.assertEqual((labels["job"], labels["instance"]), (monitoring.JOB, self.exporter.address))
            self.assertTrue(annotations["summary"] and annotations["description"])

    def a_replica_that_stops(self):
        expected = self.declare(note("ticket", "RoFallthrough"), note("ticket", "ReplicaDown", "ro"),
                                note("page", "RoFallthroughProlonged"))
        self.replica.stop()
        self.await_notes("firing", *expected)
        self.assert_order(expected[0], expected[2])
        self.replica.start()
        self.await_notes("resolved", *expected)

    def clients_that_pile_up(self):
        def sleepers(name, count, seconds):
            return [{"name": f"{name}_{number}", "sql": f"SELECT 1 AS one FROM pg_sleep({seconds})",
                     "interval": "5m", "timeout": "5m", "values": [{"column": "one", "help": "One."}]}
                    for number in range(count)]

        warning, critical, *others = self.declare(
            note("ticket", "WaitersPilingUp", "ro"), note("page", "WaitersPilingUp", "ro"),
            note("page", "OldestWaiter", "ro"), note("ticket", "QueueDepth", "ro"), note("ticket", "Saturated", "ro"))
        few = sleepers("few", 16, 1)
        self.reload(*few)
        self.await_notes("firing", warning)
        self.reload(*few, *sleepers("many", 40, 0.3))
        self.await_notes("firing", critical)
        self.assert_order(warning, critical)
        self.await_notes("resolved", warning, critical, *others)
        self.reload()

    def a_query_that_writes(self):
        expected, = self.declare(note("ticket", "ReadOnlyViolation", "ro_fallthrough"))
        # What a function does is not seen when the configuration is loaded.
        self.primary.sql("CREATE SEQUENCE numbers")
        self.reload({"name": "writes", "from": "primary", "sql": "SELECT nextval('numbers') AS one",
                     "interval": "5m", "values": [{"column": "one", "help": "One."}]})
        self.await_notes("firing", expected)
        self.reload()
        self.await_notes("resolved", expected)

    def an_exporter_that_dies(self):
        *before, down = self.declare(note("ticket", "RoFallthrough"), note("ticket", "ReplicaDown", "ro"),
                                     note("page", "ExporterDown"))
        self.replica.stop()
        self.await_notes("firing", *before)
        self.exporter.process.kill()
        self.await_notes("firing", down)
        self.await_notes("resolved", *before)
        self.replica.start()
        self.exporter.start()
        self.await_notes("resolved", down)


class Faster(unittest.TestCase):
    def test_durations_are_divided_and_nothing_else_is(self):
        self.assertEqual(monitoring.faster('a[3m] > 5 * b[1h:]\nfor: 30s\nkeep_firing_for: 2d\nx: "5m"\nrate5m'),
                         'a[3s] > 5 * b[1m:]\nfor: 500ms\nkeep_firing_for: 2h\nx: "5m"\nrate5m')


if __name__ == "__main__":
    unittest.main()
