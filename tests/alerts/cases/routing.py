"""The route of reads."""

from case import Case
from series import Climb, Cycle, Rise
from .common import CONFIGURED, PRIMARY_UP, ROUTE, WHO

REFUSED = 'scidex_pg_pool_ro_route_reason{reason="connect_refused"}'
UNSET = 'scidex_pg_pool_ro_route_reason{reason="replica_not_configured"}'
REFUSED_SECONDS = 'scidex_pg_pool_ro_route_seconds_total{route="primary_disabled"}'
EXPECTED = "scidex_pg_pool_ro_fallthrough_expected"


def fallthrough(reason, words=""):
    return (f"{WHO} sends reads to the primary, through the pool ro_fallthrough (scidex_pg_pool_ro_routes_to is 2), "
            f"because of {reason}{words}. Reads work and stay read-only, but they add load to the primary: writes may be "
            "slower.")


def changes(before, after):
    return f'scidex_pg_pool_ro_route_transitions_total{{from="{before}", to="{after}"}}'


CASES = [
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
         calm={ROUTE: 1, EXPECTED: 0, REFUSED: 0, PRIMARY_UP: 1}, wrong={ROUTE: 2, REFUSED: 1},
         near={"reads are refused": {ROUTE: 3, REFUSED: 1},
               "it is expected": {ROUTE: 2, EXPECTED: 1, REFUSED: 1},
               "the replica is back for a moment": {ROUTE: Cycle((2,) * 8 + (1,)), REFUSED: 1},
               "reads are refused for a moment": {ROUTE: Cycle((2,) * 8 + (3,)), REFUSED: 1}},
         also=(({ROUTE: 3}, {REFUSED: None}, fallthrough("a reason that it does not report")),
               ({PRIMARY_UP: 0}, {PRIMARY_UP: 0},
                f"{WHO} sends reads to the primary, through the pool ro_fallthrough (scidex_pg_pool_ro_routes_to is 2), because "
                "of connect_refused. The primary is unavailable too: these reads fail."),
               *(({}, {REFUSED: 0, f'scidex_pg_pool_ro_route_reason{{reason="{reason}"}}': 1}, fallthrough(reason, f" ({words})"))
                 for reason, words in (
                     ("is_primary", "the DSN of the replica leads to the primary itself"),
                     ("not_in_recovery", "the server configured as the replica is not in recovery: it was promoted, or "
                                         "was never a replica"),
                     ("diverged", "the replica has WAL that the primary does not have, and must be rebuilt"),
                     ("lag_exceeded", "the replica's lag has exceeded max_lag and has not yet fallen to half of it"),
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
               "the reads of one of four are meant to": {f'{ROUTE}{{instance="{host}"}}': 2 for host in "abcd"}
                                                        | {f'{EXPECTED}{{instance="d"}}': 1},
               "all but two are meant to": {f'{ROUTE}{{instance="{host}"}}': 2 for host in "abcdefg"}
                                           | {f'{EXPECTED}{{instance="{host}"}}': 1 for host in "abcde"},
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

    Case(alert="ScidexPgPoolRouteDisabled", severity="warning", component="routing",
         summary="Reads are refused repeatedly.",
         description=f"{WHO} refused every read acquire for 5m 0s of the last 30 minutes, in several periods. Most likely, "
                     "its replica repeatedly fails and recovers; fall-through to the primary is forbidden, or there is no "
                     "primary. Users get errors.", dashboard="overview",
         calm={REFUSED_SECONDS: 7, changes("replica", "primary_disabled"): 7,
               changes("primary_fallthrough", "primary_disabled"): 7, changes("primary_disabled", "replica"): 7},
         wrong={REFUSED_SECONDS: Climb(((15, 20), (0.5, 1), (15, 3))), changes("replica", "primary_disabled"): Climb(((2, 1),)),
                changes("primary_fallthrough", "primary_disabled"): Climb(((1, 1),))},
         near={"for less than five minutes": {REFUSED_SECONDS: Climb(((0, 80), (15, 19))),
                                              changes("replica", "primary_disabled"): Climb(((0, 80), (3, 1)))},
               "twice only, however increase() extrapolates": {
                   REFUSED_SECONDS: Climb(((0, 80), (15, 60))),
                   changes("replica", "primary_disabled"): Climb(((0, 80), (2.4, 1)))},
               "reads fall through": {'scidex_pg_pool_ro_route_seconds_total{route="primary_fallthrough"}': Rise(15),
                                      changes("replica", "primary_fallthrough"): Rise(1),
                                      changes("replica", "primary_disabled"): Climb(((0, 80), (3, 1)))},
               "it leaves the state three times": {REFUSED_SECONDS: Climb(((0, 80), (15, 60))),
                                                   changes("primary_disabled", "replica"): Climb(((0, 80), (3, 1)))}},
         lead=1860, rises=300, holds=1200, forgets=1200, outlives_failed_scrape=False),

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
]
