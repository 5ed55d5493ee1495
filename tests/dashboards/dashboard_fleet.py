#!/usr/bin/env python3
"""The dashboards of a fleet in which only cluster, namespace, job or database distinguishes the pools of the same name, on a
real Prometheus with generated series: no query fails, no two lines have one name, and none is lost or includes another's
numbers. And the dashboards of exporters whose files node_exporter exposes."""

import collections
import functools
import json
import math
import pathlib
import re
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import dashboards  # noqa: E402
import monitoring  # noqa: E402
import servers  # noqa: E402

GOLDEN = ROOT / "tests" / "unit" / "metrics" / "exposition.golden"
SERIES = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
POOLS = ("primary", "ro", "ro_fallthrough")
# One query and two of its errors: more lines than a panel shows would hide a lost one.
SKIPPED = re.compile(r'query="nothing"|query="orders",reason="(?!refused|timeout)')
SCRAPE_SECONDS, SCRAPES = 15, 60
# Of the evaluations of a panel: few suffice, some of them before the instance went down.
STEP_SECONDS = 180
INTERVALS = {"__rate_interval": "1m", "__interval": "15s", "__range": f"{SCRAPE_SECONDS * SCRAPES}s",
             "__range_s": str(SCRAPE_SECONDS * SCRAPES)}
# The instance that is down was scraped until then. Its series are stale at the end.
DOWN_SINCE_SECONDS = 420


class Target(collections.namedtuple("Target", "cluster namespace job instance databases down file_age starts with_host since",
                                    defaults=(False, None, (), False, DOWN_SINCE_SECONDS))):
    """A scraped exporter; with file_age, a node_exporter that exposes an exporter's file, which is this old at each scrape.
    databases: the route and its reason, by the name of the database; "" is the unnamed one. down: that the last scrapes lack
    the series of the exporter, those of as many seconds as `since`. starts: when the process was started, in seconds before the last scrape; its series begin with
    the first start. with_host: the series of node_exporter begin and end with those of the exporter."""

    def labels(self, database=None):
        names = ("cluster", "namespace", "job", "instance")
        return dict(zip(names, self)) | ({"database": database} if database else {})


FLEET = [
    Target("west", "blue", "pools", "db1", {"": (1, "ok")}),
    Target("west", "green", "pools", "db1", {"": (2, "connect_refused")}),
    Target("east", "blue", "pools", "db1", {"shop": (3, "diverged"), "audit": (1, "ok")}),
    Target("east", "blue", "reports", "db1", {"": (2, "connect_refused")}),
    Target("east", "blue", "reports", "db2", {"": (1, "ok")}, down=True),
]
SCRAPED = Target("east", "blue", "pools", "db1", {"": (1, "ok")})
FRESH = Target("east", "blue", "node", "db1", {"": (1, "ok")}, file_age=120)
OLD = Target("east", "blue", "node", "db2", {"": (2, "connect_refused")}, file_age=121)
REMOVED = Target("east", "blue", "node", "db3", {"": (3, "diverged")}, down=True, file_age=60)
ONE = {"": (1, "ok")}
NEW = Target("east", "blue", "pools", "new", ONE, starts=(300,))
RESTARTED = Target("east", "blue", "pools", "restarted", ONE, starts=(9000, 300))
CRASHED = Target("east", "blue", "pools", "crashed", ONE, down=True, starts=(9000, 700, 600))
NEW_FILE = Target("east", "blue", "node", "file", ONE, file_age=60, starts=(300,), with_host=True)
LOST_HOST = Target("east", "blue", "node", "lost", ONE, down=True, file_age=60, with_host=True)
# Down for longer than the range.
LONG_DOWN = Target("east", "blue", "pools", "db9", ONE, down=True, since=math.inf)
DOWN = 'alertname="ScidexPgPoolExporterDown",alertstate="firing",component="exporter",severity="warning"'
CANARY = "scidex_pg_pool_read_only_canary_success"
STARTED = "process_start_time_seconds"
WRITTEN = "scidex_pg_exporter_textfile_written_timestamp_seconds"
COUNTER = re.compile(r"_(total|sum|count|bucket)$")
# Its metrics; those of the exporter itself have no label database.
OF_A_DATABASE = re.compile(r"\b(instance_pool:)?scidex_pg_(pool|query)_")
# What the panels of a title count.
READ_ONLY = {"Violations": "scidex_pg_pool_read_only_violations_total", "Tampering": "scidex_pg_pool_read_only_tampered_total",
             "Successful writes": "scidex_pg_pool_read_only_writes_total",
             "Refused sessions": "scidex_pg_pool_read_only_unproven_total"}
