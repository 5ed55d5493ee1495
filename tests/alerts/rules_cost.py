#!/usr/bin/env python3
"""The cost of evaluating all rules, on a real Prometheus with three days of series: the number of samples read per instance
is bounded, regardless of the speed of the machine.

Usage: rules_cost.py                the test, on a few instances
       rules_cost.py --measure 500  the duration of each group with 500; for information, useless on a busy machine
"""

import collections
import json
import pathlib
import re
import sys
import tempfile
import time
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import monitoring  # noqa: E402
import rulebook  # noqa: E402
import servers  # noqa: E402

GOLDEN = ROOT / "tests" / "unit" / "metrics" / "exposition.golden"
SERIES = re.compile(r"^(\w+)(?:\{(.*)\})? \S+$", re.MULTILINE)
INSTANCES = 10
MINUTE, HOUR, DAY = 60, 3600, 86400
# The ages of the samples: of all scraped series that the rules use, over a quarter of an hour; of recorded series, over three
# days, to save time only every five minutes before the last six hours; of what is recorded every half hour; and of what is
# recorded of an outage of an hour.
SCRAPED = range(0, 16 * MINUTE + 1, 15)
RECORDED = (*range(0, 6 * HOUR, MINUTE), *range(6 * HOUR, 3 * DAY, 5 * MINUTE))
HALF_HOURS = range(0, 3 * DAY, HOUR // 2)
OUTAGE = range(0, HOUR, MINUTE)
FEW_BLOCKS = 10
# Per instance, by all rules together: the windows of days every five minutes, the others at each evaluation.
MOST_SAMPLES = 14_700


def asked_series(expressions):
    """The series of an exposition that the rules name, with their labels."""
    names = set(re.findall(r"[a-z]\w+", " ".join(expressions)))
    for name, labels in SERIES.findall(GOLDEN.read_text()):
        if name in names:
            yield name, labels
    yield "up", ""
    for alert, pool in (("PrimaryDown", "primary"), ("ReplicaDown", "ro")):
        yield "ALERTS", f'alertname="ScidexPgPool{alert}",alertstate="firing",pool="{pool}"'
    for pool in ("primary", "ro", "ro_fallthrough"):
        for what in (*(f"{of}:{window}" for of in ("acquires", "acquire_failures") for window in ("rate5m", "mean30m")),
                     "outage_alerts:last2m", "acquire_failures:ratio_rate6h"):
            yield f"instance_pool:scidex_pg_pool_{what}", f'pool="{pool}"'


def ages(name):
    """The ages of the samples of a series."""
    if not name.startswith("instance_pool:"):
        return SCRAPED
    return {"mean30m": HALF_HOURS, "last2m": OUTAGE}.get(name.split(":")[-1], RECORDED)


def write_exposition(file, instances, now, expressions):
    """OpenMetrics in which each family is contiguous, as promtool requires."""
    families = collections.defaultdict(list)
    for name, labels in asked_series(expressions):
        families[name].append(labels)
    for name, found in families.items():
        file.write(f"# TYPE {name} unknown\n")
        times = [now - age for age in reversed(ages(name))]
        for labels in found:
            for number in range(instances):
                series = f'{name}{{job="scidex-pg-exporter",instance="db{number}"{"," + labels if labels else ""}}}'
                file.writelines(f"{series} 1 {at}\n" for at in times)
    file.write("# EOF\n")


class Evaluation:
    """A Prometheus that has all series that the rules use, and evaluates no rules."""

    def __init__(self, add_cleanup, folder, instances):
        self.now = int(time.time()) - 600
        self.rules = rulebook.groups()
        expressions = [rule["expr"] for group in self.rules for rule in group["rules"]]
        with open(folder / "series.txt", "w", encoding="utf-8") as file:
            write_exposition(file, instances, self.now, expressions)
        self.url = monitoring.start_prometheus_on(add_cleanup, folder)

    def evaluate(self, expression, **parameters):
        query = urllib.parse.urlencode({"query": expression, "time": self.now, **parameters})
        return servers.fetch(f"{self.url}/api/v1/query?{query}")

    def samples(self, expression):
        """The number of samples that an evaluation of the expression reads."""
        answer = json.loads(self.evaluate(expression, stats="all"))
        return answer["data"]["stats"]["samples"]["totalQueryableSamples"]

    def wait_for_compaction(self):
        """A Prometheus that has run for three days has few blocks, but promtool made one for every two hours. Compaction
        begins a minute after the start."""
        blocks = re.compile(rb"^prometheus_tsdb_blocks_loaded (\d+)$", re.MULTILINE)
        before, now = None, FEW_BLOCKS + 1
        deadline = time.monotonic() + 600
        while now > FEW_BLOCKS or now != before:
            if time.monotonic() > deadline:
                raise AssertionError(f"Prometheus still has {now} blocks after ten minutes")
            time.sleep(10)
            before, now = now, int(blocks.search(servers.fetch(f"{self.url}/metrics"))[1])


class Cost(unittest.TestCase):
    def test_an_evaluation_looks_at_few_samples_of_each_instance(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-cost-")
        self.addCleanup(folder.cleanup)
        evaluation = Evaluation(self.addCleanup, pathlib.Path(folder.name), INSTANCES)
        samples = [(evaluation.samples(rule["expr"]), rule["expr"]) for group in evaluation.rules
                   for rule in group["rules"] if rule["expr"] != "vector(1)"]
        # No rule is skipped because its series are missing.
        self.assertGreater(min(samples)[0], 0, samples)
        self.assertLessEqual(sum(count for count, _ in samples) / INSTANCES, MOST_SAMPLES, sorted(samples))


def measure(instances):
    with tempfile.TemporaryDirectory(prefix="scidex-cost-") as name:
        ends = []
        evaluation = Evaluation(ends.append, pathlib.Path(name), instances)
        evaluation.wait_for_compaction()
        total = 0
        for group in evaluation.rules:
            samples = sum(evaluation.samples(rule["expr"]) for rule in group["rules"])
            begin = time.monotonic()
            # Only the number of results: a rule's results are not sent as JSON.
            for rule in group["rules"]:
                evaluation.evaluate(f"count({rule['expr']})")
            took = time.monotonic() - begin
            total += took
            print(f"{group['name']}: {took:.3f} s, {samples} samples")
        print(f"all rules once, {instances} instances: {total:.3f} s")
        for end in reversed(ends):
            end()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(int(sys.argv[2]))
    else:
        unittest.main()
