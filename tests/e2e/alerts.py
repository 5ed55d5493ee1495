#!/usr/bin/env python3
"""The incidents that a person on call handles, on real servers, notified by a real Prometheus and Alertmanager, sixty times
as fast: each incident causes the expected notifications and no others, and all of them are resolved at its end.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter alerts.py
"""

import concurrent.futures
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

# At least ten times what the slowest incident takes on an idle machine.
DEADLINE_SECONDS = 600
WATCHDOG = "ScidexPgPoolWatchdog"


def notification(receiver, alert, pool=None):
    """A notification that an incident is expected to cause."""
    return receiver, f"ScidexPgPool{alert}", pool


def query(name, sql, **settings):
    return {"name": name, "sql": sql, "values": [{"column": "one", "help": "One."}]} | settings


def sleeper(seconds):
    """Holds a lease of the pool ro."""
    return query("sleeper", f"SELECT 1 AS one FROM pg_sleep({seconds})", interval="1h", timeout="1h")


class Service:
    """An exporter in its own cluster, which distinguishes incidents that happen at the same time."""

    def __init__(self, add_cleanup, folder, name, settings):
        self.name, self.settings = name, settings
        self.folder = folder / name
        self.folder.mkdir()
        self.config = self.folder / "exporter.yaml"
        self.configure()
        self.exporter = exporter.Exporter(add_cleanup, self.folder, f"--config.file={self.config}")

    def configure(self, *queries, **settings):
        # JSON is YAML. With this timeout a server that responds is fit, even on a busy machine.
        self.config.write_text(json.dumps({"probe": {"timeout": "1m", "new_session_interval": "1s"}} | self.settings |
                                          {"queries": list(queries)} | settings))

    def reload(self, *queries, **settings):
        before = self.metric("scidex_pg_exporter_config_hash")
        self.configure(*queries, **settings)
        self.exporter.process.send_signal(signal.SIGHUP)
        servers.poll("reload", lambda: self.metric("scidex_pg_exporter_config_hash") != before)

    def metric(self, name):
        lines = servers.fetch(f"{self.exporter.url}metrics").decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


