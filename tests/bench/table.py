"""Prints the results of scidex_bench as one Markdown table: what each took, in units of the floor (a mutex pair and two
clock reads, measured in the same run) and, where there is one, next to its fastest peer."""
import json
import re
import sys


def nanoseconds(run):
    return run["real_time"] * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run["time_unit"]]


def threads(run):
    return run.get("threads", 1)


def peers_of(run, runs):
    """What does the same as `run`, with as many threads, in another pool."""
    kind = re.match(r"BM_(\w*)Pool/", run["name"])
    if not kind or run["name"].startswith("BM_Psycopg"):
        return []
    return [other for other in runs
            if other["name"].startswith(f"BM_{kind[1]}Peer<") and threads(other) == threads(run)]


def text(number):
    return f"{number:.2f}" if number < 10 else f"{number:,.0f}"


def row(run, runs, floor):
    took = nanoseconds(run)
    fastest = min(map(nanoseconds, peers_of(run, runs)), default=None)
    counters = [f"{name} {run[name]:.4g}" for name in
                ("p50_ms", "p99_ms", "max_ms", "least_served", "most_served", "bytes") if name in run]
    waits = "p50_ms" in run
    name = re.sub(r"^BM_|/real_time|/manual_time|/iterations:\d+", "", run["name"]).replace("/", ", ")
    return [name, "" if waits or "bytes" in run else text(took),
            "" if waits or "bytes" in run else text(took / floor),
            "" if fastest is None or waits else text(took / fastest), ", ".join(counters)]


def main(path):
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    runs = report["benchmarks"]
    failed = [run["name"] + ": " + run["error_message"] for run in runs if run.get("error_occurred")]
    if failed:
        sys.exit("\n".join(failed))
    floors = [nanoseconds(run) for run in runs if run["name"] == "BM_Floor"]
    if not floors:
        sys.exit("the floor was not measured: leave BM_Floor in the filter")
    print("| what | ns | floors | to the fastest peer | |\n|---|--:|--:|--:|---|")
    for run in runs:
        print("| " + " | ".join(row(run, runs, floors[0])) + " |")


main(sys.argv[1])
