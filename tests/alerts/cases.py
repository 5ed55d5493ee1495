"""Every rule, and what it is held against."""

import dataclasses

from case import CALM, WRONG, Case
from series import Climb, Cycle, Now, Rise

WHO = f"{WRONG} (scidex-pg-exporter)"
ROUTE = "scidex_pg_pool_ro_routes_to"
CONFIGURED = "scidex_pg_pool_ro_dsn_configured"
REFUSED = 'scidex_pg_pool_ro_route_reason{reason="connect_refused"}'
UNSET = 'scidex_pg_pool_ro_route_reason{reason="replica_not_configured"}'
EXPECTED = "scidex_pg_pool_ro_fallthrough_expected"
RO = {"pool": "ro"}
TEXTFILE_WRITTEN = "scidex_pg_exporter_textfile_written_timestamp_seconds"
TEXTFILE_WRITES = "scidex_pg_exporter_textfile_writes_total"


def acquires(outcome):
    return f'scidex_pg_pool_acquires_total{{pool="ro", outcome="{outcome}"}}'


UP = 'scidex_pg_pool_backend_up{pool="ro"}'
PRIMARY_UP = 'scidex_pg_pool_backend_up{pool="primary"}'
FAILED = ("timeout", "queue_full", "deadlock", "error")


def said_of_burn(windows, share):
    return (f"In the pool ro of {WHO} {share} of the acquires failed over the {windows} that this alert looks at; one in a "
            "thousand may. Each is an error to its caller.")


