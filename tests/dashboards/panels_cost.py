#!/usr/bin/env python3
"""How long a real Prometheus takes for each panel of the dashboards with All chosen, of many instances that were scraped every
30 seconds for as long as the dashboards show by default.

Usage: panels_cost.py 500

For information, useless on a busy machine. With 500 instances, it takes several minutes and 11 GB of disk.
"""

import sys
import time

import dashboard_fleet as fleet

RANGE_SECONDS = 3 * 3600
SCRAPE_SECONDS = 30
SHOWN = 10


class Panels(fleet.Shown):
    """Is not run as a test: only the fleet and its Prometheus are used."""


def measure(instances):
    fleet.SCRAPE_SECONDS = fleet.STEP_SECONDS = SCRAPE_SECONDS
    fleet.SCRAPES = RANGE_SECONDS // SCRAPE_SECONDS
    fleet.INTERVALS = {"__rate_interval": f"{4 * SCRAPE_SECONDS}s", "__interval": f"{SCRAPE_SECONDS}s",
                       "__range": f"{RANGE_SECONDS}s", "__range_s": str(RANGE_SECONDS)}
    routes = [(1, "ok"), (2, "connect_refused"), (1, "ok")]
    Panels.fleet = [fleet.Target("east", "blue", "pools", f"db{number}", {"": routes[number % 3]}, down=number % 100 == 99)
                    for number in range(instances)]
    panels = Panels()
    took = []
    try:
        Panels.setUpClass()
        for file, dashboard in Panels.dashboards.items():
            for panel in dashboard["panels"]:
                begin = time.monotonic()
                for target in panel.get("targets", []):
                    panels.answer_to_all(dashboard, target)
                took.append((time.monotonic() - begin, file, panel["title"]))
    finally:
        Panels.doClassCleanups()
    for seconds, file, title in sorted(took, reverse=True)[:SHOWN]:
        print(f"{seconds:.3f} s: {title} ({file})")


if __name__ == "__main__":
    measure(int(sys.argv[1]))
