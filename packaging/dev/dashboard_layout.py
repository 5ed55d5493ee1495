#!/usr/bin/env python3
"""dashboard_layout.py FOLDER: draws the grid of each committed dashboard as FOLDER/NAME.svg, with the position, title and type
of each panel, but without its contents."""

import html
import json
import pathlib
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "dashboards" / "json"
COLUMN, ROW, MARGIN, HEAD = 50, 30, 4, 40
FILL = {"stat": "#e8f0fe", "timeseries": "#eaf6ea", "state-timeline": "#fdf1e3", "heatmap": "#fbe9ec", "table": "#f0f0f0"}


def drawn(panel):
    grid = panel["gridPos"]
    x, y = grid["x"] * COLUMN + MARGIN, grid["y"] * ROW + HEAD + MARGIN
    width, height = grid["w"] * COLUMN - 2 * MARGIN, grid["h"] * ROW - 2 * MARGIN
    unit = panel["fieldConfig"]["defaults"]["unit"]
    return (f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{FILL.get(panel["type"], "#fff")}" '
            f'fill-opacity="0.8" stroke="#555"/>'
            f'<text x="{x + 8}" y="{y + 20}" font-weight="bold">{html.escape(panel["title"])}</text>'
            f'<text x="{x + 8}" y="{y + 40}">{panel["id"]}: {panel["type"]}, {unit}</text>')


def picture(dashboard):
    height = HEAD + ROW * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    panels = "".join(drawn(panel) for panel in dashboard["panels"])
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{24 * COLUMN}" height="{height}" font-family="sans-serif" '
            f'font-size="13"><text x="8" y="26" font-size="18">{html.escape(dashboard["title"])}</text>{panels}</svg>\n')


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(SOURCE.glob("*.json")):
        (folder / f"{file.stem}.svg").write_text(picture(json.loads(file.read_text())))


if __name__ == "__main__":
    main()