# Variables, in the order of the dashboards, that are labels of the series.
LABELS = ("cluster", "namespace", "job", "instance", "database", "pool")
# Panels of which a condition, not the fleet, decides what they show.
CONDITIONAL = {"Reads on the replica", "Reads on the primary", "Reads refused", "Route reasons", "Route since"}
# Panels of what is the case now.
CURRENT = {"Waiters", "Servers down", "Failing queries", "Servers", "Refused configurations", "Canary"}


def rate(series):
    """Of a counter: another one for each series."""
    return 1 + zlib.crc32(series.encode()) % 997 / 100


def values(name, labels, golden, series, route, times):
    """The values of a series at times."""
    number, reason = route
    if name == "scidex_pg_pool_ro_routes_to":
        return [number] * len(times)
    if name == "scidex_pg_pool_ro_route_reason":
        return [int(labels == f'reason="{reason}"')] * len(times)
    if COUNTER.search(name):
        return [rate(series) * at for at in range(len(times))]
    if name == CANARY:
        return [int(number != 3) for number in range(len(times))]
    # A state, or the version of a build.
    if golden in ("0", "1", "NaN"):
        return [golden] * len(times)
    return [float(golden) + rate(series)] * len(times)


def values_of_lives(name, starts, times):
    """The same of a counter, which each process begins with a lesser value, or of STARTED."""
    lives = [sum(at >= start for start in starts) for at in times]
    return [starts[life - 1] if name == STARTED else len(starts) + 1 - life for life in lives]


def write_exposition(file, fleet, expressions, begin):
    """OpenMetrics in which each family is contiguous, as promtool requires."""
    named = set(re.findall(r"[a-z][\w:]+", " ".join(expressions)))
    golden = re.sub(r'dbname="(\\.|[^"])*"', 'dbname="orders"', GOLDEN.read_text())
    exposed = [found for found in SERIES.findall(golden) if found[0] in named and not SKIPPED.search(found[1])]
    exposed += [(name, f'pool="{pool}"', "2") for name in sorted(named) if name.startswith("instance_pool:")
                for pool in POOLS]
    families = collections.defaultdict(list)
    for target in fleet:
        times = [begin + SCRAPE_SECONDS * number for number in range(SCRAPES + 1)]
        lasts = [at for at in times if (not target.down or at < times[-1] - target.since)
                 and at >= times[-1] - max(target.starts, default=math.inf)]
        hosts = lasts if target.with_host else times
        of_file = target.file_age is not None
        families["up"].append((target.labels(), "", times, [int(of_file or at in lasts) for at in times]))
        if of_file:
            families["node_textfile_scrape_error"].append((target.labels(), "", hosts, [0] * len(hosts)))
        if target.down and not lasts:
            families["ALERTS"].append((target.labels(), DOWN, times, [1] * len(times)))
        for name, labels, golden in exposed:
            if of_file and name.startswith("process_"):
                # Its own; it restarts before each scrape.
                families[name].append((target.labels(), labels, hosts, hosts))
                continue
            if of_file and name == WRITTEN:
                families[name].append((target.labels(), labels, lasts, [at - target.file_age for at in lasts]))
                continue
            for database, route in target.databases.items() if OF_A_DATABASE.match(name) else [("", (1, "ok"))]:
                mine = target.labels(database)
                numbers = values(name, labels, golden, f"{name}{mine}{labels}", route, lasts)
                if target.starts and (name == STARTED or COUNTER.search(name)):
                    numbers = values_of_lives(name, [times[-1] - start for start in target.starts], lasts)
                families[name].append((mine, labels, lasts, numbers))
    for name, found in families.items():
        file.write(f"# TYPE {name} unknown\n")
        for mine, labels, times, numbers in found:
            text = ",".join([*(f'{label}="{value}"' for label, value in mine.items()), *([labels] if labels else [])])
            file.writelines(f"{name}{{{text}}} {number} {at}\n" for at, number in zip(times, numbers))
    file.write("# EOF\n")


def series_of(answer):
    """{labels: values} of a response, without the name of the metric; labels as a frozenset."""
    return {frozenset((label, value) for label, value in series["metric"].items() if label != "__name__"):
            [float(value) for _, value in series.get("values") or [series["value"]]] for series in answer["result"]}


