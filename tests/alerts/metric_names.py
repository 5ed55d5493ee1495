#!/usr/bin/env python3
"""Every metric, label and label value named by rules, dashboards, runbooks and documentation is exposed by a running
exporter, and every link of a rule has an existing target.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter metric_names.py
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import exporter  # noqa: E402
import rulebook  # noqa: E402
import servers  # noqa: E402

DASHBOARDS = sorted((ROOT / "dashboards" / "json").glob("*.json"))
NAMING = [rulebook.FILE, *DASHBOARDS, *(ROOT / "dashboards" / "src").glob("*.ts"),
          *(file for folder in ("alerts", "dashboards", "config") for file in (ROOT / folder).glob("**/*.md")
            if "node_modules" not in file.parts),
          *(ROOT / "docs").glob("**/*.md"), ROOT / "README.md", ROOT / "ARCHITECTURE.md"]

CHAPTERS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Resolution"]
# Not part of a longer word, such as a path, and not the common beginning of several names.
NAME = re.compile(r"(?<![\w:./-])(?:scidex_pg|process)_[a-z0-9_]+(?<!_)\b(?![*{]?_)")
MATCHERS = re.compile(rf"({NAME.pattern})\{{([^}}]*)\}}")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*\\?"([^"\\]*)')
SERIES = re.compile(r"^(\w+)(?:\{(.*)\})? \S+$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
# Programs, libraries and files of the project with similar names.
NOT_METRICS = re.compile(r"scidex_pg_exporter$|scidex_pg_(?:exporter|pool)$")
CONFIGURATION = """
primary: {{dsn: host=127.0.0.1 port={port} user=nobody dbname=none}}
queries: [{{name: one, sql: SELECT 1 AS one, values: [{{column: one, help: One.}}]}}]
"""


class Names(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """With a primary that refuses connections: every series must exist even then."""
        folder = tempfile.TemporaryDirectory(prefix="scidex-names-")
        cls.addClassCleanup(folder.cleanup)
        config = pathlib.Path(folder.name, "exporter.yaml")
        config.write_text(CONFIGURATION.format(port=servers.free_port()))
        running = exporter.Exporter(cls.addClassCleanup, pathlib.Path(folder.name), f"--config.file={config}")
        running.start()
        text = servers.fetch(f"{running.url}metrics").decode()
        cls.labels = collections.defaultdict(lambda: collections.defaultdict(set))
        for name, labels in SERIES.findall(text):
            for label, value in LABEL.findall(labels):
                cls.labels[name][label].add(value)
            cls.labels[name]  # It exists, with or without labels.
        cls.families = set(re.findall(r"^# TYPE (\S+) histogram$", text, re.MULTILINE))

    def each_name(self):
        for file in NAMING:
            for name in sorted(set(NAME.findall(file.read_text()))):
                if not NOT_METRICS.match(name):
                    yield file, name

    def test_every_metric_named_is_exposed(self):
        for file, name in self.each_name():
            with self.subTest(file=str(file.relative_to(ROOT)), metric=name):
                self.assertIn(name, self.labels.keys() | self.families)

    def test_every_matched_label_and_value_exists_on_its_metric(self):
        for file in NAMING:
            for name, matchers in MATCHERS.findall(file.read_text()):
                for label, values in MATCHER.findall(matchers):
                    if label in ("job", "instance") or "$" in values:
                        continue
                    with self.subTest(file=str(file.relative_to(ROOT)), metric=name, label=label):
                        self.assertIn(label, self.labels[name])
                        self.assertLessEqual(set(values.split("|")), self.labels[name][label])

    def test_there_are_files_that_name_some(self):
        naming = {file for file, _ in self.each_name()}
        self.assertLessEqual({rulebook.FILE, *DASHBOARDS, ROOT / "README.md", ROOT / "docs/metrics.md"}, naming)


class Links(unittest.TestCase):
    def setUp(self):
        self.alerts = [rule for rule in rulebook.load() if "alert" in rule]

    def test_every_alert_has_a_runbook_of_its_name_with_the_five_chapters(self):
        for alert in self.alerts:
            with self.subTest(alert=alert["alert"]):
                path = alert["annotations"]["runbook_url"].removeprefix("/usr/share/scidex-pg-exporter/")
                self.assertEqual(path, f"alerts/runbooks/{alert['alert']}.md")
                self.assertEqual(re.findall(r"^#+ (.*)$", (ROOT / path).read_text(), re.MULTILINE),
                                 [alert["alert"], *CHAPTERS])

    def test_every_runbook_has_an_alert_and_names_only_existing_ones(self):
        names = {alert["alert"] for alert in self.alerts}
        runbooks = list((ROOT / "alerts" / "runbooks").iterdir())
        self.assertEqual({file.stem for file in runbooks}, names)
        for file in [*runbooks, ROOT / "alerts" / "README.md", ROOT / "alerts" / "alertmanager.example.yml"]:
            with self.subTest(file=file.name):
                self.assertLessEqual(set(re.findall(r"\bScidexPgPool\w+", file.read_text())), names)

    def test_every_dashboard_linked_exists(self):
        uids = {json.loads(file.read_text())["uid"] for file in DASHBOARDS}
        for alert in self.alerts:
            with self.subTest(alert=alert["alert"]):
                self.assertIn(re.match(r"/d/([^?]+)", alert["annotations"]["dashboard_url"])[1], uids)

    def test_the_links_take_the_prefixes_of_their_publication(self):
        def linked(*prefixes):
            return subprocess.run([rulebook.FILE.parent / "set-links", *prefixes], input=rulebook.FILE.read_text(),
                                  capture_output=True, text=True, timeout=60)

        done = linked("https://wiki.example/runbooks/", "https://grafana.example:3000")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for before, after in zip(self.alerts, (rule for group in yaml.safe_load(done.stdout)["groups"]
                                               for rule in group["rules"] if "alert" in rule), strict=True):
            links = after["annotations"]
            self.assertEqual(links.pop("runbook_url"), f"https://wiki.example/runbooks/{after['alert']}.md")
            self.assertEqual(links.pop("dashboard_url"),
                             "https://grafana.example:3000" + before["annotations"]["dashboard_url"])
            expected = {key: text for key, text in before["annotations"].items() if not key.endswith("_url")}
            self.assertEqual(after | {"annotations": links}, before | {"annotations": expected})
        for wrong in ("wiki.example", "https://wiki.example/a|b", "https://"):
            self.assertEqual(linked(wrong, "https://grafana.example").returncode, 2, wrong)

    def test_at_most_eight_rules_page(self):
        self.assertLessEqual(sum(alert["labels"]["severity"] == "critical" for alert in self.alerts), 8)

    def test_names_groups_and_labels_keep_to_the_conventions(self):
        for alert in self.alerts:
            with self.subTest(alert=alert["alert"]):
                self.assertRegex(alert["alert"], r"^ScidexPgPool([A-Z][a-z]*)+$")
                self.assertLessEqual(len(alert["alert"]), 40)
                self.assertIn(alert["labels"]["severity"], ("critical", "warning", "info"))
                self.assertIn(alert["labels"]["component"],
                              ("routing", "read-only", "waiters", "saturation", "backend", "queries", "exporter"))
                self.assertFalse([value for value in alert["labels"].values() if "{{" in value])
                self.assertNotIn("{{", alert["annotations"]["summary"])
        for group in rulebook.groups():
            with self.subTest(group=group["name"]):
                self.assertLessEqual(len(group["rules"]), 20)


if __name__ == "__main__":
    unittest.main()
