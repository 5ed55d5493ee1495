"""The cases of recorded series: their values, given the scraped series."""

import dataclasses

import rulebook
from case import WRONG
from cases.common import NODE_EXPORTER, TEXTFILE_WRITTEN
from series import Climb, Cycle, Now, Rise, selector, values, written

STEP_SECONDS, SLOW_STEP_SECONDS = 15, 300
EVALUATED_AT = 80


@dataclasses.dataclass(frozen=True)
class Recorded:
    """The keys of both are series with their labels. What is expected is what `asked` says of the record when the last of the
    steps is evaluated: by default its value, rounded to hundredths."""
    record: str
    scraped: dict
    expected: dict
    asked: str = "round({0}, 0.01)"
    step: int = STEP_SECONDS


def percentile(histogram):
    """For 65 scrapes all observations of the pool ro are between 1 and 10 seconds, and then below 0.1: with 100 for each
    scrape, the window of five minutes has 400 of the former and 1600 of the latter. The pool primary has only the latter."""
    record = f"instance_pool:{histogram}:p99_rate5m"
    fast, slow = Climb(((0, 65), (100, 1000))), Rise(100)

    def buckets(pool, **observed):
        return {f'{histogram}_bucket{{pool="{pool}", le="{bound}"}}': behaviour
                for bound, behaviour in zip(("0.1", "1", "10", "+Inf"), observed.values())}

    return Recorded(record,
                    buckets("ro", tenth=fast, one=fast, ten=slow, all=slow)
                    | buckets("primary", tenth=slow, one=slow, ten=slow, all=slow),
                    {f'{record}{{pool="ro"}}': 9.55, f'{record}{{pool="primary"}}': 0.1})


def utilisation():
    """Not of the pool none, which does not exist."""
    record = "instance_pool:scidex_pg_pool_connections_in_use:ratio"
    in_use = {"ro": (3, 10), "primary": (1, 1), "none": (0, 0)}
    scraped = {}
    for pool, (connections, max_size) in in_use.items():
        scraped |= {f'scidex_pg_pool_connections{{pool="{pool}", state="in_use"}}': connections,
                    f'scidex_pg_pool_connections{{pool="{pool}", state="idle"}}': 5,
                    f'scidex_pg_pool_max_size{{pool="{pool}"}}': max_size}
    return Recorded(record, scraped, {f'{record}{{pool="ro"}}': 0.3, f'{record}{{pool="primary"}}': 1})


def failed_probes():
    """In the last five minutes, of all reasons. Not of the pool none, which is not probed."""
    record = "instance_pool:scidex_pg_pool_probe_failures:ratio_rate5m"
    probes = {"ro": Rise(10), "primary": Rise(30), "none": 0}
    failures = {("ro", "auth_failed"): Climb(((0, 65), (6, 1000))), ("ro", "probe_timeout"): Rise(2),
                ("primary", "auth_failed"): 5, ("none", "auth_failed"): 0}
    return Recorded(record,
                    {f'scidex_pg_pool_probes_total{{pool="{pool}"}}': behaviour for pool, behaviour in probes.items()}
                    | {f'scidex_pg_pool_probe_failures_total{{pool="{pool}", reason="{reason}"}}': behaviour
                       for (pool, reason), behaviour in failures.items()},
                    {f'{record}{{pool="ro"}}': 0.68, f'{record}{{pool="primary"}}': 0})


