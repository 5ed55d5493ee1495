#!/usr/bin/env python3
"""Draws the dashboards in the middle of three incidents on real servers: the data of a real Prometheus, shown by Grafana's
own code (@grafana/data) as far as text, units, colours and tables are concerned. The layout within a panel is our own.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter pictures.py FOLDER
Writes FOLDER/INCIDENT.DASHBOARD.png. Needs Chromium, and the packages of npm: ./dev dashboards --pictures.
"""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import dashboard_queries
import dashboards
import servers

HERE = pathlib.Path(__file__).parent
# The pictures begin this long before the incident.
BEFORE_SECONDS = 15
POINTS = 300


class Shown(dashboard_queries.LiveQueries):
    """The servers and the incidents, without the tests."""

    @classmethod
    def show(cls, incident):
        # The pictures include what has happened before.
        time.sleep(BEFORE_SECONDS)
        end = time.time()
        start = end - 3 * BEFORE_SECONDS
        for file, dashboard in cls.dashboards.items():
            *_, (_, values) = cls().choices(dashboard)
            answers = {}
            dashboard = copy.deepcopy(dashboard)
            for panel, target in dashboards.targets(dashboard):
                expr = dashboards.interpolate(target["expr"], values)
                instant = {"query": expr, "time": end}
                over_time = {"query": expr, "start": start, "end": end, "step": (end - start) / POINTS}
                found = cls.ask("query", **instant) if target["instant"] else cls.ask("query_range", **over_time)
                if "legendFormat" in target:
                    target["legendFormat"] = dashboards.interpolate(target["legendFormat"], values)
                answers.setdefault(panel["id"], {})[target["refId"]] = found["result"]
            name = f"{incident}.{file.removesuffix('.json')}"
            (cls.output / f"{name}.answers").write_text(json.dumps(
                {"dashboard": dashboard, "start": start, "end": end, "answers": answers}))


def draw(folder):
    """Draws a page for each response, and a picture of each page."""
    subprocess.run(["node", HERE / "node_modules" / ".bundled" / "draw.cjs", *sorted(folder.glob("*.answers"))], check=True)
    for page in sorted(folder.glob("*.html")):
        height = page.read_text().split('data-height="')[1].split('"')[0]
        with tempfile.TemporaryDirectory(prefix="scidex-browser-", ignore_cleanup_errors=True) as profile:
            subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                            f"--user-data-dir={profile}", f"--window-size=1280,{height}",
                            f"--screenshot={page.with_suffix('.png')}", page.as_uri()],
                           check=True, capture_output=True, timeout=servers.DEADLINE_SECONDS)


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    Shown.output = folder
    try:
        Shown.setUpClass()
    finally:
        Shown.doClassCleanups()
    draw(folder)


if __name__ == "__main__":
    main()
