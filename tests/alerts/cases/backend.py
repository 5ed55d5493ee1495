"""Servers, and the connections to them."""

from case import Case
from series import Climb, Cycle, Rise
from .common import CONFIGURED, FAILED, PRIMARY_UP, RO, ROUTE, UP, WHO, acquires

SAME = 'scidex_pg_pool_ro_route_reason{reason="is_primary"}'
LAG, MAX_LAG = "scidex_pg_pool_replica_lag_seconds", "scidex_pg_pool_replica_max_lag_seconds"
STALE = "scidex_pg_pool_replica_stale"
LAG_REASON = 'scidex_pg_pool_ro_route_reason{reason="lag_exceeded"}'
FALL = "Reads fall through to the primary, or are refused if fall-through is forbidden."

NOT_A_REPLICA = (f"The server configured as the replica of {WHO} (pg2:5432) answers, but is not in recovery: it was promoted, "
                 f"or was never a replica. It may accept writes. {FALL}")


def failures(pool, reason):
    return f'scidex_pg_pool_probe_failures_total{{pool="{pool}", reason="{reason}"}}'


def server(pool, host):
    return f'scidex_pg_pool_server_info{{pool="{pool}", host="{host}", port="5432", dbname="shop"}}'


def renamed(pool, host):
    """The same of a target with a label host and a label port of its own, without honor_labels."""
    return (f'scidex_pg_pool_server_info{{pool="{pool}", exported_host="{host}", exported_port="5432", dbname="shop", '
            'host="monitor1", port="9100"}')


def connects(outcome):
    return f'scidex_pg_pool_connects_total{{pool="ro", outcome="{outcome}"}}'


def primary_down(why, server=" (pg1:5432)"):
    return (f"Probes of the primary of {WHO}{server} have failed for a minute{why}. Writes fail, and so do reads that fall "
            "through.")


def replica_down(why, server=" (pg2:5432)"):
    return f"Probes of the replica of {WHO}{server} have failed for three minutes{why}. {FALL}"


def no_connections(why, failed):
    return (f"The pool ro of {WHO} has no connections, and its connects fail{why}. In the last three minutes, {failed} "
            "acquires failed. Each failed acquire is an error for its caller.")


# Connects fail, and the series that is recorded of an outage that another alert reports.
FAILING = {'scidex_pg_pool_connects_total{pool="ro", outcome="connect_refused"}': Rise(0.4),
           'scidex_pg_pool_connects_total{pool="ro", outcome="connect_timeout"}': Rise(0.4)}
OUTAGE = 'instance_pool:scidex_pg_pool_outage_alerts:last2m{pool="ro"}'

NO_CONNECTIONS = {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0, connects("connect_refused"): Rise(2),
                  acquires("timeout"): Rise(1)}