def outages():
    """The alerts that fire, or ended a minute and a half ago; but none that is pending, or ended three minutes ago, and no
    others."""
    record = "instance_pool:scidex_pg_pool_outage_alerts:last2m"

    def alert(name, pool, state="firing", **more):
        labels = {"alertname": f"ScidexPgPool{name}", "alertstate": state, "severity": "critical", "component": "backend",
                  "pool": pool} | more
        return f"ALERTS{{{written(labels)}}}"

    def ended(seconds):
        return Cycle((1,) * (EVALUATED_AT + 1 - seconds // STEP_SECONDS) + ("stale",) + ("_",) * EVALUATED_AT)

    return Recorded(record,
                    {alert("PrimaryDown", "primary"): 1, alert("ReplicaDown", "ro", instance="db3"): ended(90),
                     alert("PrimaryDown", "primary", instance="db4"): ended(90),
                     alert("PrimaryDown", "primary", instance="db5"): ended(180),
                     alert("ReplicaDown", "ro", instance="db6"): ended(180),
                     alert("PrimaryDown", "primary", state="pending", instance="db7"): 1,
                     alert("ReplicaDown", "ro", state="pending", instance="db8"): 1,
                     alert("ConnectFailures", "ro", instance="db9"): 1,
                     alert("NoConnections", "ro_fallthrough", instance="db10"): 1,
                     alert("NoConnections", "primary", instance="db11"): ended(90),
                     alert("NoConnections", "primary", instance="db12"): ended(180),
                     alert("NoConnections", "ro", state="pending", instance="db13"): 1},
                    {f'{record}{{pool="primary"}}': 1, f'{record}{{pool="ro_fallthrough"}}': 1,
                     f'{record}{{instance="db3", pool="ro"}}': 1, f'{record}{{instance="db4", pool="primary"}}': 1,
                     f'{record}{{instance="db4", pool="ro_fallthrough"}}': 1,
                     f'{record}{{instance="db10", pool="ro_fallthrough"}}': 1,
                     f'{record}{{instance="db11", pool="primary"}}': 1})


def old_files():
    """Those that node_exporter exposes, also if its last scrape was two and a half minutes ago, but not three and a half."""
    record = "instance:scidex_pg_exporter_textfile_age_seconds:old"

    def of(instance, written_at):
        return {f'{TEXTFILE_WRITTEN}{{instance="{instance}"}}': written_at, f'{NODE_EXPORTER}{{instance="{instance}"}}': 0}

    def until(seconds, value):
        return Cycle((value,) * (EVALUATED_AT + 1 - seconds // STEP_SECONDS) + ("stale",) + ("_",) * EVALUATED_AT)

    def failing(instance, seconds):
        return {f'{TEXTFILE_WRITTEN}{{instance="{instance}"}}': until(seconds, -1000),
                f'{NODE_EXPORTER}{{instance="{instance}"}}': until(seconds, 0)}

    return Recorded(record,
                    of("old", Now(less=301)) | of("new", Now(less=300)) | of("once", 0) | failing("fails", 150)
                    | failing("failed", 210) | {f'{TEXTFILE_WRITTEN}{{instance="scraped"}}': -1000},
                    {f'{record}{{instance="old"}}': 301, f'{record}{{instance="fails"}}': 2200})


def half_hours(of):
    """One sample every half hour, of the half hour before it; after a gap in the data, at once. The thousands are their
    number, the rest is their sum. Prometheus was restarted after the first sample of db2 and db3: the second one of db3 was
    due in the meantime, and is recorded at once too."""
    record, rate = (f"instance_pool:scidex_pg_pool_{of}:{what}" for what in ("mean30m", "rate5m"))

    def of_db(instance, *phases):
        return {f'{rate}{{instance="{instance}", pool="ro"}}': Cycle(sum(((value,) * steps for value, steps in phases), ()))}

    def restarted(instance, steps):
        """With a sample before the restart, and nothing else until these steps after it."""
        return {f'{record}{{instance="{instance}", pool="ro"}}': Cycle((100, "stale") + ("_",) * EVALUATED_AT)} | of_db(
            instance, ("_", steps), (1, EVALUATED_AT + 1))

    return Recorded(record,
                    of_db("db1", (1, EVALUATED_AT + 1)) | restarted("db2", 2) | restarted("db3", 8)
                    | of_db("db4", (1, 20), ("_", 21), (1, 40)),
                    {f'{record}{{instance="db1", pool="ro"}}': 14013, f'{record}{{instance="db2", pool="ro"}}': 14113,
                     f'{record}{{instance="db3", pool="ro"}}': 14112, f'{record}{{instance="db4", pool="ro"}}': 12010},
                    "1000 * count_over_time({0}[1d]) + round(sum_over_time({0}[1d]))", SLOW_STEP_SECONDS)


CASES = {case.record: case for case in (*map(percentile, (
    "scidex_pg_pool_acquire_wait_seconds", "scidex_pg_pool_use_seconds", "scidex_pg_pool_connect_seconds")),
                                           utilisation(), failed_probes(), outages(), old_files(),
                                           *map(half_hours, ("acquires", "acquire_failures")))}


def complaint(record):
    """What promtool reports if the recording rule does not record what its case expects; otherwise ""."""
    case = CASES[record["record"]]
    # Rounding drops the name of the recorded series.
    samples = [{"labels": selector(series, WRONG).removeprefix(case.record), "value": value}
               for series, value in case.expected.items()]
    return rulebook.promtool([record], [{
        "name": case.record, "interval": f"{case.step}s",
        "input_series": [{"series": selector(series, WRONG), "values": values([(behaviour, EVALUATED_AT + 1)], case.step)}
                         for series, behaviour in case.scraped.items()],
        "promql_expr_test": [{"expr": case.asked.format(case.record), "eval_time": f"{EVALUATED_AT * case.step}s",
                              "exp_samples": samples}]}], case.step)