def burn(share, failing, near, unanswered, **times):
    """A burn of the error budget. At first there is one acquire a second; 1 / 0.1 of the floor."""
    step, calm_steps = times["step"], times["lead"] // times["step"]
    description = said_of_burn("hour or the six hours", share)
    few, minutes = step / 10, 60 // step
    fires = calm_steps + (times["rises"] + times["for_"]) // step
    down, remembered = (0,) * (120 // step), (1,) * (35 * minutes or 17)
    return Case(
        "ScidexPgPoolAcquireErrorBudgetBurn", "critical", "waiters",
        "Acquires fail faster than the error budget allows.", description, "detail",
        calm={acquires("immediate"): Rise(step), **{acquires(outcome): Rise(0) for outcome in FAILED},
              acquires("cancelled"): Rise(0), acquires("closed"): Rise(0), UP: 1},
        wrong={acquires("timeout"): Rise(failing)},
        near={"the budget is spent a little slower": {acquires("timeout"): Climb(((0, calm_steps), (near, 10000)))},
              "there is no traffic": {acquires("immediate"): Rise(0)},
              "there is next to no traffic": {acquires("immediate"): Rise(few * 0.8), acquires("timeout"): Rise(few * 0.15)},
              "callers cancel, or meet a pool that closes": {acquires("cancelled"): Rise(step),
                                                             acquires("closed"): Rise(step)},
              "the server was down": {acquires("timeout"): Rise(failing), UP: Cycle(down + remembered)}},
        labels=RO,
        also=(*(({}, {acquires("timeout"): Rise(0), acquires(outcome): Rise(failing)}, description)
                for outcome in FAILED[1:]),
              ({}, {acquires("cancelled"): Rise(step), acquires("closed"): Rise(step)}, description),
              ({acquires("immediate"): Rise(few * 1.1)},
               {acquires("immediate"): Rise(few * 1.1), acquires("timeout"): Rise(failing * 0.11)}, description),
              # The server was down an hour before it fires, and has failed to answer single probes since.
              ({UP: Cycle((1,) * (fires - 3600 // step) + down + (1,) * 100)}, {UP: unanswered}, description)), **times)


def rate(of):
    return f'instance_pool:scidex_pg_pool_{of}:rate5m{{pool="ro"}}'


def ratio(window):
    return f'instance_pool:scidex_pg_pool_acquire_failures:ratio_rate{window}{{pool="ro"}}'


ANSWERED = 'instance_pool:scidex_pg_pool_backend_up:avg5m{pool="ro"}'


def slow_burn(share, failing, near, slower, **times):
    """The same over days, of the rates that are recorded."""
    description = said_of_burn("day or the three days", share)
    step = times["step"]
    burns = (times["rises"] + times["for_"]) // step
    # Above the floor over six hours, not over a day or three.
    night_and_day = (0.085,) * (66 * 3600 // step) + (0.12,) * (6 * 3600 // step)
    return Case(
        "ScidexPgPoolAcquireErrorBudgetBurn", "warning", "waiters",
        "Acquires fail faster than the error budget allows.", description, "detail",
        calm={rate("acquires"): 1, rate("acquire_failures"): 0, ANSWERED: 1},
        wrong={rate("acquire_failures"): failing},
        near={"the budget is spent a little slower": {
                  rate("acquire_failures"): Cycle((0,) * (times["lead"] // step) + (near,) * slower + (0,) * 1000)},
              "there is next to no traffic": {rate("acquires"): 0.095, rate("acquire_failures"): 0.095 * failing},
              "there is next to none but for six hours": {
                  rate("acquires"): Cycle(night_and_day), rate("acquire_failures"): Cycle(
                      tuple(failing * acquires for acquires in night_and_day))},
              "the server was down": {rate("acquire_failures"): failing, ANSWERED: Cycle((0.79,) + (1,) * (6 * 3600 // step))}},
        labels=RO,
        also=(({rate("acquires"): 0.11}, {rate("acquires"): 0.11, rate("acquire_failures"): failing * 0.11}, description),
              ({}, {ANSWERED: Cycle((0.81,) * (burns - 10 * 3600 // step) + (0,) + (0.81,) * 1000)}, description)),
        outlives_failed_scrape=False, **times)


def fallthrough(reason, words=""):
    return (f"{WHO} sends reads to the primary, through the pool ro_fallthrough (scidex_pg_pool_ro_routes_to is 2), because "
            f"of {reason}{words}. Reads work and stay read-only, but they load the server that takes the writes: users may "
            "feel slower writes.")


def changes(before, after):
    return f'scidex_pg_pool_ro_route_transitions_total{{from="{before}", to="{after}"}}'


WAITERS = 'scidex_pg_pool_waiters{pool="ro"}'
QUERIES_WAITING = 'scidex_pg_pool_query_waiters{pool="ro"}'
BURNS = 'ALERTS{alertname="ScidexPgPoolAcquireErrorBudgetBurn", alertstate="firing", severity="critical", pool="ro"}'


def piling(waiters, queries):
    return (f"In the pool ro of {WHO} at least {waiters} acquirers waited for a connection at every scrape of the last two "
            f"minutes{queries}. Users feel slower requests, and errors once waits reach the acquire timeout.")


LEAKED = (f"In the pool ro of {WHO} a lease has not been released within leak_after. Each one makes the pool smaller for all "
          "other borrowers. The log and /api/v1/pools name who acquired it, and the process of its session.")


SAME = 'scidex_pg_pool_ro_route_reason{reason="is_primary"}'


def failures(pool, reason):
    return f'scidex_pg_pool_probe_failures_total{{pool="{pool}", reason="{reason}"}}'


def server(pool, host):
    return f'scidex_pg_pool_server_info{{pool="{pool}", host="{host}", port="5432", dbname="shop"}}'


def connects(outcome):
    return f'scidex_pg_pool_connects_total{{pool="ro", outcome="{outcome}"}}'


def primary_down(why, server=" (pg1:5432)"):
    return f"The primary of {WHO}{server} has answered no probe for a minute{why}. Writes fail, and reads that fall through fail too."


def replica_down(why, server=" (pg2:5432)"):
    return (f"The replica of {WHO}{server} has answered no probe for three minutes{why}. Reads fall through to the primary, or are "
            "refused where that is forbidden.")


def no_connections(why, failed):
    return (f"The pool ro of {WHO} has no connection, and its connects fail{why}. In three minutes {failed} acquires failed: "
            "each is an error to its caller.")


LAG, MAX_LAG = "scidex_pg_pool_replica_lag_seconds", "scidex_pg_pool_replica_max_lag_seconds"
STALE = "scidex_pg_pool_replica_stale"
LAG_REASON = 'scidex_pg_pool_ro_route_reason{reason="lag_exceeded"}'


QUERY = {"query": "orders"}
SUCCESS = 'scidex_pg_query_last_success_timestamp_seconds{query="orders"}'
NO_CONNECTION = ("no_route", "acquire_timeout", "queue_full", "timeout", "lost")
QUERY_ERRORS = ("refused", "write", "no_rows", "bad_column", "bad_value", "bad_label", "duplicate")


def runs():
    return 'scidex_pg_query_runs_total{query="orders"}'


def errors(reason):
    return f'scidex_pg_query_errors_total{{query="orders", reason="{reason}"}}'


def failing(share, why):
    return (f"Of the runs of the query orders of {WHO} {share} failed within a quarter of an hour{why}. Whatever is built on "
            "its series, alerts among them, sees nothing, or old numbers.")


def counted(alert, severity, component, summary, description, counter, **more):
    """An alert on anything that a counter of a pool counts."""
    series = f'{counter}{{pool="ro"}}'
    dashboard = "read-only" if "read_only" in counter else "detail"
    return Case(alert, severity, component, summary, description, dashboard, calm={series: 7}, wrong={series: Rise(1)},
                near={"there were some long ago": {series: 1000000}}, labels=RO, **more)


CASES = [
    burn("1.507%", failing=1, near=0.86, unanswered=Cycle((1,) * 20 + (0,) + (1,) * 100), step=60, lead=370 * 60,
         rises=55 * 60, for_=120, forgets=4 * 60),
    burn("0.6019%", failing=0.8, near=0.7, unanswered=1, step=120, lead=190 * 120, rises=163 * 120, for_=120, holds=240,
         forgets=16 * 120),
    slow_burn("0.3143%", failing=0.004, near=0.0028, slower=50, step=1800, lead=160 * 1800, rises=36 * 1800, for_=3600,
              holds=9 * 1800, forgets=12 * 1800),
    slow_burn("0.1022%", failing=0.0012, near=0.00095, slower=1000, step=1800, lead=160 * 1800, rises=121 * 1800, for_=3600,
              holds=3600, forgets=12 * 1800),

    # A day alone: there was more traffic before.
    dataclasses.replace(
        slow_burn("0.3395%", failing=0.0035, near=0.0024, slower=50, step=1800, lead=160 * 1800, rises=46 * 1800, for_=3600,
                  holds=0, forgets=4 * 1800),
        calm={rate("acquires"): 3, rate("acquire_failures"): 0, ANSWERED: 1},
        wrong={rate("acquires"): 1, rate("acquire_failures"): 0.0035}, also=(), near={"there is none": {ANSWERED: 1}}),

    # Three days, of ratios that are recorded; that of six hours, by another group, is missing now and then.
    Case("ScidexPgPoolAcquireErrorBudgetBurn", "warning", "waiters", "Acquires fail faster than the error budget allows.",
         said_of_burn("day or the three days", "0.2%"), "detail",
         calm={ratio("1d"): 0, ratio("2h"): 0, ratio("3d"): 0.002, ratio("6h"): None, ANSWERED: 1},
         wrong={ratio("6h"): 0.002}, near={"nothing fails any more": {ratio("6h"): 0}}, labels=RO, step=60, for_=3600,
         holds=300, forgets=0, outlives_failed_scrape=False),

    Case("ScidexPgPoolAcquiresFail", "warning", "waiters", "Most acquires of a pool that has few fail.",
         f"In the pool ro of {WHO} 10 acquires failed within an hour, more than half of all. There are too few for an error "
         "budget; each is an error to its caller.", "detail",
         calm={rate("acquires"): 0.0045, rate("acquire_failures"): 0, ANSWERED: 1},
         wrong={rate("acquire_failures"): 0.0028},
         near={"they are nine": {rate("acquires"): 0.003, rate("acquire_failures"): 0.0024},
               "there are enough for an error budget": {rate("acquires"): 0.105, rate("acquire_failures"): 0.1},
               "it is less than half": {rate("acquires"): 0.0055, rate("acquire_failures"): 0.0027},
               "the server was down": {rate("acquire_failures"): 0.0028, ANSWERED: Cycle((0.79,) + (1,) * 22)}},
         also=(({ANSWERED: Cycle((1,) * 35 + (0,) + (1,) * 100)}, {ANSWERED: 0.81},
                f"In the pool ro of {WHO} 10 acquires failed within an hour, more than half of all. There are too few for "
                "an error budget; each is an error to its caller."),
               ({rate("acquires"): 0.09}, {rate("acquires"): 0.09, rate("acquire_failures"): 0.0505556},
                f"In the pool ro of {WHO} 182 acquires failed within an hour, more than half of all. There are too few for "
                "an error budget; each is an error to its caller.")),
         labels=RO, step=300, lead=60 * 300, rises=3300, holds=300, outlives_failed_scrape=False,
         forgets=300),

    Case("ScidexPgPoolFallthroughHurtsPrimary", "warning", "routing",
         "Reads fall through to a primary whose own pool is nearly full.",
         f"{WHO} sends reads to the primary while 90% of its connections for writers are in use. The reads slow the "
         "writes down: users are about to feel both.", "detail",
         calm={'scidex_pg_pool_connections{pool="primary", state="in_use"}': 2,
               'scidex_pg_pool_connections{pool="primary", state="idle"}': 18,
               'scidex_pg_pool_connections{pool="ro_fallthrough", state="in_use"}': 20,
               'scidex_pg_pool_max_size{pool="primary"}': 20, 'scidex_pg_pool_max_size{pool="ro_fallthrough"}': 20,
               ROUTE: 2},
         wrong={'scidex_pg_pool_connections{pool="primary", state="in_use"}': 18},
         near={"the pool is as full as it may be": {'scidex_pg_pool_connections{pool="primary", state="in_use"}': 17},
               "reads go to the replica": {'scidex_pg_pool_connections{pool="primary", state="in_use"}': 20, ROUTE: 1},
               "there is no primary": {'scidex_pg_pool_connections{pool="primary", state="in_use"}': 0,
                                       'scidex_pg_pool_max_size{pool="primary"}': 0}},
         also=(({'scidex_pg_pool_connections{pool="primary", state="in_use"}': 18, ROUTE: 1}, {},
                f"{WHO} sends reads to the primary while 90% of its connections for writers are in use. The reads slow "
                "the writes down: users are about to feel both."),),
         labels={"pool": "primary"}, for_=300),

    Case("ScidexPgPoolRoFallthrough", "warning", "routing", "Read-only traffic is served by the primary.",
         fallthrough("connect_refused"), "overview",
         calm={ROUTE: 1, EXPECTED: 0, REFUSED: 0}, wrong={ROUTE: 2, REFUSED: 1},
         near={"reads are refused": {ROUTE: 3, REFUSED: 1},
               "it is expected": {ROUTE: 2, EXPECTED: 1, REFUSED: 1},
               "the replica is back for a moment": {ROUTE: Cycle((2,) * 8 + (1,)), REFUSED: 1},
               "reads are refused for a moment": {ROUTE: Cycle((2,) * 8 + (3,)), REFUSED: 1}},
         also=(({ROUTE: 3}, {REFUSED: None}, fallthrough("a reason that it does not report")),
               *(({}, {REFUSED: 0, f'scidex_pg_pool_ro_route_reason{{reason="{reason}"}}': 1}, fallthrough(reason, f" ({words})"))
                 for reason, words in (
                     ("is_primary", "the DSN of the replica leads to the primary itself"),
                     ("not_in_recovery", "the server of the replica is not in recovery: it was promoted, or never was a "
                                         "replica, and takes writes of its own"),
                     ("diverged", "the replica has WAL that the primary never had, and has to be rebuilt"),
                     ("lag_exceeded", "the replica lags by more than max_lag"),
                     ("auth_failed", "the replica refuses the login")))),
         for_=120, keep=300),

    Case("ScidexPgPoolRoFallthrough", "info", "routing",
         "Read-only traffic is served by the primary, as its configuration expects.",
         f"{WHO} sends reads to the primary, because of replica_not_configured, and is configured to expect that "
         "(read_only.fallthrough_expected). Nothing is to be done.", "overview",
         calm={ROUTE: 1, EXPECTED: 1, UNSET: 0}, wrong={ROUTE: 2, UNSET: 1},
         near={"it is not expected": {ROUTE: 2, EXPECTED: 0}, "reads are refused": {ROUTE: 3}},
         also=(({}, {UNSET: None}, f"{WHO} sends reads to the primary, because of a reason that it does not report, and is "
                "configured to expect that (read_only.fallthrough_expected). Nothing is to be done."),),
         for_=120, keep=300),

    Case("ScidexPgPoolFleetFallthrough", "warning", "routing",
         "Most instances of a job send their reads to the primary.",
         "57.14% of the instances of scidex-pg-exporter that have a replica send their reads to the primary. What they "
         "have in common has failed: the replica, its network, its name or its credentials. The primary takes the load "
         "of all of them.", "overview",
         calm={f'{name}{{instance="{host}"}}': 1 for name in (ROUTE, CONFIGURED) for host in "abcdefg"},
         wrong={f'{ROUTE}{{instance="{host}"}}': 2 for host in "abcd"},
         near={"it is half of them": {f'{ROUTE}{{instance="{host}"}}': behaviour
                                      for host, behaviour in zip("abcdefg", (2, 2, 2, 1, 1, 1, None))}
                                     | {f'{CONFIGURED}{{instance="g"}}': None},
               "two are no fleet": {f'{name}{{instance="{host}"}}': 2 if host in "ab" and name == ROUTE else
                                    1 if host in "ab" else None for name in (ROUTE, CONFIGURED) for host in "abcdefg"},
               "they have no replica by choice": {f'{ROUTE}{{instance="{host}"}}': 2 for host in "abcdef"}
                                                 | {f'{CONFIGURED}{{instance="{host}"}}': 0 for host in "abcd"}
                                                 | {f'{ROUTE}{{instance="{host}"}}': 1 for host in "efg"},
               "reads are refused": {f'{ROUTE}{{instance="{host}"}}': 3 for host in "abcdefg"}},
         also=(({f'{name}{{instance="{host}"}}': None for name in (ROUTE, CONFIGURED) for host in "cdefg"},
                {f'{name}{{instance="{host}"}}': None for name in (ROUTE, CONFIGURED) for host in "defg"}
                | {f'{ROUTE}{{instance="c"}}': 1, f'{CONFIGURED}{{instance="c"}}': 1},
                "66.67% of the instances of scidex-pg-exporter that have a replica send their reads to the primary. What "
                "they have in common has failed: the replica, its network, its name or its credentials. The primary "
                "takes the load of all of them."),),
         for_=120, keep=300, of_instance=False),

    Case("ScidexPgPoolRouteFlapping", "warning", "routing", "The route of read-only traffic changes again and again.",
         f"The route of {WHO} has changed 5 times within a quarter of an hour. Its replica is at the edge of what is asked "
         "of it; each change drops the sessions of one side and fills the pool of the other, which users feel as uneven "
         "times.", "overview",
         calm={changes("replica", "primary_fallthrough"): 7, changes("primary_fallthrough", "replica"): 7},
         # Five between two scrapes, which no gauge shows.
         wrong={changes("replica", "primary_fallthrough"): Climb(((3, 1),)),
                changes("primary_fallthrough", "replica"): Climb(((2, 1),))},
         near={"it changes four times": {changes("replica", "primary_fallthrough"): Climb(((0, 80), (2, 1))),
                                         changes("primary_fallthrough", "replica"): Climb(((0, 80), (2, 1)))}},
         holds=600, forgets=600, keep=600, outlives_failed_scrape=False),

    Case("ScidexPgPoolRouteDisabled", "critical", "routing", "Read-only traffic is refused.",
         f"{WHO} refuses every read acquire at once, because of connect_refused; falling through to the primary is "
         "forbidden, or there is no primary. Users get errors.", "overview",
         calm={ROUTE: 1, REFUSED: 0}, wrong={ROUTE: 3, REFUSED: 1},
         near={"reads fall through": {ROUTE: 2, REFUSED: 1},
               "reads fall through for a moment": {ROUTE: Cycle((3,) * 8 + (2,))}},
         also=(({ROUTE: 2}, {REFUSED: None},
                f"{WHO} refuses every read acquire at once, because of a reason that it does not report; falling through "
                "to the primary is forbidden, or there is no primary. Users get errors."),),
         for_=120),

    Case("ScidexPgPoolRouteUnknown", "warning", "routing", "It is not known where read-only traffic goes.",
         f"{WHO} is scraped, but its route has an unknown value, or is missing. No alert on the route can fire for "
         "it.", "exporter",
         calm={ROUTE: 1, "up": 1}, wrong={ROUTE: 4},
         near={"reads fall through": {ROUTE: 2}, "reads are refused": {ROUTE: 3},
               "it is not scraped": {ROUTE: None, "up": 0},
               "it is scraped by another job, and is another program": {ROUTE: None, "up": None, 'up{job="other"}': 1},
               "it is 0 for a moment": {ROUTE: Cycle((0,) * 20 + (1,))}},
         also=(({ROUTE: None, "up": None}, {ROUTE: None, "up": 1},
                f"{WHO} is scraped, but its route has an unknown value, or is missing. No alert on the route can fire "
                "for it."),),
         for_=300),

    counted("ScidexPgPoolReadOnlyViolation", "warning", "read-only",
            "A write was attempted through a read-only lease, and refused.",
            f"Something that {WHO} serves has tried to write through the pool ro. The server refused it: nothing was "
            "written, and the caller got an error. The log names the place.",
            "scidex_pg_pool_read_only_violations_total", holds=285, forgets=285, keep=900),

    counted("ScidexPgPoolReadOnlyTampered", "warning", "read-only",
            "A borrower lifted read-only on a read session, or could have.",
            f"In the pool ro of {WHO} a borrower has switched read-only off, or has committed a transaction of its own in "
            "which it could have written. The next borrower's session is read-only again. The log names the borrower.",
            "scidex_pg_pool_read_only_tampered_total", holds=285, forgets=285, keep=900),

    counted("ScidexPgPoolReadOnlyWrite", "critical", "read-only",
            "A write succeeded through a read-only lease.",
            f"In the pool ro of {WHO} a statement that writes has succeeded: its borrower had switched read-only off. What "
            "it wrote is in the database. The log names the borrower and the statement's verb.",
            "scidex_pg_pool_read_only_writes_total", holds=285, forgets=285, keep=900),

    counted("ScidexPgPoolReadOnlyUnproven", "warning", "read-only",
            "Sessions could not be shown to be read-only, and were refused.",
            f"The pool ro of {WHO} has refused sessions that could not be shown to be read-only. Most often a pooler is in "
            "front of the server. Reads that need them wait, or fall through.",
            "scidex_pg_pool_read_only_unproven_total", holds=285, forgets=285, keep=900),

    Case("ScidexPgPoolReadOnlyCanaryFailed", "warning", "read-only", "A write through a read-only lease was not refused.",
         f"The canary of {WHO} has tried to write through the pool ro, and was not refused as read-only. Until it is, take "
         "its reads for able to write.", "read-only",
         calm={'scidex_pg_pool_read_only_canary_success{pool="ro"}': 1},
         wrong={'scidex_pg_pool_read_only_canary_success{pool="ro"}': 0},
         near={"none has run": {'scidex_pg_pool_read_only_canary_success{pool="ro"}': "NaN"}}, labels=RO),

    *(Case("ScidexPgPoolWaitersPilingUp", severity, "waiters",
           "Acquirers queue for connections and the queue does not drain.",
           piling(waiters, ", 2 of them this exporter's own queries"), "overview",
           calm={WAITERS: 0, UP: 1, QUERIES_WAITING: 2}, wrong={WAITERS: waiters},
           near={"there is one fewer": {WAITERS: waiters - 1},
                 "the queue drains now and then": {WAITERS: Cycle((100,) * 8 + (0,))},
                 "the server does not answer": {WAITERS: 100, UP: 0},
                 "it did not a moment ago": {WAITERS: 100, UP: Cycle((0,) + (1,) * 14)},
                 "acquires fail, of which another alert tells": {WAITERS: 100, BURNS: 1}},
           also=(({BURNS.replace("critical", "warning"): 1, QUERIES_WAITING: None}, {QUERIES_WAITING: None}, piling(waiters, "")),),
           labels=RO, rises=120, for_=120, keep=120, forgets=120) for severity, waiters in (("warning", 6), ("critical", 21))),

    Case("ScidexPgPoolOldestWaiter", "info", "waiters", "Acquires are about to time out.",
         f"In the pool ro of {WHO} the oldest waiter has waited for 2.6s, more than half of the acquire timeout. Users wait "
         "that long, and the next step are errors.", "detail",
         calm={'scidex_pg_pool_oldest_waiter_seconds{pool="ro"}': 0,
               'scidex_pg_pool_acquire_timeout_seconds{pool="ro"}': 5},
         wrong={'scidex_pg_pool_oldest_waiter_seconds{pool="ro"}': 2.6},
         near={"it is half": {'scidex_pg_pool_oldest_waiter_seconds{pool="ro"}': 2.5},
               "there is no such pool": {'scidex_pg_pool_acquire_timeout_seconds{pool="ro"}': 0},
               "only callers who say so wait": {'scidex_pg_pool_oldest_waiter_seconds{pool="ro"}': 2.6,
                                                'scidex_pg_pool_acquire_timeout_seconds{pool="ro"}': 0},
               "waits are long and allowed to be": {'scidex_pg_pool_oldest_waiter_seconds{pool="ro"}': 29,
                                                    'scidex_pg_pool_acquire_timeout_seconds{pool="ro"}': 60}},
         also=(({}, {'scidex_pg_pool_oldest_waiter_seconds{pool="ro"}': 0.6,
                     'scidex_pg_pool_acquire_timeout_seconds{pool="ro"}': 1},
                f"In the pool ro of {WHO} the oldest waiter has waited for 600ms, more than half of the acquire timeout. "
                "Users wait that long, and the next step are errors."),),
         labels=RO, for_=60),

    Case("ScidexPgPoolQueueDepth", "info", "waiters", "On average at least one acquirer waits for a connection.",
         f"In the pool ro of {WHO} 1.2 acquirers waited on average over five minutes, those between two scrapes included. "
         "Users feel slower requests.", "detail",
         calm={'scidex_pg_pool_acquire_wait_seconds_sum{pool="ro"}': Rise(0)},
         wrong={'scidex_pg_pool_acquire_wait_seconds_sum{pool="ro"}': Rise(18)},
         near={"one waits": {'scidex_pg_pool_acquire_wait_seconds_sum{pool="ro"}': Rise(15)}},
         labels=RO, rises=240, for_=300, holds=45, forgets=45),

    Case("ScidexPgPoolSaturated", "info", "saturation", "Nearly all connections of a pool are in use all the time.",
         f"In the pool ro of {WHO} 100% of max_size were in use on average over five minutes. The next rise of demand "
         "queues.", "detail",
         calm={'scidex_pg_pool_connections{pool="ro", state="in_use"}': 1,
               'scidex_pg_pool_connections{pool="ro", state="idle"}': 9, 'scidex_pg_pool_max_size{pool="ro"}': 10},
         wrong={'scidex_pg_pool_connections{pool="ro", state="in_use"}': 10},
         near={"one is idle": {'scidex_pg_pool_connections{pool="ro", state="in_use"}': 9},
               "there is no such pool": {'scidex_pg_pool_connections{pool="ro", state="in_use"}': 0,
                                         'scidex_pg_pool_max_size{pool="ro"}': 0}},
         labels=RO, rises=270, for_=120, holds=30),

    Case("ScidexPgPoolLeaseLeaked", "warning", "saturation", "A lease is held for longer than leak_after.",
         LEAKED, "detail",
         calm={'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 1, 'scidex_pg_pool_leak_after_seconds{pool="ro"}': 300},
         wrong={'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 301},
         near={"it is released in time": {'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 300},
               "leases are not looked at": {'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 100000,
                                            'scidex_pg_pool_leak_after_seconds{pool="ro"}': 0}},
         also=(({'scidex_pg_pool_leak_after_seconds{pool="ro"}': 1, 'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 0.5},
                {'scidex_pg_pool_leak_after_seconds{pool="ro"}': 1, 'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 1.5},
                LEAKED),),
         labels=RO, for_=60),

    Case("ScidexPgPoolLeaseLeaked", "warning", "saturation", "A lease is held for longer than leak_after.",
         LEAKED, "detail",
         calm={'scidex_pg_pool_leases_leaked_total{pool="ro"}': 7, 'scidex_pg_pool_retired_leases{pool="ro"}': 1},
         wrong={'scidex_pg_pool_leases_leaked_total{pool="ro"}': Climb(((1, 1),))},
         near={"there were some long ago": {'scidex_pg_pool_leases_leaked_total{pool="ro"}': 1000000},
               "none of a pool that was replaced is out": {'scidex_pg_pool_leases_leaked_total{pool="ro"}': Rise(1),
                                                           'scidex_pg_pool_retired_leases{pool="ro"}': 0}},
         labels=RO, for_=60, holds=240, forgets=180, outlives_failed_scrape=False),

    Case("ScidexPgPoolPrimaryDown", "critical", "backend", "The primary cannot be used.",
         primary_down(", because of auth_failed"), "detail",
         calm={PRIMARY_UP: 1, UP: 0, 'scidex_pg_pool_max_size{pool="primary"}': 1, 'scidex_pg_pool_max_size{pool="ro"}': 1,
               failures("primary", "auth_failed"): Rise(0), failures("primary", "connect_refused"): Rise(0),
               server("primary", "pg1"): 1, server("ro", "pg2"): 1},
         wrong={PRIMARY_UP: 0, failures("primary", "auth_failed"): Rise(2), failures("primary", "connect_refused"): Rise(1)},
         near={"there is no primary": {PRIMARY_UP: 0, 'scidex_pg_pool_max_size{pool="primary"}': 0}},
         also=(({failures("primary", "auth_failed"): None, failures("primary", "connect_refused"): None,
                                  server("primary", "pg1"): None},
                {failures("primary", "auth_failed"): None, failures("primary", "connect_refused"): None,
                 server("primary", "pg1"): None}, primary_down("", "")),),
         labels={"pool": "primary"}, for_=60),

    Case("ScidexPgPoolNoConnections", "critical", "backend",
         "A pool has no connection, cannot open one, and its acquires fail.", no_connections(" with auth_failed", 5), "detail",
         calm={'scidex_pg_pool_connections{pool="ro", state="idle"}': 1,
               'scidex_pg_pool_connections{pool="ro", state="in_use"}': 0,
               'scidex_pg_pool_connections{pool="ro", state="connecting"}': 1,
               connects("ok"): Rise(1), connects("auth_failed"): Rise(0), connects("connect_refused"): Rise(0),
               **{acquires(outcome): Rise(0) for outcome in FAILED}, acquires("immediate"): Rise(1),
               acquires("cancelled"): Rise(1), acquires("closed"): Rise(1)},
         wrong={'scidex_pg_pool_connections{pool="ro", state="idle"}': 0, connects("auth_failed"): Rise(2),
                connects("connect_refused"): Rise(1), acquires("timeout"): Rise(1)},
         near={"nothing is acquired": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0,
                                       connects("auth_failed"): Rise(2)},
               "it has a connection": {connects("auth_failed"): Rise(2), acquires("timeout"): Rise(1)},
               "it lends one": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0,
                                'scidex_pg_pool_connections{pool="ro", state="in_use"}': 1,
                                connects("auth_failed"): Rise(2), acquires("timeout"): Rise(1)},
               "connects succeed": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0, acquires("timeout"): Rise(1)},
               "they failed long ago": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0,
                                        connects("auth_failed"): 100000, acquires("timeout"): 100000}},
         also=(*(({}, {acquires("timeout"): Rise(0), acquires(outcome): Rise(1)}, no_connections(" with auth_failed", 5))
                 for outcome in FAILED[1:]),
               # One that fails is enough.
               ({}, {connects("auth_failed"): Climb(((0.9, 1),)), connects("connect_refused"): Rise(0)},
                no_connections(" with auth_failed", 5))),
         labels=RO, for_=60, forgets=165),

    Case("ScidexPgPoolReplicaDown", "warning", "backend", "The replica cannot be used.",
         replica_down(", because of connect_refused"), "detail",
         calm={PRIMARY_UP: 0, UP: 1, CONFIGURED: 1, server("ro", "pg2"): 1, failures("ro", "auth_failed"): Rise(0),
               failures("ro", "connect_refused"): Rise(0)},
         wrong={UP: 0, failures("ro", "auth_failed"): Rise(1), failures("ro", "connect_refused"): Rise(2)},
         near={"no replica is configured": {UP: 0, CONFIGURED: 0}},
         also=(({}, {failures("ro", "auth_failed"): None, failures("ro", "connect_refused"): None}, replica_down("")),),
         labels=RO, for_=180),

    Case("ScidexPgPoolReplicaNotAReplica", "warning", "backend",
         "The server that is configured as the replica is not one.",
         f"The server that {WHO} has as its replica (pg2:5432) answers, and is not in recovery: it was promoted, or it never was a "
         "replica. It takes writes of its own. Reads do not go there.", "detail",
         calm={UP: 1, 'scidex_pg_pool_backend_in_recovery{pool="ro"}': 1,
               PRIMARY_UP: 1, 'scidex_pg_pool_backend_in_recovery{pool="primary"}': 0, CONFIGURED: 1, SAME: 0,
               server("ro", "pg2"): 1},
         wrong={'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0},
         near={"it is down": {UP: 0, 'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0},
               "no replica is configured": {'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0, CONFIGURED: 0}},
         also=(({}, {SAME: 1}, f"The DSN of the replica of {WHO} leads to its primary: there is no second server, and the "
                "one that there is works. Reads do not go there."),),
         labels=RO, for_=180),

    Case("ScidexPgPoolReplicaDiverged", "warning", "backend", "The replica has rows that the primary never had.",
         f"The replica of {WHO} has replayed WAL that its primary does not have, so one of the two has lost transactions. "
         "Reads do not go there. The replica has to be rebuilt.", "read-only",
         calm={'scidex_pg_pool_ro_route_reason{reason="diverged"}': 0,
               'scidex_pg_pool_ro_route_reason{reason="ok"}': 1},
         wrong={'scidex_pg_pool_ro_route_reason{reason="diverged"}': 1,
                'scidex_pg_pool_ro_route_reason{reason="ok"}': 0},
         near={"it lags": {'scidex_pg_pool_ro_route_reason{reason="lag_exceeded"}': 1,
                           'scidex_pg_pool_ro_route_reason{reason="ok"}': 0}},
         labels={"reason": "diverged"}, for_=180),

    Case("ScidexPgPoolPrimaryReadOnly", "critical", "backend", "The primary refuses writes.",
         f"The primary of {WHO} answers, and refuses writes: it is in recovery, or default_transaction_read_only is on "
         "there, as providers set it when a disk is full.", "read-only",
         calm={"scidex_pg_pool_primary_writable": 1, 'scidex_pg_pool_backend_up{pool="primary"}': 1,
               'scidex_pg_pool_backend_up{pool="ro"}': 1},
         wrong={"scidex_pg_pool_primary_writable": 0},
         near={"it is down": {"scidex_pg_pool_primary_writable": 0, 'scidex_pg_pool_backend_up{pool="primary"}': 0},
               "it has not answered yet": {"scidex_pg_pool_primary_writable": "NaN"}},
         labels={}, for_=60),

    Case("ScidexPgPoolReplicaLag", "warning", "backend", "The replica lags.",
         f"The replica of {WHO} is 16s behind its primary, more than half of max_lag. Reads that go there see data of that "
         "age, and at max_lag it counts as stale.", "detail",
         calm={LAG: 0.1, MAX_LAG: 30, STALE: 0, 'scidex_pg_pool_ro_route_reason{reason="ok"}': 1}, wrong={LAG: 16},
         near={"it is half": {LAG: 15}, "any lag is accepted": {LAG: 1000000, MAX_LAG: 0},
               "the lag is not known": {LAG: "NaN"}, "the route is lost": {LAG: 31, LAG_REASON: 1}},
         also=(({MAX_LAG: 1, LAG_REASON: 0}, {MAX_LAG: 1, STALE: 1, 'scidex_pg_pool_ro_route{route="replica"}': 1,
                               'scidex_pg_pool_ro_route{route="primary_fallthrough"}': 0},
                f"The replica of {WHO} is 16s behind its primary, more than max_lag; the route of reads is replica."),),
         for_=300),

    Case("ScidexPgPoolConnectFailures", "warning", "backend", "Connects to a server that answers fail again and again.",
         f"The pool ro of {WHO} fails to connect 0.05 times a second. It cannot replace what it loses, and does not grow "
         "when it should.", "detail",
         calm={'scidex_pg_pool_connects_total{pool="ro", outcome="ok"}': Rise(1),
               'scidex_pg_pool_connects_total{pool="ro", outcome="connect_refused"}': Rise(0),
               'scidex_pg_pool_connects_total{pool="ro", outcome="connect_timeout"}': Rise(0),
               'scidex_pg_pool_backend_up{pool="ro"}': 1},
         wrong={'scidex_pg_pool_connects_total{pool="ro", outcome="connect_refused"}': Rise(0.4),
                'scidex_pg_pool_connects_total{pool="ro", outcome="connect_timeout"}': Rise(0.4)},
         near={"one fails in twenty seconds": {
                   'scidex_pg_pool_connects_total{pool="ro", outcome="connect_refused"}': Rise(0.75)},
               "the server was down a moment ago": {
                   'scidex_pg_pool_connects_total{pool="ro", outcome="connect_refused"}': Rise(5),
                   'scidex_pg_pool_backend_up{pool="ro"}': Cycle((0,) + (1,) * 20)}},
         labels=RO, rises=270, for_=120, holds=15, forgets=15),

    Case("ScidexPgPoolQueryFailing", "warning", "queries", "A query fails, and its series are gone or old.",
         failing("66.67%", ", most with the reason refused"), "exporter",
         calm={runs(): Rise(3), **{errors(reason): Rise(0) for reason in QUERY_ERRORS},
               **{errors(reason): Rise(3) for reason in NO_CONNECTION}},
         wrong={errors("refused"): Rise(2), **{errors(reason): Rise(0) for reason in NO_CONNECTION}},
         near={"half of its runs fail": {errors("refused"): Rise(1.5)},
               "it does not run": {runs(): 7}},
         also=tuple(({}, {errors("refused"): Rise(0), errors(reason): Rise(2)},
                     failing("66.67%", f", most with the reason {reason}")) for reason in QUERY_ERRORS[1:]),
         labels=QUERY, rises=675, for_=300, holds=210, forgets=885, outlives_failed_scrape=False),

    Case("ScidexPgPoolQueryStale", "warning", "queries", "A query has had no result for over three of its intervals.",
         f"The query orders of {WHO} last had a result 46s ago, more than three of its intervals. Alerts and panels "
         "that use its series see nothing, or old values.", "exporter",
         calm={SUCCESS: Now(), 'scidex_pg_query_interval_seconds{query="orders"}': 15, ROUTE: 1, PRIMARY_UP: 1, UP: 0},
         wrong={SUCCESS: Now(less=46)},
         near={"it is three": {SUCCESS: Now(less=45)}, "there is no route": {SUCCESS: 0, ROUTE: 3},
               "the primary was down": {SUCCESS: 0, PRIMARY_UP: Cycle((0,) + (1,) * 50)}},
         also=(({ROUTE: 2, PRIMARY_UP: Cycle((1,) * 10 + (0,) + (1,) * 100)}, {ROUTE: 2},
                f"The query orders of {WHO} last had a result 46s ago, more than three of its intervals. Alerts and panels "
                "that use its series see nothing, or old values."),),
         labels=QUERY, for_=600),

    Case("ScidexPgPoolQueryStale", "warning", "queries", "A query has had no result for over three of its intervals.",
         f"The query orders of {WHO} last had a result 46s ago, more than three of its intervals. Alerts and panels "
         "that use its series see nothing, or old values.", "exporter",
         calm={SUCCESS: Now(), 'scidex_pg_query_interval_seconds{query="orders"}': 15, ROUTE: 1, PRIMARY_UP: 1},
         # The primary was down for a moment when it began, which excuses a query for a quarter of an hour.
         wrong={SUCCESS: Now(less=46), PRIMARY_UP: Cycle((0,) + (1,) * 1000)},
         near={"it is three": {SUCCESS: Now(less=45)}}, labels=QUERY, rises=915, for_=600, outlives_failed_scrape=False),

    Case("ScidexPgPoolQuerySeriesDropped", "warning", "queries", "A query has more series than max_series.",
         f"The query orders of {WHO} has more series than its max_series. Those over it are not exposed: sums over them are "
         "too small.", "exporter",
         calm={'scidex_pg_query_series_dropped_total{query="orders"}': 7},
         wrong={'scidex_pg_query_series_dropped_total{query="orders"}': Rise(1)},
         near={"there were some long ago": {'scidex_pg_query_series_dropped_total{query="orders"}': 1000000}},
         labels=QUERY, holds=885, forgets=885, keep=900),

    Case("ScidexPgPoolCollectorErrors", "warning", "exporter", "Scrapes lack the metrics of a collector.",
         f"Scrapes of {WHO} lack the metrics of the collector pools, because it failed. Alerts on them cannot fire. The log "
         "says why.", "exporter",
         calm={'scidex_pg_exporter_collector_errors_total{collector="pools"}': 7},
         wrong={'scidex_pg_exporter_collector_errors_total{collector="pools"}': Rise(1)},
         near={"there were some long ago": {'scidex_pg_exporter_collector_errors_total{collector="pools"}': 1000000}},
         labels={"collector": "pools"}, holds=885, forgets=885, keep=900),

    Case("ScidexPgPoolExporterDown", "critical", "exporter", "No exporter of a job can be scraped.",
         "No instance of scidex-pg-exporter has been scraped for three minutes. It is not known where reads go, and no other "
         "alert can fire.", "exporter",
         calm={"up": 1, f'up{{instance="{CALM}"}}': 1}, wrong={"up": 0, f'up{{instance="{CALM}"}}': 0},
         near={"one is scraped": {"up": 0}, "it is another job's": {'up{job="other"}': 0},
               "one is scraped now and then": {"up": Cycle((0,) * 11 + (1,)), f'up{{instance="{CALM}"}}': 0}},
         for_=180, forgets=0, outlives_failed_scrape=False, of_instance=False),

    Case("ScidexPgPoolExporterDown", "warning", "exporter", "An exporter cannot be scraped.",
         f"{WHO} has not been scraped for three minutes. It is not known where its reads go, and no other alert can fire for "
         "it.", "exporter",
         calm={"up": 1}, wrong={"up": 0},
         near={"it is another job's": {'up{job="other"}': 0},
               "it is scraped now and then": {"up": Cycle((0,) * 12 + (1,))}},
         for_=180, forgets=0, outlives_failed_scrape=False),

    Case("ScidexPgPoolExporterAbsent", "warning", "exporter", "Prometheus has no exporter to scrape.",
         "Prometheus has had no target in the job scidex-pg-exporter for ten minutes: its configuration or its service "
         "discovery has lost it. No other alert can fire.", "exporter",
         calm={"up": 1}, wrong={"up": "stale"},
         near={"it cannot be scraped": {"up": 0}},
         for_=600, outlives_failed_scrape=False, of_instance=False, fires_on_nothing=True),

    Case("ScidexPgPoolExporterStalled", "warning", "exporter",
         "The exporter is scraped, and does not probe its servers any more.",
         f"{WHO} last probed the server of the pool ro 1m 1s before it was scraped. What it says of servers and routes is "
         "old.", "exporter",
         calm={'scidex_pg_pool_probe_last_run_timestamp_seconds{pool="ro"}': Now(),
               'scidex_pg_pool_max_size{pool="ro"}': 1},
         wrong={'scidex_pg_pool_probe_last_run_timestamp_seconds{pool="ro"}': Now(less=61)},
         near={"it is a minute": {'scidex_pg_pool_probe_last_run_timestamp_seconds{pool="ro"}': Now(less=60)},
               "there is no such pool": {'scidex_pg_pool_probe_last_run_timestamp_seconds{pool="ro"}': 0,
                                         'scidex_pg_pool_max_size{pool="ro"}': 0}},
         also=(({}, {'scidex_pg_pool_probe_last_run_timestamp_seconds{pool="ro"}': 0},
                f"{WHO} last probed the server of the pool ro 21m 0s before it was scraped. What it says of servers and "
                "routes is old."),),
         labels=RO, for_=60),

    Case("ScidexPgPoolExporterRestarting", "warning", "exporter", "The exporter is restarted again and again.",
         f"{WHO} was started 3 times within a quarter of an hour. Each time its pools begin empty and its counters at 0.",
         "exporter",
         calm={"process_start_time_seconds": 100, ROUTE: 1},
         wrong={"process_start_time_seconds": Cycle((200, 300, 400))},
         near={"it is restarted twice": {"process_start_time_seconds": Cycle((100,) * 30 + (200,) * 30)},
               "it is another program": {"process_start_time_seconds": Cycle((200, 300, 400)), ROUTE: None}},
         rises=30, holds=870, forgets=855, keep=900, outlives_failed_scrape=False),

    Case("ScidexPgPoolConfigReloadFailed", "warning", "exporter",
         "A configuration was refused, and the one before is in force.",
         f"{WHO} has refused the configuration that it was last asked to load. What is in its file is not what it does, and "
         "it will not start with it. The log names the key.", "exporter",
         calm={"scidex_pg_exporter_config_last_reload_successful": 1},
         wrong={"scidex_pg_exporter_config_last_reload_successful": 0},
         near={"it is mended in time": {"scidex_pg_exporter_config_last_reload_successful": Cycle((0,) * 20 + (1,))}},
         for_=300),

    Case("ScidexPgPoolTextfileStale", "warning", "exporter", "The exporter's file for the textfile collector is old.",
         f"{WHO} shows pools and route as they were 2m 1s before it was scraped. The exporter has ended, or cannot write the "
         "file.", "exporter",
         calm={TEXTFILE_WRITTEN: Now(), TEXTFILE_WRITES: 1},
         wrong={TEXTFILE_WRITTEN: Now(less=121)},
         near={"it is two minutes old": {TEXTFILE_WRITTEN: Now(less=120)},
               "there is no such file": {TEXTFILE_WRITTEN: 0, TEXTFILE_WRITES: 0}},
         also=(({}, {TEXTFILE_WRITTEN: 0},
                f"{WHO} shows pools and route as they were 21m 0s before it was scraped. The exporter has ended, or cannot "
                "write the file."),),
         for_=60),

    Case("ScidexPgPoolFdsNearLimit", "warning", "exporter", "The exporter has nearly as many files open as it may.",
         f"{WHO} has 81% of the file descriptors that it may have. At the limit connects and scrapes fail.", "exporter",
         calm={"process_open_fds": 10, "process_max_fds": 100, ROUTE: 1}, wrong={"process_open_fds": 81},
         near={"it is four in five": {"process_open_fds": 80},
               "it is another program": {"process_open_fds": 99, ROUTE: None},
               "the limit is not known": {"process_open_fds": 99, "process_max_fds": 0}},
         also=(({"process_open_fds": 0.1, "process_max_fds": 1}, {"process_open_fds": 0.81, "process_max_fds": 1},
                f"{WHO} has 81% of the file descriptors that it may have. At the limit connects and scrapes fail."),),
         for_=300),

    Case("ScidexPgPoolWatchdog", "info", "exporter", "Alerts arrive.",
         "This alert always fires. When it no longer arrives, Prometheus, Alertmanager or the way between them is broken, and "
         "no other alert arrives either.", "overview", calm={}, wrong={}, near={}, of_instance=False, of_job=False,
         fires_on_nothing=True, always=True),
]