class Shown(unittest.TestCase):
    """What the dashboards show of a fleet."""
    maxDiff = None
    fleet = ()

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="scidex-fleet-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        path = pathlib.Path(folder.name)
        cls.dashboards = dashboards.load()
        cls.end = int(time.time()) - 600
        cls.begin = cls.end - SCRAPE_SECONDS * SCRAPES
        expressions = [target["expr"] for dashboard in cls.dashboards.values() for _, target in dashboards.targets(dashboard)]
        with open(path / "series.txt", "w", encoding="utf-8") as file:
            write_exposition(file, cls.fleet, expressions, cls.begin)
        cls.prometheus = monitoring.start_prometheus_on(cls.addClassCleanup, path)

    @classmethod
    @functools.cache
    def ask(cls, path, **parameters):
        """The data of Prometheus's response at the end of the range."""
        times = {"time": cls.end} if path == "query" else {"start": cls.begin, "end": cls.end}
        text = urllib.parse.urlencode(times | parameters, doseq=True)
        try:
            return json.loads(servers.fetch(f"{cls.prometheus}/api/v1/{path}?{text}"))["data"]
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{parameters}: {json.loads(refusal.read())['error']}") from refusal

    def choose(self, dashboard, choice):
        """The values of the variables where `choice` is chosen; All of the others. Not that of the hidden one."""
        return INTERVALS | {variable["name"]: dashboards.chosen([choice[variable["name"]]])
                            if variable["name"] in choice else variable.get("allValue")
                            for variable in dashboards.query_variables(dashboard)}

    def names(self, dashboard, target, choice):
        """The name and the latest value of each series."""
        chosen = self.choose(dashboard, choice)
        [hidden] = filter(dashboards.hidden, dashboards.query_variables(dashboard))
        values = chosen | {hidden["name"]: "".join(dashboards.options(hidden, chosen, self.ask))}
        return [(dashboards.legend(target, dict(labels), values), found[-1])
                for labels, found in self.answer(target, chosen).items()]

    def answer(self, target, chosen):
        expr = dashboards.interpolate(target["expr"], chosen)
        return series_of(self.ask("query", query=expr) if target.get("instant") else
                         self.ask("query_range", query=expr, step=STEP_SECONDS))

    def answer_to_all(self, dashboard, target):
        return self.answer(target, self.choose(dashboard, {}))

    def each_target(self):
        """Every dashboard, panel and target, and how to name it."""
        for file, dashboard in self.dashboards.items():
            for panel, target in dashboards.targets(dashboard):
                where = {"dashboard": file, "panel": f"{panel['title']} ({panel['type']})", "target": target["refId"]}
                yield where, dashboard, panel, target

    def panel(self, dashboard, title, **choice):
        """The names and values of the panel's series; where nothing is chosen, All is."""
        [target] = [target for panel, target in dashboards.targets(self.dashboards[dashboard])
                    if (panel["title"], panel["type"]) == (title, "stat")]
        return dict(self.names(self.dashboards[dashboard], target, choice))