class Incidents(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # The servers that are stopped, and those that stay up.
        self.broken, self.sound = (postgres.start_primary_and_replica(self.addCleanup) for _ in range(2))
        self.services = {service.name: service for service in self.all_services()}
        for service in self.services.values():
            service.exporter.start()
        self.receiver = monitoring.Receiver(self.addCleanup)
        alertmanager = monitoring.start_alertmanager(self.addCleanup, self.folder, self.receiver)
        self.prometheus = monitoring.start_prometheus(
            self.addCleanup, self.folder, {name: service.exporter.address for name, service in self.services.items()},
            alertmanager)
        for name in self.services:
            servers.poll(f"{name} in Prometheus", lambda name=name: self.scraped_series(name))

    def all_services(self):
        password = self.folder / "password"
        password.write_text("right")
        self.require_password()
        login = {role: {"dsn": server.dsn.replace("user=postgres", "user=app"), "password_file": str(password)}
                 for role, server in zip(("primary", "replica"), self.broken)}
        sound = {role: {"dsn": server.dsn} for role, server in zip(("primary", "replica"), self.sound)}

        def service(name, settings):
            return Service(self.addCleanup, self.folder, name, settings)

        # Its incidents happen one after another.
        yield service("servers", login | {"read_only": {"max_lag": "2s"}})
        yield service("small", sound | {"pools": {"ro": {"min_idle": 1, "max_size": 1}}})
        yield service("lease", sound | {"pools": {"ro": {"min_idle": 1, "max_size": 4, "leak_after": "1s"}}})
        yield service("same", sound)
        yield service("killed", sound)

    def require_password(self):
        primary, replica = self.broken
        primary.sql("CREATE ROLE app LOGIN PASSWORD 'right'; GRANT pg_monitor TO app; CREATE TABLE written ()")
        for server in (primary, replica):
            hba = server.data / "pg_hba.conf"
            hba.write_text("host all app 127.0.0.1/32 scram-sha-256\n" + hba.read_text())
            server.sql("SELECT pg_reload_conf()")

    def scraped_series(self, cluster):
        query = f'scidex_pg_pool_ro_routes_to{{cluster="{cluster}"}}'
        answer = json.loads(servers.fetch(f"{self.prometheus}/api/v1/query?query={query}"))
        return answer["data"]["result"]

    def notifications(self, cluster):
        return [one for one in self.receiver.all() if one.labels.get("cluster") == cluster]

    def timeline(self, cluster):
        notes = self.notifications(cluster)
        return "\n".join(f"{one.at - notes[0].at:6.2f} s {one.receiver} {one.status} {one.labels['alertname']} "
                         f"{one.labels.get('pool', '')}: {one.annotations['description']}" for one in notes)

    def latest(self, cluster, begin):
        """{(receiver, alert, pool): its latest status} of the notifications from index `begin` on."""
        return {(one.receiver, one.labels["alertname"], one.labels.get("pool")): one.status
                for one in self.notifications(cluster)[begin:]}

    def run_incident(self, cluster, happens, ends, *expected, may=(), says=""):
        """The incident happens: the expected alerts fire. It ends: they are resolved, and no others have arrived except
        those in `may`."""
        begin = len(self.notifications(cluster))
        happens()
        self.await_latest(cluster, begin, expected, may, "firing")
        self.assertIn(says, self.notifications(cluster)[begin].annotations["description"])
        ends()
        self.await_latest(cluster, begin, expected, may, "resolved")

    def await_latest(self, cluster, begin, expected, may, status):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            latest = self.latest(cluster, begin)
            self.assertLessEqual(latest.keys(), {*expected, *may}, f"{cluster}:\n{self.timeline(cluster)}")
            done = [key for key in expected if latest.get(key) == status]
            if len(done) == len(expected) and (status == "firing" or set(latest.values()) == {"resolved"}):
                return
            if time.monotonic() > deadline:
                self.fail(f"{cluster}: {status} are only {done} of {expected}:\n{self.timeline(cluster)}")
            time.sleep(0.05)

    def test_each_incident_has_its_notices_and_no_others(self):
        lanes = (self.servers_that_fail, self.a_pool_that_is_too_small, self.a_lease_that_is_held,
                 self.a_replica_that_is_the_primary, self.an_exporter_that_is_killed)
        with concurrent.futures.ThreadPoolExecutor(len(lanes)) as executor:
            for lane in [executor.submit(lane) for lane in lanes]:
                lane.result()
        for one in self.receiver.all():
            expected = "watchdog" if one.labels["alertname"] == WATCHDOG else \
                "page" if one.labels["severity"] == "critical" else "ticket"
            self.assertEqual(one.receiver, expected)
            self.assertTrue(one.annotations["summary"] and one.annotations["description"])
        for name in self.services:
            print(f"{name}:\n{self.timeline(name)}")
        self.assertIn("watchdog", {one.receiver for one in self.receiver.all()})

    def servers_that_fail(self):
        primary, replica = self.broken
        through = notification("ticket", "RoFallthrough")
        self.run_incident("servers", replica.stop, replica.start, through, says="because of connect_refused")
        self.run_incident("servers", self.pause_replay, lambda: replica.sql("SELECT pg_wal_replay_resume()"), through,
                          says="the replica's lag has exceeded max_lag")
        self.run_incident("servers", primary.stop, primary.start, notification("page", "PrimaryDown", "primary"))
        self.run_incident("servers", lambda: self.change_password("wrong"), lambda: self.change_password("right"),
                          notification("page", "PrimaryDown", "primary"), through, says="auth_failed")

    def pause_replay(self):
        primary, replica = self.broken
        replica.sql("SELECT pg_wal_replay_pause()")
        primary.sql("DROP TABLE written; CREATE TABLE written ()")

    def change_password(self, password):
        """On the primary, and by replication on the replica. It affects new sessions only."""
        self.broken[0].sql(f"ALTER ROLE app PASSWORD '{password}'")

    def a_pool_that_is_too_small(self):
        """A pool with one connection, which is in use while others wait for it."""
        service, holder = self.services["small"], sleeper(seconds=3601)
        wanting = [query(f"wanting_{number}", "SELECT 1 AS one", interval="10s", timeout="200ms") for number in range(40)]
        # The failures of minutes exceed the budget of a day. The first ones may be too few for an error budget. On a busy
        # machine the incident takes longer, and queries without a connection for ten of its minutes are stale.
        self.run_incident("small", lambda: service.reload(holder, *wanting),
                          lambda: (service.reload(), self.end_session(holder)),
                          notification("page", "AcquireErrorBudgetBurn", "ro"),
                          may=[notification("ticket", "AcquireErrorBudgetBurn", "ro"),
                               notification("ticket", "AcquiresFail", "ro"), notification("ticket", "QueryStale")])

    def a_lease_that_is_held(self):
        service, holder = self.services["lease"], sleeper(seconds=3600)
        self.run_incident("lease", lambda: service.reload(holder),
                          lambda: (service.reload(), self.end_session(holder)),
                          notification("ticket", "LeaseLeaked", "ro"), may=[notification("ticket", "QueryStale")])

    def end_session(self, holder):
        """Terminates its session on the replica."""
        statement = holder["sql"].replace("'", "''")
        self.sound[1].sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = '{statement}'")

    def a_replica_that_is_the_primary(self):
        service, primary = self.services["same"], self.sound[0]
        self.run_incident("same", lambda: service.reload(replica={"dsn": primary.dsn}), service.reload,
                          notification("ticket", "RoFallthrough"),
                          says="the DSN of the replica leads to the primary itself")

    def an_exporter_that_is_killed(self):
        killed = self.services["killed"].exporter
        self.run_incident("killed", lambda: killed.process.kill(), killed.start, notification("page", "ExporterDown"))


class Faster(unittest.TestCase):
    def test_durations_are_divided_and_nothing_else_is(self):
        self.assertEqual(
            monitoring.faster('a[3m] > 5 * b[1h:] + c[6h:5m] + d offset 2d\nfor: 30s\nkeep_firing_for: 2d\nx: "5m"\nrate5m'),
            'a[3s] > 5 * b[1m:] + c[6m:5s] + d offset 2h\nfor: 500ms\nkeep_firing_for: 2h\nx: "5m"\nrate5m')


if __name__ == "__main__":
    unittest.main()
