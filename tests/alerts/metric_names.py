#!/usr/bin/env python3
"""Every metric that a rule, a dashboard or a runbook names is one that the exporter exposes, and
every link of a rule leads somewhere."""

import json
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPOSITION = ROOT / "tests" / "unit" / "metrics" / "exposition.golden"
RULES = sorted((ROOT / "alerts").glob("*.rules.yml"))
DASHBOARDS = sorted((ROOT / "dashboards" / "json").glob("*.json"))
NAMING = [*RULES, *DASHBOARDS, *(ROOT / "alerts").glob("**/*.md"),
          *(ROOT / "dashboards").glob("*.md"), *(ROOT / "dashboards" / "src").glob("*.ts")]

CHAPTERS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
NAME = re.compile(r"\b(?:scidex_pg_(?:pool|exporter)|process)_[a-z0-9_]+\b")


def exposed_names():
    """Every name that a query may use: a histogram is three."""
    names = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", EXPOSITION.read_text(), re.MULTILINE):
        if kind == "histogram":
            names |= {f"{name}_{part}" for part in ("bucket", "sum", "count")}
        else:
            names.add(name)
    return names


class MetricNames(unittest.TestCase):
    def test_every_metric_named_is_exposed(self):
        exposed = exposed_names()
        for file in NAMING:
            for name in sorted(set(NAME.findall(file.read_text()))):
                with self.subTest(file=str(file.relative_to(ROOT)), metric=name):
                    self.assertIn(name, exposed)

    def test_there_are_files_that_name_some(self):
        for kind in (RULES, DASHBOARDS):
            self.assertTrue(kind)
            for file in kind:
                self.assertRegex(file.read_text(), NAME)


class Links(unittest.TestCase):
    def test_every_rule_has_a_runbook_of_its_name_with_the_four_chapters(self):
        for file in RULES:
            for alert in re.split(r"^ *- alert: ", file.read_text(), flags=re.MULTILINE)[1:]:
                name = alert.split("\n", 1)[0]
                with self.subTest(alert=name):
                    runbook = ROOT / "alerts" / "runbooks" / f"{name}.md"
                    chapters = re.findall(r"^#+ (.*)$", runbook.read_text(), re.MULTILINE)
                    self.assertEqual(chapters, [name, *CHAPTERS])

    def test_every_runbook_and_dashboard_linked_exists(self):
        uids = {json.loads(file.read_text())["uid"] for file in DASHBOARDS}
        for file in RULES:
            text = file.read_text()
            for path in re.findall(r"runbook_url: (\S+)", text):
                relative = path.removeprefix("/usr/share/scidex-pg-exporter/")
                self.assertTrue((ROOT / relative).is_file(), path)
            linked = set(re.findall(r"dashboard_url: /d/([^?]+)\?", text))
            self.assertTrue(linked)
            self.assertLessEqual(linked, uids)


if __name__ == "__main__":
    unittest.main()