class Fleet(Shown):
    fleet = FLEET

    def test_every_query_has_an_answer(self):
        for where, dashboard, _, target in self.each_target():
            with self.subTest(**where):
                self.assertTrue(self.answer_to_all(dashboard, target))

    def test_no_two_lines_of_a_panel_have_the_same_name(self):
        for file, dashboard in self.dashboards.items():
            for panel in dashboard["panels"]:
                if panel["type"] in ("table", "heatmap"):
                    continue
                with self.subTest(dashboard=file, panel=panel["title"]):
                    names = [name for target in panel["targets"] for name, _ in self.names(dashboard, target, {})]
                    self.assertEqual(len(set(names)), len(names), sorted(names))
                    self.assertTrue(len(names) == 1 or all(names), "a line without a name")

    def test_no_pool_is_missing_in_a_panel(self):
        """A panel adds up all that is chosen, or distinguishes by all labels above the pool and shows each combination."""
        for where, dashboard, panel, target in self.each_target():
            with self.subTest(**where):
                answer = self.answer_to_all(dashboard, target)
                shown = {label for labels in answer for label, _ in labels} & set(LABELS)
                expected = {frozenset((label, value) for label, value in (one.labels(database) | {"pool": pool}).items()
                                      if label in shown)
                            for one in FLEET for database in one.databases for pool in POOLS
                            # The table of instances also has those that are down.
                            if not (one.down and target.get("instant")) or target["refId"] == "route"}
                found = {frozenset(pair for pair in labels if pair[0] in shown) for labels in answer}
                if panel["title"] in CONDITIONAL:
                    continue
                self.assertEqual(found, expected)
                if shown:
                    needed = {"cluster", "namespace", "job"} | ({"database"} if OF_A_DATABASE.search(target["expr"]) else set())
                    self.assertLessEqual(needed, shown)

    def test_a_line_shows_the_numbers_of_its_own_labels_alone(self):
        """The same as where its labels are chosen, as the links do, so that it does not include the numbers of another."""
        for where, dashboard, _, target in self.each_target():
            with self.subTest(**where):
                answer = self.answer_to_all(dashboard, target)
                shown = {label for labels in answer for label, _ in labels}
                names = [label for label in LABELS if label in shown]
                by_choice = collections.defaultdict(dict)
                for labels, found in answer.items():
                    by_choice[tuple(dict(labels).get(label, "") for label in names)][labels] = found
                for choice, expected in by_choice.items():
                    alone = self.answer(target, self.choose(dashboard, dict(zip(names, choice))))
                    self.assertEqual(alone.keys(), expected.keys())
                    for labels, found in alone.items():
                        self.assert_close(found, expected[labels])

    def assert_close(self, found, expected):
        self.assertEqual(len(found), len(expected))
        for one, other in zip(found, expected):
            self.assertTrue(math.isclose(one, other, rel_tol=1e-9) or math.isnan(one) and math.isnan(other),
                            f"{one} alone, {other} of All")

    def test_the_queries_of_a_table_have_the_same_rows(self):
        rows = collections.defaultdict(dict)
        for _, dashboard, panel, target in self.each_target():
            if panel["type"] == "table":
                keys = [frozenset(pair for pair in labels if pair[0] in LABELS)
                        for labels in self.answer_to_all(dashboard, target)]
                rows[dashboard["uid"], panel["title"]][target["refId"]] = keys
        self.assertEqual(len(rows), 3)
        down = [frozenset(one.labels().items()) for one in FLEET if one.down]
        for table, by_query in rows.items():
            all_rows = set(max(by_query.values(), key=len))
            for query, keys in by_query.items():
                with self.subTest(table=table, query=query):
                    self.assertEqual(len(set(keys)), len(keys))
                    # Of an instance that is down, the table of instances has nothing else.
                    self.assertEqual(set(keys) | (set(down) if "route" in by_query else set()), all_rows)

    def test_the_first_row_counts_each_database(self):
        self.assertEqual(self.panel("overview.json", "Reads on the replica"),
                         {"orders pools blue west": 1, "audit pools blue east": 1})
        self.assertEqual(self.panel("overview.json", "Reads on the primary"),
                         {"orders pools green west": 1, "orders reports blue east": 1})
        self.assertEqual(self.panel("overview.json", "Reads refused"), {"shop pools blue east": 1})
        self.assertEqual(self.panel("overview.json", "Route reasons"),
                         {"connect_refused": 2, "diverged": 1})

    def test_a_canary_that_was_not_refused_once_is_shown(self):
        self.assertEqual(list(self.panel("read-only.json", "Canary").values()), [0])

    def test_an_instance_that_is_down_counts_as_missing(self):
        self.assertEqual(self.panel("overview.json", "Instances"), {"4 of 5": 0.8})
        self.assertEqual(self.panel("exporter.json", "Instances down"), {"": 1})

    def test_names_are_short_where_one_job_is_chosen(self):
        choice = {"cluster": "east", "job": "reports"}
        for dashboard in self.dashboards.values():
            for panel, target in dashboards.targets(dashboard):
                if "{{instance}}" in target.get("legendFormat", ""):
                    with self.subTest(panel=panel["title"]):
                        names = {name.split()[-1] for name, _ in self.names(dashboard, target, choice)}
                        self.assertEqual(names - {"db1", "db2"}, set())


class LongDown(Shown):
    """One of two instances has been down for longer than the chosen range."""
    fleet = (SCRAPED, LONG_DOWN)

    def test_it_counts_as_missing(self):
        self.assertEqual(self.panel("overview.json", "Instances"), {"1 of 2": 0.5})
        self.assertEqual(self.panel("exporter.json", "Instances down"), {"": 1})

    def test_the_table_of_instances_has_it(self):
        overview = self.dashboards["overview.json"]
        [route] = [target for panel, target in dashboards.targets(overview)
                   if (panel["title"], target["refId"]) == ("Instances", "route")]
        found = {dict(labels)["instance"]: found for labels, found in self.answer_to_all(overview, route).items()}
        self.assertEqual(found, {"db1": [1], "db9": [4]})


