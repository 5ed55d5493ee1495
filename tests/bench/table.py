"""Prints the results of scidex_bench as one Markdown table: the median of what each took, in units of the floor (a mutex
pair and two clock reads, measured in the same run) and, where there is one, next to its fastest peer."""
import collections
import json
import re
import statistics
import sys

COUNTERS = ("p50_ms", "p99_ms", "max_ms", "least_served", "most_served", "handoff_ms", "bytes")
NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def median_of(repetitions):
    """One run that stands for all repetitions of it."""
    run = {"name": repetitions[0]["run_name"], "threads": repetitions[0].get("threads", 1)}
    run["ns"] = statistics.median(one["real_time"] * NANOSECONDS[one["time_unit"]] for one in repetitions)
    for counter in COUNTERS:
        if counter in repetitions[0]:
            run[counter] = statistics.median(one[counter] for one in repetitions)
    return run


def peers_of(run, runs):
    """What does the same as `run`, with as many threads, in another pool."""
    kind = re.match(r"BM_(\w*)Pool/", run["name"])
    return [other for other in runs
            if kind and other["name"].startswith(f"BM_{kind[1]}Peer<") and other["threads"] == run["threads"]]


def text(number):
    return f"{number:.2f}" if number < 10 else f"{number:,.0f}"


def row(run, runs, floor):
    counters = ", ".join(f"{name} {run[name]:.4g}" for name in COUNTERS if name in run)
    name = re.sub(r"^BM_|/real_time|/manual_time|/iterations:\d+|/min_time:[\d.]+", "", run["name"]).replace("/", ", ")
    if counters:
        return [name, "", "", "", counters]
    fastest = min((peer["ns"] for peer in peers_of(run, runs)), default=None)
    return [name, text(run["ns"]), text(run["ns"] / floor), "" if fastest is None else text(run["ns"] / fastest), ""]


def main(path):
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    repetitions = collections.defaultdict(list)
    def declared(run):
        return run["family_index"], run["per_family_instance_index"]

    for run in sorted(report["benchmarks"], key=declared):
        if run.get("error_occurred"):
            sys.exit(run["name"] + ": " + run["error_message"])
        if run["run_type"] == "iteration" and not run["name"].startswith("BM_Counted"):
            repetitions[run["run_name"]].append(run)
    runs = list(map(median_of, repetitions.values()))
    floor = next((run["ns"] for run in runs if run["name"] == "BM_Floor"), None)
    if floor is None:
        sys.exit("the floor was not measured: leave BM_Floor in the filter")
    print("| what | ns | floors | to the fastest peer | |\n|---|--:|--:|--:|---|")
    for run in runs:
        print("| " + " | ".join(row(run, runs, floor)) + " |")


main(sys.argv[1])
