"""The cases of all rules."""

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
    return (f"In the pool ro of {WHO}, {share} of the acquires failed in the window that fired ({windows}); the error "
            "budget allows 0.1%. Each failed acquire is an error for its caller.")


def burn(share, failing, near, unanswered, **times):
    """A burn of the error budget. At first there is one acquire per second: 1 / 0.1 of the minimum traffic."""
    step, calm_steps = times["step"], times["lead"] // times["step"]
    description = said_of_burn("1 hour or 6 hours", share)
    few, minutes = step / 10, 60 // step
    fires = calm_steps + (times["rises"] + times["for_"]) // step
    down, remembered = (0,) * (120 // step), (1,) * (35 * minutes or 17)
    return Case(
        alert="ScidexPgPoolAcquireErrorBudgetBurn", severity="critical", component="waiters",
        summary="Acquires fail faster than the error budget allows.",
        description=description, dashboard="detail",
        calm={acquires("immediate"): Rise(step), **{acquires(outcome): Rise(0) for outcome in FAILED},
              acquires("cancelled"): Rise(0), acquires("closed"): Rise(0), UP: 1},
        wrong={acquires("timeout"): Rise(failing)},
        near={"the budget is spent a little slower": {acquires("timeout"): Climb(((0, calm_steps), (near, 10000)))},
              "there is no traffic": {acquires("immediate"): Rise(0)},
              # Above the minimum in the long windows, but not in the short ones.
              "there is next to no traffic any more": {
                  acquires("immediate"): Climb(((step, calm_steps), (few * 0.475, 10000))),
                  acquires("timeout"): Climb(((0, calm_steps), (few * 0.475, 10000)))},
              "there is next to no traffic": {acquires("immediate"): Rise(few * 0.8), acquires("timeout"): Rise(few * 0.15)},
              # Above the minimum in the short window, but over the hour there are 0.09 a second.
              "there has been next to no traffic for most of the hour": {
                  acquires("immediate"): Rise(0),
                  acquires("timeout"): Climb(((0, fires - 1400 // step), (0.26 * step, 1400 // step), (0, 10000)))},
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
    """The same over days, using the recorded rates."""
    description = said_of_burn("1 day or 3 days", share)
    step = times["step"]
    burns = (times["rises"] + times["for_"]) // step
    calm_steps, quarter_day = times["lead"] // step, 6 * 3600 // step
    # Above the minimum traffic over six hours, but not over a day or three days.
    night_and_day = (0.085,) * (66 * 3600 // step) + (0.12,) * quarter_day
    return Case(
        alert="ScidexPgPoolAcquireErrorBudgetBurn", severity="warning", component="waiters",
        summary="Acquires fail faster than the error budget allows.",
        description=description, dashboard="detail",
        calm={rate("acquires"): 1, rate("acquire_failures"): 0, ANSWERED: 1},
        wrong={rate("acquire_failures"): failing},
        near={"the budget is spent a little slower": {
                  rate("acquire_failures"): Cycle((0,) * calm_steps + (near,) * slower + (0,) * 1000)},
              "there is next to no traffic": {rate("acquires"): 0.095, rate("acquire_failures"): 0.095 * failing},
              # Above the minimum over a day and over three days, but not over two hours and six hours.
              "there is next to no traffic any more": {
                  rate("acquires"): Cycle((1,) * (calm_steps - quarter_day) + (0.095,) * 1000),
                  rate("acquire_failures"): Cycle((0,) * calm_steps + (0.0475,) * 1000)},
              "there is next to no traffic except for six hours": {
                  rate("acquires"): Cycle(night_and_day), rate("acquire_failures"): Cycle(
                      tuple(failing * acquires for acquires in night_and_day))},
              "the server was down": {rate("acquire_failures"): failing, ANSWERED: Cycle((0.79,) + (1,) * quarter_day)}},
        labels=RO,
        also=(({rate("acquires"): 0.11}, {rate("acquires"): 0.11, rate("acquire_failures"): failing * 0.11}, description),
              ({}, {ANSWERED: Cycle((0.81,) * (burns - 10 * 3600 // step) + (0,) + (0.81,) * 1000)}, description)),
        outlives_failed_scrape=False, **times)


def fallthrough(reason, words=""):
    return (f"{WHO} sends reads to the primary, through the pool ro_fallthrough (scidex_pg_pool_ro_routes_to is 2), "
            f"because of {reason}{words}. Reads work and stay read-only, but they add load to the primary: writes may be "
            "slower.")


def changes(before, after):
    return f'scidex_pg_pool_ro_route_transitions_total{{from="{before}", to="{after}"}}'


WAITERS = 'scidex_pg_pool_waiters{pool="ro"}'
QUERIES_WAITING = 'scidex_pg_pool_query_waiters{pool="ro"}'
BURNS = 'ALERTS{alertname="ScidexPgPoolAcquireErrorBudgetBurn", alertstate="firing", severity="critical", pool="ro"}'


def piling(waiters, queries):
    return (f"In the pool ro of {WHO}, at least {waiters} acquires waited for a connection at every scrape of the last "
            f"two minutes{queries}. Requests are slower, and fail when they reach the acquire timeout.")


LEAKED = (f"In the pool ro of {WHO}, a lease was not released within leak_after. Each such lease leaves one connection "
          "fewer for other borrowers. The log has its call site and the process ID of its session.")


LEAKS = 'scidex_pg_pool_leases_leaked_total{pool="ro"}'
RETIRED = 'scidex_pg_pool_retired_leases{pool="ro"}'

SAME = 'scidex_pg_pool_ro_route_reason{reason="is_primary"}'


def failures(pool, reason):
    return f'scidex_pg_pool_probe_failures_total{{pool="{pool}", reason="{reason}"}}'


def server(pool, host):
    return f'scidex_pg_pool_server_info{{pool="{pool}", host="{host}", port="5432", dbname="shop"}}'


def connects(outcome):
    return f'scidex_pg_pool_connects_total{{pool="ro", outcome="{outcome}"}}'


def primary_down(why, server=" (pg1:5432)"):
    return (f"Probes of the primary of {WHO}{server} have failed for a minute{why}. Writes fail, and so do reads that fall "
            "through.")


FALL = "Reads fall through to the primary, or are refused if fall-through is forbidden."


def replica_down(why, server=" (pg2:5432)"):
    return f"Probes of the replica of {WHO}{server} have failed for three minutes{why}. {FALL}"


def no_connections(why, failed):
    return (f"The pool ro of {WHO} has no connections, and its connects fail{why}. In the last three minutes, {failed} "
            "acquires failed. Each failed acquire is an error for its caller.")


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
    return (f"{share} of the runs of the query orders of {WHO} failed in the last 15 minutes{why}. Alerts and panels "
            "that use its series have no data, or old values.")


def counted(alert, severity, component, summary, description, counter, **more):
    """An alert on any increase of a pool's counter."""
    series = f'{counter}{{pool="ro"}}'
    dashboard = "read-only" if "read_only" in counter else "detail"
    return Case(alert=alert, severity=severity, component=component, summary=summary,
                description=description, dashboard=dashboard, calm={series: 7}, wrong={series: Rise(1)},
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

    # Only the window of a day: there was more traffic before.
    dataclasses.replace(
        slow_burn("0.3395%", failing=0.0035, near=0.0024, slower=50, step=1800, lead=160 * 1800, rises=46 * 1800, for_=3600,
                  holds=0, forgets=4 * 1800),
        calm={rate("acquires"): 3, rate("acquire_failures"): 0, ANSWERED: 1},
        wrong={rate("acquires"): 1, rate("acquire_failures"): 0.0035}, also=(), near={"nothing fails": {ANSWERED: 1}}),

    # The window of three days, with recorded ratios; the ratio over six hours, from another group, is missing sometimes.
    Case(alert="ScidexPgPoolAcquireErrorBudgetBurn", severity="warning", component="waiters",
         summary="Acquires fail faster than the error budget allows.",
         description=said_of_burn("1 day or 3 days", "0.2%"), dashboard="detail",
         calm={ratio("1d"): 0, ratio("2h"): 0, ratio("3d"): 0.002, ratio("6h"): None, ANSWERED: 1},
         wrong={ratio("6h"): 0.002}, near={"nothing fails any more": {ratio("6h"): 0}}, labels=RO, step=60, for_=3600,
         holds=300, forgets=0, outlives_failed_scrape=False),

    Case(alert="ScidexPgPoolAcquiresFail", severity="warning", component="waiters",
         summary="Most acquires of a pool with little traffic fail.",
         description=f"In the pool ro of {WHO}, 10 acquires failed in the last hour, more than half of all. The pool has "
                     "too little traffic for an error budget. Each failed acquire is an error for its caller.",
         dashboard="detail",
         calm={rate("acquires"): 0.0045, rate("acquire_failures"): 0, ANSWERED: 1},
         wrong={rate("acquire_failures"): 0.0028},
         near={"only nine fail": {rate("acquires"): 0.003, rate("acquire_failures"): 0.0024},
               "there are enough for an error budget": {rate("acquires"): 0.105, rate("acquire_failures"): 0.1},
               "less than half fail": {rate("acquires"): 0.0055, rate("acquire_failures"): 0.0027},
               "the server was down": {rate("acquire_failures"): 0.0028, ANSWERED: Cycle((0.79,) + (1,) * 22)}},
         also=(({ANSWERED: Cycle((1,) * 35 + (0,) + (1,) * 100)}, {ANSWERED: 0.81},
                f"In the pool ro of {WHO}, 10 acquires failed in the last hour, more than half of all. The pool has too "
                "little traffic for an error budget. Each failed acquire is an error for its caller."),
               ({rate("acquires"): 0.09}, {rate("acquires"): 0.09, rate("acquire_failures"): 0.0505556},
                f"In the pool ro of {WHO}, 182 acquires failed in the last hour, more than half of all. The pool has too "
                "little traffic for an error budget. Each failed acquire is an error for its caller.")),
         labels=RO, step=300, lead=60 * 300, rises=3300, holds=300, outlives_failed_scrape=False,
         forgets=300),

    Case(alert="ScidexPgPoolFallthroughHurtsPrimary", severity="warning", component="routing",
         summary="Reads fall through to a primary whose own pool is nearly full.",
         description=f"{WHO} sends reads to the primary while 90% of the connections of the pool primary are in use. "
                     "Reads and writes share the server: writes are slower, and may soon wait for a connection.",
         dashboard="detail",
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
                f"{WHO} sends reads to the primary while 90% of the connections of the pool primary are in use. Reads "
                "and writes share the server: writes are slower, and may soon wait for a connection."),),
         labels={"pool": "primary"}, for_=300),

    Case(alert="ScidexPgPoolRoFallthrough", severity="warning", component="routing",
         summary="Reads fall through to the primary.",
         description=fallthrough("connect_refused"), dashboard="overview",
         calm={ROUTE: 1, EXPECTED: 0, REFUSED: 0}, wrong={ROUTE: 2, REFUSED: 1},
         near={"reads are refused": {ROUTE: 3, REFUSED: 1},
               "it is expected": {ROUTE: 2, EXPECTED: 1, REFUSED: 1},
               "the replica is back for a moment": {ROUTE: Cycle((2,) * 8 + (1,)), REFUSED: 1},
               "reads are refused for a moment": {ROUTE: Cycle((2,) * 8 + (3,)), REFUSED: 1}},
         also=(({ROUTE: 3}, {REFUSED: None}, fallthrough("a reason that it does not report")),
               *(({}, {REFUSED: 0, f'scidex_pg_pool_ro_route_reason{{reason="{reason}"}}': 1}, fallthrough(reason, f" ({words})"))
                 for reason, words in (
                     ("is_primary", "the DSN of the replica leads to the primary itself"),
                     ("not_in_recovery", "the server configured as the replica is not in recovery: it was promoted, or "
                                         "was never a replica"),
                     ("diverged", "the replica has WAL that the primary does not have, and must be rebuilt"),
                     ("lag_exceeded", "the replica lags by more than max_lag"),
                     ("auth_failed", "the replica refuses the login")))),
         for_=120, keep=300),

    Case(alert="ScidexPgPoolRoFallthrough", severity="info", component="routing",
         summary="Reads fall through to the primary, as the configuration expects.",
         description=f"{WHO} sends reads to the primary, because of replica_not_configured. This is expected "
                     "(read_only.fallthrough_expected). No action is needed.", dashboard="overview",
         calm={ROUTE: 1, EXPECTED: 1, UNSET: 0}, wrong={ROUTE: 2, UNSET: 1},
         near={"it is not expected": {ROUTE: 2, EXPECTED: 0}, "reads are refused": {ROUTE: 3}},
         also=(({}, {UNSET: None}, f"{WHO} sends reads to the primary, because of a reason that it does not report. This "
                                   "is expected (read_only.fallthrough_expected). No action is needed."),),
         for_=120, keep=300),

    Case(alert="ScidexPgPoolFleetFallthrough", severity="warning", component="routing",
         summary="Reads of most instances of a job fall through to the primary.",
         description="57.14% of the instances of scidex-pg-exporter that have a replica send reads to the primary, "
                     "which serves the reads of all of them. Check what they have in common: the replica, its network, "
                     "its name and its credentials.", dashboard="overview",
         calm={f'{name}{{instance="{host}"}}': 1 for name in (ROUTE, CONFIGURED) for host in "abcdefg"},
         wrong={f'{ROUTE}{{instance="{host}"}}': 2 for host in "abcd"},
         near={"it is half of them": {f'{ROUTE}{{instance="{host}"}}': behaviour
                                      for host, behaviour in zip("abcdefg", (2, 2, 2, 1, 1, 1, None))}
                                     | {f'{CONFIGURED}{{instance="g"}}': None},
               "two instances are not a fleet": {
                   f'{name}{{instance="{host}"}}': 2 if host in "ab" and name == ROUTE else
                   1 if host in "ab" else None for name in (ROUTE, CONFIGURED) for host in "abcdefg"},
               "they have no replica by choice": {f'{ROUTE}{{instance="{host}"}}': 2 for host in "abcdef"}
                                                 | {f'{CONFIGURED}{{instance="{host}"}}': 0 for host in "abcd"}
                                                 | {f'{ROUTE}{{instance="{host}"}}': 1 for host in "efg"},
               "reads are refused": {f'{ROUTE}{{instance="{host}"}}': 3 for host in "abcdefg"}},
         also=(({f'{name}{{instance="{host}"}}': None for name in (ROUTE, CONFIGURED) for host in "cdefg"},
                {f'{name}{{instance="{host}"}}': None for name in (ROUTE, CONFIGURED) for host in "defg"}
                | {f'{ROUTE}{{instance="c"}}': 1, f'{CONFIGURED}{{instance="c"}}': 1},
                "66.67% of the instances of scidex-pg-exporter that have a replica send reads to the primary, which "
                "serves the reads of all of them. Check what they have in common: the replica, its network, its name "
                "and its credentials."),),
         for_=120, keep=300, of_instance=False),

    Case(alert="ScidexPgPoolRouteFlapping", severity="warning", component="routing",
         summary="The route of reads changes repeatedly.",
         description=f"The route of {WHO} changed 5 times in the last 15 minutes. Most likely, its replica repeatedly "
                     "fails and recovers. Each change evicts the sessions of one pool and fills the other: response "
                     "times vary.", dashboard="overview",
         calm={changes("replica", "primary_fallthrough"): 7, changes("primary_fallthrough", "replica"): 7},
         # Five changes between two scrapes, which no gauge shows.
         wrong={changes("replica", "primary_fallthrough"): Climb(((3, 1),)),
                changes("primary_fallthrough", "replica"): Climb(((2, 1),))},
         near={"it changes four times": {changes("replica", "primary_fallthrough"): Climb(((0, 80), (2, 1))),
                                         changes("primary_fallthrough", "replica"): Climb(((0, 80), (2, 1)))}},
         holds=600, forgets=600, keep=600, outlives_failed_scrape=False),

    Case(alert="ScidexPgPoolRouteDisabled", severity="critical", component="routing",
         summary="Reads are refused.",
         description=f"{WHO} refuses every read acquire immediately, because of connect_refused; fall-through to the "
                     "primary is forbidden, or there is no primary. Users get errors.", dashboard="overview",
         calm={ROUTE: 1, REFUSED: 0}, wrong={ROUTE: 3, REFUSED: 1},
         near={"reads fall through": {ROUTE: 2, REFUSED: 1},
               "reads fall through for a moment": {ROUTE: Cycle((3,) * 8 + (2,))}},
         also=(({ROUTE: 2}, {REFUSED: None},
                f"{WHO} refuses every read acquire immediately, because of a reason that it does not report; "
                "fall-through to the primary is forbidden, or there is no primary. Users get errors."),),
         for_=120),

    Case(alert="ScidexPgPoolRouteUnknown", severity="warning", component="routing",
         summary="The route of reads is unknown.",
         description=f"{WHO} is scraped, but its route has an unknown value or is missing. Alerts on the route cannot "
                     "fire for it.", dashboard="exporter",
         calm={ROUTE: 1, "up": 1}, wrong={ROUTE: 4},
         near={"reads fall through": {ROUTE: 2}, "reads are refused": {ROUTE: 3},
               "it is not scraped": {ROUTE: None, "up": 0},
               "it is scraped by another job, and is another program": {ROUTE: None, "up": None, 'up{job="other"}': 1},
               "it is 0 for a moment": {ROUTE: Cycle((0,) * 20 + (1,))}},
         also=(({ROUTE: None, "up": None}, {ROUTE: None, "up": 1},
                f"{WHO} is scraped, but its route has an unknown value or is missing. Alerts on the route cannot fire "
                "for it."),),
         for_=300),

    counted(alert="ScidexPgPoolReadOnlyViolation", severity="warning", component="read-only",
            summary="A write through a read lease was refused.",
            description=f"A caller in {WHO} tried to write through the pool ro. The server refused it: nothing was "
                        "written, and the caller got an error. The log has its call site.",
            counter="scidex_pg_pool_read_only_violations_total",
            holds=285, forgets=285, keep=900),

    counted(alert="ScidexPgPoolReadOnlyTampered", severity="warning", component="read-only",
            summary="A borrower switched read-only off on a read session, or could have.",
            description=f"In the pool ro of {WHO}, a borrower switched read-only off, or could have done so and written. "
                        "The next borrower's session is read-only again. The log names the borrower.",
            counter="scidex_pg_pool_read_only_tampered_total",
            holds=285, forgets=285, keep=900),

    counted(alert="ScidexPgPoolReadOnlyWrite", severity="critical", component="read-only",
            summary="A write succeeded through a read lease.",
            description=f"In the pool ro of {WHO}, a write statement succeeded: its borrower switched read-only off, or "
                        "the statement is one that read-only does not prevent, such as VACUUM. Check the data. The log "
                        "names the borrower and the statement's verb.", counter="scidex_pg_pool_read_only_writes_total",
            holds=285, forgets=285, keep=900),

    counted(alert="ScidexPgPoolReadOnlyUnproven", severity="warning", component="read-only",
            summary="Sessions were refused because they could not be verified to be read-only.",
            description=f"The pool ro of {WHO} refused sessions because they could not be verified to be read-only. "
                        "Often a pooler is in front of the server. Reads that need these sessions wait, fall through or "
                        "fail.",
            counter="scidex_pg_pool_read_only_unproven_total",
            holds=285, forgets=285, keep=900),

    Case(alert="ScidexPgPoolReadOnlyCanaryFailed", severity="warning", component="read-only",
         summary="A write through a read lease was not refused.",
         description=f"The canary of {WHO} tried to write through the pool ro, and was not refused as read-only. Until "
                     "the cause is known, assume that reads of this pool can write.", dashboard="read-only",
         calm={'scidex_pg_pool_read_only_canary_success{pool="ro"}': 1},
         wrong={'scidex_pg_pool_read_only_canary_success{pool="ro"}': 0},
         near={"none has run": {'scidex_pg_pool_read_only_canary_success{pool="ro"}': "NaN"}}, labels=RO),

    *(Case(alert="ScidexPgPoolWaitersPilingUp", severity=severity, component="waiters",
           summary="Acquires wait for connections, and the queue does not drain.",
           description=piling(waiters, ", 2 or more of them from this exporter's own queries"), dashboard="overview",
           calm={WAITERS: 0, UP: 1, QUERIES_WAITING: 2}, wrong={WAITERS: waiters, QUERIES_WAITING: Cycle((30, 2))},
           near={"there is one fewer": {WAITERS: waiters - 1},
                 "the queue drains now and then": {WAITERS: Cycle((100,) * 8 + (0,))},
                 "the server does not answer": {WAITERS: 100, UP: 0},
                 "it did not a moment ago": {WAITERS: 100, UP: Cycle((0,) + (1,) * 14)},
                 "acquires fail, of which another alert tells": {WAITERS: 100, BURNS: 1}},
           also=(({BURNS.replace("critical", "warning"): 1, QUERIES_WAITING: None}, {QUERIES_WAITING: None}, piling(waiters, "")),),
           labels=RO, rises=120, for_=120, keep=120, forgets=120) for severity, waiters in (("warning", 6), ("critical", 21))),

    Case(alert="ScidexPgPoolOldestWaiter", severity="info", component="waiters",
         summary="Acquires are about to time out.",
         description=f"In the pool ro of {WHO}, the oldest waiter has waited for 2.6s, more than half of the acquire "
                     "timeout. Acquires that reach the timeout fail.", dashboard="detail",
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
                f"In the pool ro of {WHO}, the oldest waiter has waited for 600ms, more than half of the acquire "
                "timeout. Acquires that reach the timeout fail."),),
         labels=RO, for_=60),

    Case(alert="ScidexPgPoolQueueDepth", severity="info", component="waiters",
         summary="On average, more than one acquire waits for a connection.",
         description=f"In the pool ro of {WHO}, 1.2 acquires waited on average over five minutes, including waits "
                     "between scrapes. Requests are slower.", dashboard="detail",
         calm={'scidex_pg_pool_acquire_wait_seconds_sum{pool="ro"}': Rise(0)},
         wrong={'scidex_pg_pool_acquire_wait_seconds_sum{pool="ro"}': Rise(18)},
         near={"one waits": {'scidex_pg_pool_acquire_wait_seconds_sum{pool="ro"}': Rise(15)}},
         labels=RO, rises=240, for_=300, holds=45, forgets=45),

    Case(alert="ScidexPgPoolSaturated", severity="info", component="saturation",
         summary="Nearly all connections of a pool are in use.",
         description=f"In the pool ro of {WHO}, 100% of max_size was in use on average over five minutes. If demand "
                     "rises, acquires will wait.", dashboard="detail",
         calm={'scidex_pg_pool_connections{pool="ro", state="in_use"}': 1,
               'scidex_pg_pool_connections{pool="ro", state="idle"}': 9, 'scidex_pg_pool_max_size{pool="ro"}': 10},
         wrong={'scidex_pg_pool_connections{pool="ro", state="in_use"}': 10},
         near={"one is idle": {'scidex_pg_pool_connections{pool="ro", state="in_use"}': 9},
               "there is no such pool": {'scidex_pg_pool_connections{pool="ro", state="in_use"}': 0,
                                         'scidex_pg_pool_max_size{pool="ro"}': 0}},
         labels=RO, rises=270, for_=120, holds=30),

    Case(alert="ScidexPgPoolLeaseLeaked", severity="warning", component="saturation",
         summary="A lease has been held for longer than leak_after.",
         description=LEAKED, dashboard="detail",
         calm={'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 1, 'scidex_pg_pool_leak_after_seconds{pool="ro"}': 300},
         wrong={'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 301},
         near={"it is released in time": {'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 300},
               "leases are not checked": {'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 100000,
                                          'scidex_pg_pool_leak_after_seconds{pool="ro"}': 0}},
         also=(({'scidex_pg_pool_leak_after_seconds{pool="ro"}': 1, 'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 0.5},
                {'scidex_pg_pool_leak_after_seconds{pool="ro"}': 1, 'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 1.5},
                LEAKED),),
         labels=RO, for_=60),

    Case(alert="ScidexPgPoolLeaseLeaked", severity="warning", component="saturation",
         summary="A lease has been held for longer than leak_after.",
         description=LEAKED, dashboard="detail",
         calm={LEAKS: 7, RETIRED: 0},
         # Counted once, ten minutes and more before it is released.
         wrong={LEAKS: Climb(((1, 1),)), RETIRED: 1},
         near={"there were some long ago": {LEAKS: 1000000, RETIRED: 1},
               "the counter restarts from 0": {LEAKS: Cycle((7,) * 30 + (0,) * 1000), RETIRED: 1},
               "no lease of a replaced pool is active": {LEAKS: Rise(1)},
               "it is released before the pool is replaced": {LEAKS: Climb(((0, 10), (1, 1))), RETIRED: Cycle((0,) * 15 + (1,) * 1000)},
               "another alert fires": {RETIRED: 1, 'ALERTS{alertname="ScidexPgPoolSaturated", alertstate="firing", pool="ro"}': 1}},
         labels=RO, for_=60, step=60, forgets=180),

    # It leaks before its pool is replaced.
    Case(alert="ScidexPgPoolLeaseLeaked", severity="warning", component="saturation",
         summary="A lease has been held for longer than leak_after.",
         description=LEAKED, dashboard="detail",
         calm={'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': 1, 'scidex_pg_pool_leak_after_seconds{pool="ro"}': 300,
               RETIRED: 0},
         wrong={'scidex_pg_pool_oldest_lease_seconds{pool="ro"}': Cycle((301,) * 6 + (1,) * 1000),
                RETIRED: Cycle((0,) * 6 + (1,) * 1000)},
         near={"the leases of a replaced pool are not leaked": {RETIRED: 1}},
         labels=RO, for_=60),

    Case(alert="ScidexPgPoolPrimaryDown", severity="critical", component="backend",
         summary="The primary is unavailable.",
         description=primary_down(", most recently because of not_accepting_connections"), dashboard="detail",
         calm={PRIMARY_UP: 1, UP: 0, 'scidex_pg_pool_max_size{pool="primary"}': 1, 'scidex_pg_pool_max_size{pool="ro"}': 1,
               failures("primary", "connect_refused"): Rise(0), failures("primary", "not_accepting_connections"): Rise(0),
               failures("ro", "auth_failed"): Rise(1),
               server("primary", "pg1"): 1, server("ro", "pg2"): 1},
         # It crashes, and is then recovering: the reason that was counted most is that of the crash.
         wrong={PRIMARY_UP: 0, failures("primary", "connect_refused"): Climb(((100, 2),)),
                failures("primary", "not_accepting_connections"): Climb(((0, 2), (1, 1000)))},
         near={"there is no primary": {PRIMARY_UP: 0, 'scidex_pg_pool_max_size{pool="primary"}': 0}},
         also=(({failures("primary", reason): None for reason in ("connect_refused", "not_accepting_connections")}
                | {server("primary", "pg1"): None},
                {failures("primary", reason): None for reason in ("connect_refused", "not_accepting_connections")}
                | {server("primary", "pg1"): None}, primary_down("", "")),
               # Probes less often than scrapes: no failure is counted between the latest two.
               ({}, {failures("primary", "connect_refused"): Climb(((100, 1),)),
                     failures("primary", "not_accepting_connections"): Climb(((0, 1), (1, 1)))},
                primary_down(", most recently because of not_accepting_connections"))),
         labels={"pool": "primary"}, for_=60),

    Case(alert="ScidexPgPoolNoConnections", severity="critical", component="backend",
         summary="A pool has no connections and cannot open any, and its acquires fail.",
         description=no_connections(", most recently with auth_failed", 5), dashboard="detail",
         calm={'scidex_pg_pool_connections{pool="ro", state="idle"}': 1,
               'scidex_pg_pool_connections{pool="ro", state="in_use"}': 0,
               'scidex_pg_pool_connections{pool="ro", state="connecting"}': 1,
               connects("ok"): Rise(1), connects("auth_failed"): Rise(0), connects("connect_refused"): Rise(0),
               **{acquires(outcome): Rise(0) for outcome in FAILED}, acquires("immediate"): Rise(1),
               acquires("cancelled"): Rise(1), acquires("closed"): Rise(1)},
         wrong={'scidex_pg_pool_connections{pool="ro", state="idle"}': 0, connects("connect_refused"): Climb(((100, 1),)),
                connects("auth_failed"): Climb(((0, 1), (1, 1000))), acquires("timeout"): Rise(1)},
         near={"nothing is acquired": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0,
                                       connects("auth_failed"): Rise(2)},
               "it has a connection": {connects("auth_failed"): Rise(2), acquires("timeout"): Rise(1)},
               "it lends one": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0,
                                'scidex_pg_pool_connections{pool="ro", state="in_use"}': 1,
                                connects("auth_failed"): Rise(2), acquires("timeout"): Rise(1)},
               "connects succeed": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0, acquires("timeout"): Rise(1)},
               "they failed long ago": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0,
                                        connects("auth_failed"): 100000, acquires("timeout"): 100000}},
         also=(*(({}, {acquires("timeout"): Rise(0), acquires(outcome): Rise(1)}, no_connections(", most recently with auth_failed", 5))
                 for outcome in FAILED[1:]),
               # One failed connect is enough.
               ({}, {connects("auth_failed"): Climb(((0.9, 1),)), connects("connect_refused"): Rise(0)},
                no_connections(", most recently with auth_failed", 5))),
         labels=RO, for_=60, forgets=165),

    Case(alert="ScidexPgPoolReplicaDown", severity="warning", component="backend",
         summary="The replica is unavailable.",
         description=replica_down(", most recently because of connect_refused"), dashboard="detail",
         calm={PRIMARY_UP: 0, UP: 1, CONFIGURED: 1, server("ro", "pg2"): 1, failures("ro", "auth_failed"): Rise(0),
               failures("ro", "connect_refused"): Rise(0)},
         wrong={UP: 0, failures("ro", "auth_failed"): Climb(((100, 8),)),
                failures("ro", "connect_refused"): Climb(((0, 8), (1, 1000)))},
         near={"no replica is configured": {UP: 0, CONFIGURED: 0}},
         also=(({}, {failures("ro", "auth_failed"): None, failures("ro", "connect_refused"): None}, replica_down("")),),
         labels=RO, for_=180),

    Case(alert="ScidexPgPoolReplicaNotAReplica", severity="warning", component="backend",
         summary="The server configured as the replica is not a replica.",
         description=f"The server configured as the replica of {WHO} (pg2:5432) answers, but is not in recovery: it was "
                     f"promoted, or was never a replica. It may accept writes. {FALL}",
         dashboard="detail",
         calm={UP: 1, 'scidex_pg_pool_backend_in_recovery{pool="ro"}': 1,
               PRIMARY_UP: 1, 'scidex_pg_pool_backend_in_recovery{pool="primary"}': 0, CONFIGURED: 1, SAME: 0,
               server("ro", "pg2"): 1},
         wrong={'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0},
         near={"it is down": {UP: 0, 'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0},
               "no replica is configured": {'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0, CONFIGURED: 0}},
         also=(({}, {SAME: 1}, f"The DSN of the replica of {WHO} leads to the primary itself: there is no replica. {FALL}"),),
         labels=RO, for_=180),

    Case(alert="ScidexPgPoolReplicaDiverged", severity="warning", component="backend",
         summary="The replica has WAL that the primary does not have.",
         description=f"The replica of {WHO} has replayed WAL that the primary does not have: the primary lost "
                     f"transactions, or the replica follows another server. The replica must be rebuilt. {FALL}",
         dashboard="read-only",
         calm={'scidex_pg_pool_ro_route_reason{reason="diverged"}': 0,
               'scidex_pg_pool_ro_route_reason{reason="ok"}': 1},
         wrong={'scidex_pg_pool_ro_route_reason{reason="diverged"}': 1,
                'scidex_pg_pool_ro_route_reason{reason="ok"}': 0},
         near={"it lags": {'scidex_pg_pool_ro_route_reason{reason="lag_exceeded"}': 1,
                           'scidex_pg_pool_ro_route_reason{reason="ok"}': 0}},
         labels={"reason": "diverged"}, for_=180),

    Case(alert="ScidexPgPoolPrimaryReadOnly", severity="critical", component="backend",
         summary="The primary refuses writes.",
         description=f"The primary of {WHO} answers, but refuses writes: it is in recovery, or "
                     "default_transaction_read_only is on, as some providers set it when a disk is full.",
         dashboard="read-only",
         calm={"scidex_pg_pool_primary_writable": 1, 'scidex_pg_pool_backend_up{pool="primary"}': 1,
               'scidex_pg_pool_backend_up{pool="ro"}': 1},
         wrong={"scidex_pg_pool_primary_writable": 0},
         near={"it is down": {"scidex_pg_pool_primary_writable": 0, 'scidex_pg_pool_backend_up{pool="primary"}': 0},
               "it has not answered yet": {"scidex_pg_pool_primary_writable": "NaN"}},
         labels={}, for_=60),

    Case(alert="ScidexPgPoolReplicaLag", severity="warning", component="backend",
         summary="The replica lags.",
         description=f"The replica of {WHO} is 16s behind the primary, more than half of max_lag. Reads from it return "
                     "data of that age. At max_lag the replica counts as stale.", dashboard="detail",
         calm={LAG: 0.1, MAX_LAG: 30, STALE: 0, 'scidex_pg_pool_ro_route_reason{reason="ok"}': 1}, wrong={LAG: 16},
         near={"it is half": {LAG: 15}, "any lag is accepted": {LAG: 1000000, MAX_LAG: 0},
               "the lag is not known": {LAG: "NaN"}, "the route is lost": {LAG: 31, LAG_REASON: 1}},
         also=(({MAX_LAG: 1, LAG_REASON: 0}, {MAX_LAG: 1, STALE: 1, 'scidex_pg_pool_ro_route{route="replica"}': 1,
                               'scidex_pg_pool_ro_route{route="primary_fallthrough"}': 0},
                f"The replica of {WHO} is 16s behind the primary, more than max_lag; the route of reads is replica."),),
         for_=300),

    Case(alert="ScidexPgPoolConnectFailures", severity="warning", component="backend",
         summary="Connects fail although the server answers probes.",
         description=f"Connects of the pool ro of {WHO} fail 0.05 times per second. The pool cannot replace lost "
                     "connections, and cannot grow.", dashboard="detail",
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

    Case(alert="ScidexPgPoolQueryFailing", severity="warning", component="queries",
         summary="A query fails, and its series are missing or old.",
         description=failing("66.67%", ", most of them with reason refused"), dashboard="exporter",
         calm={runs(): Rise(3), **{errors(reason): Rise(0) for reason in QUERY_ERRORS},
               **{errors(reason): Rise(3) for reason in NO_CONNECTION}},
         wrong={errors("refused"): Rise(2), **{errors(reason): Rise(0) for reason in NO_CONNECTION}},
         near={"half of its runs fail": {errors("refused"): Rise(1.5)},
               "it does not run": {runs(): 7}},
         also=(*(({}, {errors("refused"): Rise(0), errors(reason): Rise(2)},
                  failing("66.67%", f", most of them with reason {reason}")) for reason in QUERY_ERRORS[1:]),
               # Errors that the share does not include are not named either.
               ({}, {errors("timeout"): Rise(3)}, failing("66.67%", ", most of them with reason refused"))),
         labels=QUERY, rises=675, for_=300, holds=210, forgets=885, outlives_failed_scrape=False),

    Case(alert="ScidexPgPoolQueryStale", severity="warning", component="queries",
         summary="A query has had no result for more than three intervals.",
         description=f"The query orders of {WHO} last had a result 46s ago, more than three of its intervals. Alerts and "
                     "panels that use its series have no data, or old values.", dashboard="exporter",
         calm={SUCCESS: Now(), 'scidex_pg_query_interval_seconds{query="orders"}': 15, ROUTE: 1, PRIMARY_UP: 1, UP: 0},
         wrong={SUCCESS: Now(less=46)},
         near={"it is three": {SUCCESS: Now(less=45)}, "there is no route": {SUCCESS: 0, ROUTE: 3},
               "the primary was down": {SUCCESS: 0, PRIMARY_UP: Cycle((0,) + (1,) * 50)}},
         also=(({ROUTE: 2, PRIMARY_UP: Cycle((1,) * 10 + (0,) + (1,) * 100)}, {ROUTE: 2},
                f"The query orders of {WHO} last had a result 46s ago, more than three of its intervals. Alerts and "
                "panels that use its series have no data, or old values."),),
         labels=QUERY, for_=600),

    Case(alert="ScidexPgPoolQueryStale", severity="warning", component="queries",
         summary="A query has had no result for more than three intervals.",
         description=f"The query orders of {WHO} last had a result 46s ago, more than three of its intervals. Alerts and "
                     "panels that use its series have no data, or old values.", dashboard="exporter",
         calm={SUCCESS: Now(), 'scidex_pg_query_interval_seconds{query="orders"}': 15, ROUTE: 1, PRIMARY_UP: 1},
         # The primary was down for a moment when it began, which excuses a query for a quarter of an hour.
         wrong={SUCCESS: Now(less=46), PRIMARY_UP: Cycle((0,) + (1,) * 1000)},
         near={"it is three": {SUCCESS: Now(less=45)}}, labels=QUERY, rises=915, for_=600, outlives_failed_scrape=False),

    Case(alert="ScidexPgPoolQuerySeriesDropped", severity="warning", component="queries",
         summary="A query has more series than max_series.",
         description=f"The query orders of {WHO} has more series than its max_series. Further series are not exposed, so "
                     "sums over them are too small.", dashboard="exporter",
         calm={'scidex_pg_query_series_dropped_total{query="orders"}': 7},
         wrong={'scidex_pg_query_series_dropped_total{query="orders"}': Rise(1)},
         near={"there were some long ago": {'scidex_pg_query_series_dropped_total{query="orders"}': 1000000}},
         labels=QUERY, holds=885, forgets=885, keep=900),

    Case(alert="ScidexPgPoolCollectorErrors", severity="warning", component="exporter",
         summary="Scrapes lack the metrics of a collector.",
         description=f"Scrapes of {WHO} lack the metrics of the collector pools, because it failed. Alerts on them "
                     "cannot fire. The log has the reason.", dashboard="exporter",
         calm={'scidex_pg_exporter_collector_errors_total{collector="pools"}': 7},
         wrong={'scidex_pg_exporter_collector_errors_total{collector="pools"}': Rise(1)},
         near={"there were some long ago": {'scidex_pg_exporter_collector_errors_total{collector="pools"}': 1000000}},
         labels={"collector": "pools"}, holds=885, forgets=885, keep=900),

    Case(alert="ScidexPgPoolExporterDown", severity="critical", component="exporter",
         summary="No instance of a job can be scraped.",
         description="Scrapes of all instances of scidex-pg-exporter have failed for three minutes. The route of their "
                     "reads is unknown, and no other alert can fire for them.", dashboard="exporter",
         calm={"up": 1, f'up{{instance="{CALM}"}}': 1}, wrong={"up": 0, f'up{{instance="{CALM}"}}': 0},
         near={"one is scraped": {"up": 0}, "it is another job's": {'up{job="other"}': 0},
               "one is scraped now and then": {"up": Cycle((0,) * 11 + (1,)), f'up{{instance="{CALM}"}}': 0}},
         for_=180, forgets=0, outlives_failed_scrape=False, of_instance=False),

    Case(alert="ScidexPgPoolExporterDown", severity="warning", component="exporter",
         summary="An exporter cannot be scraped.",
         description=f"Scrapes of {WHO} have failed for three minutes. The route of its reads is unknown, and no other "
                     "alert can fire for it.", dashboard="exporter",
         calm={"up": 1}, wrong={"up": 0},
         near={"it is another job's": {'up{job="other"}': 0},
               "it is scraped now and then": {"up": Cycle((0,) * 12 + (1,))}},
         for_=180, forgets=0, outlives_failed_scrape=False),

    Case(alert="ScidexPgPoolExporterAbsent", severity="warning", component="exporter",
         summary="Prometheus has no exporter to scrape.",
         description="Prometheus has had no target in the job scidex-pg-exporter for ten minutes. Check its "
                     "configuration and service discovery. No other alert can fire for this job.", dashboard="exporter",
         calm={"up": 1}, wrong={"up": "stale"},
         near={"it cannot be scraped": {"up": 0}},
         for_=600, outlives_failed_scrape=False, of_instance=False, fires_on_nothing=True),

    Case(alert="ScidexPgPoolExporterStalled", severity="warning", component="exporter",
         summary="The exporter can be scraped, but does not run its probes.",
         description=f"When {WHO} was last scraped, the latest probe of the server of the pool ro was 1m 1s old. What "
                     "the exporter reports about servers and routes is out of date.", dashboard="exporter",
         calm={'scidex_pg_pool_probe_last_run_timestamp_seconds{pool="ro"}': Now(),
               'scidex_pg_pool_max_size{pool="ro"}': 1},
         wrong={'scidex_pg_pool_probe_last_run_timestamp_seconds{pool="ro"}': Now(less=61)},
         near={"it is a minute": {'scidex_pg_pool_probe_last_run_timestamp_seconds{pool="ro"}': Now(less=60)},
               "there is no such pool": {'scidex_pg_pool_probe_last_run_timestamp_seconds{pool="ro"}': 0,
                                         'scidex_pg_pool_max_size{pool="ro"}': 0}},
         also=(({}, {'scidex_pg_pool_probe_last_run_timestamp_seconds{pool="ro"}': 0},
                f"When {WHO} was last scraped, the latest probe of the server of the pool ro was 21m 0s old. What the "
                "exporter reports about servers and routes is out of date."),),
         labels=RO, for_=60),

    Case(alert="ScidexPgPoolExporterRestarting", severity="warning", component="exporter",
         summary="The exporter restarts repeatedly.",
         description=f"{WHO} was restarted 3 times in the last 15 minutes. After each restart its pools are empty and "
                     "its counters start at 0.", dashboard="exporter",
         calm={"process_start_time_seconds": 100, ROUTE: 1},
         wrong={"process_start_time_seconds": Cycle((200, 300, 400))},
         near={"it is restarted twice": {"process_start_time_seconds": Cycle((100,) * 30 + (200,) * 30)},
               "it is another program": {"process_start_time_seconds": Cycle((200, 300, 400)), ROUTE: None}},
         rises=30, holds=870, forgets=855, keep=900, outlives_failed_scrape=False),

    Case(alert="ScidexPgPoolConfigReloadFailed", severity="warning", component="exporter",
         summary="A configuration was refused, and the previous one is in force.",
         description=f"{WHO} refused the configuration that it last tried to load, and continues with the previous one. "
                     "If the file is invalid, the next start fails. The log names the key.", dashboard="exporter",
         calm={"scidex_pg_exporter_config_last_reload_successful": 1},
         wrong={"scidex_pg_exporter_config_last_reload_successful": 0},
         near={"it is fixed in time": {"scidex_pg_exporter_config_last_reload_successful": Cycle((0,) * 20 + (1,))}},
         for_=300),

    Case(alert="ScidexPgPoolTextfileStale", severity="warning", component="exporter",
         summary="The exporter's file for the textfile collector is old.",
         description=f"When {WHO} was last scraped, the exporter's file was 2m 1s old. Its metrics of pools and routes "
                     "are out of date. The exporter has stopped, or cannot write the file.", dashboard="exporter",
         calm={TEXTFILE_WRITTEN: Now(), TEXTFILE_WRITES: 1},
         wrong={TEXTFILE_WRITTEN: Now(less=121)},
         near={"it is two minutes old": {TEXTFILE_WRITTEN: Now(less=120)},
               "there is no such file": {TEXTFILE_WRITTEN: 0, TEXTFILE_WRITES: 0}},
         also=(({}, {TEXTFILE_WRITTEN: 0},
                f"When {WHO} was last scraped, the exporter's file was 21m 0s old. Its metrics of pools and routes are "
                "out of date. The exporter has stopped, or cannot write the file."),),
         for_=60),

    Case(alert="ScidexPgPoolFdsNearLimit", severity="warning", component="exporter",
         summary="The exporter uses nearly all file descriptors of its limit.",
         description=f"{WHO} uses 81% of its limit of file descriptors. At the limit, connects and scrapes fail.",
         dashboard="exporter",
         calm={"process_open_fds": 10, "process_max_fds": 100, ROUTE: 1}, wrong={"process_open_fds": 81},
         near={"it is four in five": {"process_open_fds": 80},
               "it is another program": {"process_open_fds": 99, ROUTE: None},
               "the limit is not known": {"process_open_fds": 99, "process_max_fds": 0}},
         also=(({"process_open_fds": 0.1, "process_max_fds": 1}, {"process_open_fds": 0.81, "process_max_fds": 1},
                f"{WHO} uses 81% of its limit of file descriptors. At the limit, connects and scrapes fail."),),
         for_=300),

    Case(alert="ScidexPgPoolWatchdog", severity="info", component="exporter",
         summary="Alerts are delivered.",
         description="This alert always fires. If its notifications stop, Prometheus, Alertmanager or the path to the "
                     "receiver is broken, and no other alert is delivered.", dashboard="overview",
         calm={}, wrong={}, near={}, of_instance=False, of_job=False,
         fires_on_nothing=True, always=True),
]
