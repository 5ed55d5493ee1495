#!/usr/bin/env python3
"""The rules that every dashboard keeps, as far as its JSON shows them."""

import itertools
import re
import unittest

import dashboards

COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
# Units that Grafana knows; an unknown one is shown as a suffix, and nobody notices.
UNITS = {"none", "short", "percentunit", "s", "ms", "ops", "reqps", "bytes", "dateTimeFromNow",
         "dateTimeAsIso", "bool_on_off"}
SELECTOR = re.compile(r"\b((?:scidex|process)_\w+|up|ALERTS)(\{[^}]*\})?(\[[^\]]*\])?")
COUNTER = re.compile(r"_(total|bucket|sum|count)$")
OF_A_POOL = re.compile(r"scidex_pg_pool_(?!ro_|replica_)")
ROUTES = {"1": ("replica", "green"), "2": ("primary_fallthrough", "red"),
          "3": ("primary_disabled", "purple")}


def overlap(one, other):
    a, b = one["gridPos"], other["gridPos"]
    return (a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"]
            and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"])


def mappings(node):
    """Every list of value mappings below node."""
    if isinstance(node, dict):
        if node.get("id") == "mappings":
            yield node["value"]
        for key, value in node.items():
            if key == "mappings":
                yield value
            yield from mappings(value)
    elif isinstance(node, list):
        for value in node:
            yield from mappings(value)


class Lint(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dashboards = dashboards.load()
        self.assertTrue(self.dashboards)

    def each_panel(self):
        for name, dashboard in self.dashboards.items():
            for panel in dashboard["panels"]:
                yield self.subTest(dashboard=name, panel=panel.get("title")), panel

    def each_target(self):
        for name, dashboard in self.dashboards.items():
            for panel, target in dashboards.targets(dashboard):
                yield (self.subTest(dashboard=name, panel=panel["title"], target=target["refId"]),
                       target)

    def test_a_dashboard_is_fixed_in_uid_schema_refresh_and_tag(self):
        for name, dashboard in self.dashboards.items():
            with self.subTest(dashboard=name):
                self.assertEqual(dashboard["uid"], "scidex-pg-pool-" + name.removesuffix(".json"))
                self.assertEqual(dashboard["schemaVersion"], 42)
                self.assertEqual(dashboard["refresh"], "30s")
                self.assertEqual(dashboard["tags"], ["scidex-pg-pool"])
                self.assertIs(dashboard["editable"], False)
                self.assertFalse({"__inputs", "__requires", "id"} & dashboard.keys())
                self.assertTrue(dashboard["title"] and dashboard["description"])

    def test_links_keep_the_variables_and_the_time(self):
        for name, dashboard in self.dashboards.items():
            for link in dashboard["links"]:
                with self.subTest(dashboard=name):
                    self.assertEqual(link["tags"], ["scidex-pg-pool"])
                    self.assertTrue(link["includeVars"] and link["keepTime"])

    def test_uids_are_unique(self):
        uids = [dashboard["uid"] for dashboard in self.dashboards.values()]
        self.assertEqual(len(set(uids)), len(uids))

    def test_variables_are_data_source_job_instance_and_pool(self):
        for name, dashboard in self.dashboards.items():
            source, *queried = dashboard["templating"]["list"]
            with self.subTest(dashboard=name):
                self.assertEqual((source["type"], source["name"], source["query"], source["label"]),
                                 ("datasource", "datasource", "prometheus", "Data source"))
                self.assertEqual([variable["name"] for variable in queried],
                                 ["job", "instance", "pool"])
            for variable in queried:
                with self.subTest(dashboard=name, variable=variable["name"]):
                    self.assertEqual(variable["label"], variable["name"].capitalize())
                    self.assertEqual(variable["datasource"], DATASOURCE)
                    self.assertTrue(variable["multi"] and variable["includeAll"])
                    self.assertEqual((variable["allValue"], variable["refresh"]), (".+", 2))
                    selector, label = dashboards.label_values(variable["query"])
                    self.assertEqual(label, variable["name"])
                    self.assertRegex(selector, r"^scidex_pg_")

    def test_annotations_use_the_chosen_data_source(self):
        for name, dashboard in self.dashboards.items():
            names = [annotation["name"] for annotation in dashboard["annotations"]["list"]]
            with self.subTest(dashboard=name):
                self.assertEqual(names, ["Route changes", "Restarts", "Firing alerts", "New versions"])
                for annotation in dashboard["annotations"]["list"]:
                    self.assertEqual(annotation["datasource"], DATASOURCE)
                    self.assert_narrowed(annotation["expr"])

    def test_panels_have_ids_of_their_own_and_do_not_overlap(self):
        for name, dashboard in self.dashboards.items():
            panels = dashboard["panels"]
            with self.subTest(dashboard=name):
                self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
            for panel in panels:
                with self.subTest(dashboard=name, panel=panel["title"]):
                    self.assertLessEqual(panel["gridPos"]["x"] + panel["gridPos"]["w"], COLUMNS)
            for one, other in itertools.combinations(panels, 2):
                with self.subTest(dashboard=name, panels=(one["title"], other["title"])):
                    self.assertFalse(overlap(one, other))

    def test_panels_say_what_they_show_in_a_unit_that_is_known(self):
        for context, panel in self.each_panel():
            with context:
                self.assertTrue(panel["title"])
                self.assertRegex(panel["description"], r"(?s)^[A-Z].{60,}\.$")
                self.assertIn(panel["fieldConfig"]["defaults"]["unit"], UNITS)
                for override in panel["fieldConfig"]["overrides"]:
                    for setting in override["properties"]:
                        if setting["id"] == "unit":
                            self.assertIn(setting["value"], UNITS)

    def test_panels_and_targets_use_the_chosen_data_source(self):
        for context, panel in self.each_panel():
            with context:
                self.assertEqual(panel["datasource"], DATASOURCE)
                self.assertTrue(panel["targets"])
                refs = [target["refId"] for target in panel["targets"]]
                self.assertEqual(len(set(refs)), len(refs))
                for target in panel["targets"]:
                    self.assertEqual(target["datasource"], DATASOURCE)

    def assert_narrowed(self, expr):
        """Every selector of expr is narrowed by the variables that its metric has as labels."""
        found = list(SELECTOR.finditer(expr))
        self.assertTrue(found, expr)
        for metric, matchers, _ in (match.groups() for match in found):
            wanted = {"job", "instance"} | ({"pool"} if OF_A_POOL.match(metric) else set())
            for label in wanted:
                # An alert on a whole job has no instance.
                value = f"(${label})?" if (metric, label) == ("ALERTS", "instance") else f"${label}"
                self.assertIn(f'{label}=~"{value}"', matchers or "", metric)

    def test_every_selector_is_narrowed_by_the_variables(self):
        for context, target in self.each_target():
            with context:
                self.assert_narrowed(target["expr"])

    def test_counters_are_read_as_rates_over_the_right_interval(self):
        for context, target in self.each_target():
            with context:
                for match in SELECTOR.finditer(target["expr"]):
                    before = target["expr"][:match.start()]
                    if not COUNTER.search(match[1]):
                        self.assertTrue(match[3] is None or before.endswith("changes("), target["expr"])
                    elif match[3] == "[$__range]":
                        self.assertTrue(before.endswith("increase("), target["expr"])
                    else:
                        self.assertEqual(match[3], "[$__rate_interval]")
                        self.assertTrue(before.endswith("rate("), target["expr"])

    def test_a_route_is_shown_by_its_name_and_colour_and_its_absence_too(self):
        for context, panel in self.each_panel():
            with context:
                plain = [target for target in panel["targets"]
                         if "scidex_pg_pool_ro_routes_to" in target["expr"]
                         and "bool" not in target["expr"]]
                shown = [mapping for mapping in mappings(panel["fieldConfig"])
                         if set(mapping[0].get("options", {})) == set(ROUTES)]
                self.assertEqual(bool(plain), bool(shown))
                for values, absent in shown:
                    self.assertEqual({key: (value["text"], value["color"])
                                      for key, value in values["options"].items()}, ROUTES)
                    self.assertEqual(absent["type"], "special")
                    self.assertEqual(absent["options"]["match"], "null+nan")
                    self.assertEqual(absent["options"]["result"]["text"], "no data")


if __name__ == "__main__":
    unittest.main()