class Files(Shown):
    """Of exporters whose files node_exporter exposes, and of one that is scraped and once wrote such a file."""
    fleet = (SCRAPED, FRESH, OLD, REMOVED)

    def test_an_instance_counts_as_down_if_its_file_is_old_or_gone(self):
        self.assertEqual(self.panel("overview.json", "Instances"), {"2 of 4": 0.5})
        self.assertEqual(self.panel("exporter.json", "Instances down"), {"": 2})

    def test_a_route_in_an_old_file_is_not_shown_as_current(self):
        self.assertEqual(self.panel("overview.json", "Reads on the replica"), {"orders pools": 1, "orders node": 1})
        self.assertEqual(self.panel("overview.json", "Reads on the primary"), {"": 0})
        self.assertEqual(self.panel("overview.json", "Route reasons"), {"ok": 2})

    def test_the_table_has_only_not_scraped_where_a_file_is_old(self):
        overview = self.dashboards["overview.json"]
        rows = {target["refId"]: self.answer_to_all(overview, target) for panel, target in dashboards.targets(overview)
                if (panel["title"], panel["type"]) == ("Instances", "table")}
        routes = {labels: route for labels, [route] in rows.pop("route").items()}
        self.assertEqual(routes, {frozenset(one.labels().items()): route for one, route in (
            (SCRAPED, 1), (FRESH, 1), (OLD, 4), (REMOVED, 4))})
        for query, answer in rows.items():
            with self.subTest(query=query):
                self.assertEqual({dict(labels)["instance"] for labels in answer}, {"db1"})

    def test_no_state_in_an_old_file_is_shown_as_current(self):
        found = collections.Counter()
        for where, dashboard, panel, target in self.each_target():
            if panel["title"] not in CURRENT or panel["type"] == "timeseries":
                continue
            with self.subTest(**where):
                found[panel["title"]] += 1
                for one, shown in ((FRESH, True), (OLD, False)):
                    chosen = self.choose(dashboard, {"job": one.job, "instance": one.instance})
                    self.assertEqual(bool(self.answer(target, chosen)), shown, one.instance)
        self.assertEqual(found.keys(), CURRENT)

    def test_what_node_exporter_exposes_of_itself_is_not_shown(self):
        found = 0
        for where, dashboard, _, target in self.each_target():
            if "process_" in target["expr"]:
                with self.subTest(**where):
                    found += 1
                    self.assertNotIn("node", {dict(labels).get("job") for labels in self.answer_to_all(dashboard, target)})
        self.assertGreater(found, 3)
        self.assertEqual(self.panel("exporter.json", "Restarts"), {"": 0})

    def test_no_restart_of_node_exporter_is_marked(self):
        for file, dashboard in self.dashboards.items():
            with self.subTest(dashboard=file):
                [restarts] = [one for one in dashboard["annotations"]["list"] if one["name"] == "Restarts"]
                marked = self.answer({"expr": restarts["expr"]}, self.choose(dashboard, {}))
                self.assertEqual({dict(labels)["job"] for labels in marked}, {"pools"})


class Lives(Shown):
    """Of instances that started in the chosen range."""
    fleet = (NEW, RESTARTED, CRASHED, NEW_FILE, LOST_HOST)

    def test_what_a_new_instance_counted_before_its_scrape_is_shown(self):
        golden = SERIES.findall(GOLDEN.read_text())
        for title, metric in READ_ONLY.items():
            series = sum(name == metric for name, _, _ in golden)
            self.assertGreater(series, 1)
            for instance, each in {"new": 1, "restarted": 1, "file": 0}.items():
                with self.subTest(panel=title, instance=instance):
                    [found] = self.panel("read-only.json", title, instance=instance).values()
                    self.assertEqual(round(found), each * series)

    def test_restarts_of_an_instance_that_is_down_are_shown(self):
        for instance, expected in {"new": {"": 0}, "restarted": {"": 1}, "crashed": {"": 2}, "lost": {}}.items():
            with self.subTest(instance=instance):
                self.assertEqual(self.panel("exporter.json", "Restarts", instance=instance), expected)


if __name__ == "__main__":
    unittest.main()