CASES = [
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
                primary_down(", most recently because of not_accepting_connections")),
               ({server("primary", "pg1"): None, renamed("primary", "pg1"): 1},
                {server("primary", "pg1"): None, renamed("primary", "pg1"): 1},
                primary_down(", most recently because of not_accepting_connections"))),
         labels={"pool": "primary"}, for_=60),

    Case(alert="ScidexPgPoolNoConnections", severity="critical", component="backend",
         describes_after_failed_scrape=False,
         summary="A pool has no connections and cannot open any, and its acquires fail.",
         description=no_connections(", most recently with auth_failed", 5), dashboard="detail",
         calm={ROUTE: 1, 'scidex_pg_pool_connections{pool="ro", state="idle"}': 1,
               'scidex_pg_pool_connections{pool="ro", state="in_use"}': 0,
               'scidex_pg_pool_connections{pool="ro", state="connecting"}': 1,
               UP: 1, connects("ok"): Rise(1), connects("auth_failed"): Rise(0), connects("connect_refused"): Rise(0),
               **{acquires(outcome): Rise(0) for outcome in FAILED}, acquires("immediate"): Rise(1),
               acquires("cancelled"): Rise(1), acquires("closed"): Rise(1)},
         wrong={'scidex_pg_pool_connections{pool="ro", state="idle"}': 0, connects("connect_refused"): Climb(((100, 1),)),
                connects("auth_failed"): Climb(((0, 1), (1, 1000))), acquires("timeout"): Rise(1)},
         near={**{f"no reads go to the replica, but one failed before, at route {route}": {
                   ROUTE: route, 'scidex_pg_pool_connections{pool="ro", state="idle"}': 0, connects("connect_refused"): Rise(2),
                   acquires("timeout"): Climb(((0, 10), (1, 1)))} for route in (2, 3)},
               "nothing is acquired": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0,
                                       connects("auth_failed"): Rise(2)},
               "it has a connection": {connects("auth_failed"): Rise(2), acquires("timeout"): Rise(1)},
               "it lends one": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0,
                                'scidex_pg_pool_connections{pool="ro", state="in_use"}': 1,
                                connects("auth_failed"): Rise(2), acquires("timeout"): Rise(1)},
               "connects succeed": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0, acquires("timeout"): Rise(1)},
               "they failed long ago": {'scidex_pg_pool_connections{pool="ro", state="idle"}': 0,
                                        connects("auth_failed"): 100000, acquires("timeout"): 100000},
               "the server does not answer from time to time": {UP: Cycle((0,) + (1,) * 11), **NO_CONNECTIONS}},
         courses=(("ends with an outage that another alert reports, although nothing acquires", (
                      ({UP: 0, **NO_CONNECTIONS}, 1200), ({'scidex_pg_pool_connections{pool="ro", state="idle"}': 0}, 600)),
                   {1185: False, 1200: False, 1260: False, 1365: False, 1500: False}),
                  ("fires if connects still fail three minutes after an outage", (
                      ({UP: 0, **NO_CONNECTIONS}, 1200), (NO_CONNECTIONS, 600)), {1425: False, 1440: True})),
         also=(*(({}, {acquires("timeout"): Rise(0), acquires(outcome): Rise(1)}, no_connections(", most recently with auth_failed", 5))
                 for outcome in FAILED[1:]),
               ({ROUTE: None}, {ROUTE: None}, no_connections(", most recently with auth_failed", 5)),
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
         also=(({}, {failures("ro", "auth_failed"): None, failures("ro", "connect_refused"): None}, replica_down("")),
               ({server("ro", "pg2"): None, renamed("ro", "pg2"): 1}, {server("ro", "pg2"): None, renamed("ro", "pg2"): 1},
                replica_down(", most recently because of connect_refused"))),
         labels=RO, for_=180),

    Case(alert="ScidexPgPoolReplicaNotAReplica", severity="warning", component="backend",
         summary="The server configured as the replica is not a replica.",
         description=NOT_A_REPLICA,
         dashboard="detail",
         calm={UP: 1, 'scidex_pg_pool_backend_in_recovery{pool="ro"}': 1,
               PRIMARY_UP: 1, 'scidex_pg_pool_backend_in_recovery{pool="primary"}': 0, CONFIGURED: 1, SAME: 0,
               server("ro", "pg2"): 1},
         wrong={'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0},
         near={"it is down": {UP: 0, 'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0},
               "no replica is configured": {'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0, CONFIGURED: 0}},
         also=(({}, {SAME: 1}, f"The DSN of the replica of {WHO} leads to the primary itself: there is no replica. {FALL}"),
               ({server("ro", "pg2"): None, renamed("ro", "pg2"): 1}, {server("ro", "pg2"): None, renamed("ro", "pg2"): 1},
                NOT_A_REPLICA)),
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
                     "data of that age. Above max_lag the replica counts as stale.", dashboard="detail",
         calm={LAG: 0.1, MAX_LAG: 30, STALE: 0, 'scidex_pg_pool_ro_route_reason{reason="ok"}': 1}, wrong={LAG: 16},
         near={"it is half": {LAG: 15}, "any lag is accepted": {LAG: 1000000, MAX_LAG: 0},
               "the lag is not known": {LAG: "NaN"}, "the route is lost": {LAG: 31, LAG_REASON: 1}},
         # The lag was above max_lag, and is now between half of it and all of it.
         also=tuple(({MAX_LAG: max_lag, LAG_REASON: 0},
                     {MAX_LAG: max_lag, STALE: 1, 'scidex_pg_pool_ro_route{route="replica"}': 1,
                      'scidex_pg_pool_ro_route{route="primary_fallthrough"}': 0},
                     f"The replica of {WHO} is 16s behind the primary. Its lag has exceeded max_lag and has not yet fallen "
                     "to half of it; the route of reads is replica.")
                    for max_lag in (1, 30)),
         for_=300),

    Case(alert="ScidexPgPoolConnectFailures", severity="warning", component="backend",
         summary="Connects fail although the server answers probes.",
         description=f"Connects of the pool ro of {WHO} fail 0.05 times per second. The pool cannot replace lost "
                     "connections, and cannot grow.", dashboard="detail",
         calm={'scidex_pg_pool_connects_total{pool="ro", outcome="ok"}': Rise(1),
               'scidex_pg_pool_connects_total{pool="ro", outcome="connect_refused"}': Rise(0),
               'scidex_pg_pool_connects_total{pool="ro", outcome="connect_timeout"}': Rise(0),
               'scidex_pg_pool_backend_up{pool="ro"}': 1, OUTAGE: None, OUTAGE.replace('"ro"', '"primary"'): None},
         wrong=FAILING,
         near={"one fails in twenty seconds": {
                   'scidex_pg_pool_connects_total{pool="ro", outcome="connect_refused"}': Rise(0.75)},
               "the server was down a moment ago": {
                   'scidex_pg_pool_connects_total{pool="ro", outcome="connect_refused"}': Rise(5),
                   'scidex_pg_pool_backend_up{pool="ro"}': Cycle((0,) + (1,) * 20)}},
         courses=(("fires five minutes after the end of an outage that another alert reported",
                   ((FAILING | {OUTAGE: 1}, 900), (FAILING, 900)), {885: False, 1275: False, 1335: True}),
                  ("fires during an outage of another pool",
                   ((FAILING | {OUTAGE.replace('"ro"', '"primary"'): 1}, 900),), {885: True})),
         labels=RO, rises=270, for_=120, holds=15, forgets=15),
]
