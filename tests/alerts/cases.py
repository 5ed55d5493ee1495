"""Every rule, and what it is held against."""

from case import WRONG, Case
from series import Cycle, Now, Rise

WHO = f"{WRONG} (scidex-pg-exporter)"
ROUTE = "scidex_pg_pool_ro_routes_to"
CONFIGURED = "scidex_pg_pool_ro_dsn_configured"
REFUSED = 'scidex_pg_pool_ro_route_reason{reason="connect_refused"}'
RO = {"pool": "ro"}
TEXTFILE_WRITTEN = "scidex_pg_exporter_textfile_written_timestamp_seconds"
TEXTFILE_WRITES = "scidex_pg_exporter_textfile_writes_total"


def acquires(outcome):
    return f'scidex_pg_pool_acquires_total{{pool="ro", outcome="{outcome}"}}'


def burn(severity, window, share, **times):
    """A burn of the error budget. At first there is one acquire a second; 1 / 0.1 of the floor."""
    step = times["step"]
    failing, near = times.pop("failing"), times.pop("near")
    description = (f"In the pool ro of {WHO} {share} of the acquires failed over the window of this alert; one in a "
                   "thousand may. Each is an error to its caller.")
    few = step / 10
    # What passes the floor when the burn does, if there was no traffic before.
    steps = times["rises"] / step + 0.5
    passing = 0.1 * {"1h": 3600, "6h": 21600, "1d": 86400, "3d": 259200}[window] / steps
    return Case(
        "ScidexPgPoolAcquireErrorBudgetBurn", severity, "waiters",
        "Acquires fail faster than the error budget allows.", description, "detail",
        calm={acquires("immediate"): Rise(step), acquires("timeout"): Rise(0), acquires("queue_full"): Rise(0),
              acquires("deadlock"): Rise(0), acquires("error"): Rise(0), acquires("cancelled"): Rise(0),
              acquires("closed"): Rise(0)},
        wrong={acquires("timeout"): Rise(failing)},
        near={"the budget is spent a little slower": {acquires("timeout"): Rise(near)},
              "there is no traffic": {acquires("immediate"): Rise(0)},
              "there is next to no traffic": {acquires("immediate"): Rise(few * 0.9), acquires("timeout"): Rise(few * 0.1)},
              "callers cancel, or meet a pool that closes": {acquires("cancelled"): Rise(step),
                                                             acquires("closed"): Rise(step)}},
        labels=RO | {"window": window},
        also=(*(({}, {acquires("timeout"): Rise(0), acquires(outcome): Rise(failing)}, description)
                for outcome in ("queue_full", "deadlock", "error")),
              ({}, {acquires("cancelled"): Rise(step), acquires("closed"): Rise(step)}, description),
              ({acquires("immediate"): Rise(0)}, {acquires("immediate"): Rise(0), acquires("timeout"): Rise(passing)},
               description.replace(share, "100%"))), **times)


def counted(alert, severity, component, summary, description, counter, **more):
    """An alert on anything that a counter of a pool counts."""
    series = f'{counter}{{pool="ro"}}'
    dashboard = "read-only" if "read_only" in counter else "detail"
    return Case(alert, severity, component, summary, description, dashboard, calm={series: 7}, wrong={series: Rise(1)},
                near={"there were some long ago": {series: 1000000}}, labels=RO, **more)


CASES = [
    burn("critical", "1h", "1.505%", step=60, failing=1, near=0.86, lead=65 * 60, rises=52 * 60, for_=120, forgets=4 * 60),
    burn("critical", "6h", "0.6417%", step=450, failing=3.1, near=2.6, lead=52 * 450, rises=42 * 450, for_=900,
         forgets=3 * 450),
    burn("warning", "1d", "0.3184%", step=1800, failing=6, near=5.2, lead=52 * 1800, rises=43 * 1800, for_=3600,
         forgets=3 * 1800),
    burn("warning", "3d", "0.1064%", step=5400, failing=6, near=5.2, lead=52 * 5400, rises=43 * 5400, for_=10800,
         forgets=3 * 5400),

    Case("ScidexPgPoolRoFallthroughProlonged", "critical", "routing",
         "Read-only traffic has been served by the primary for half an hour, and a replica is configured.",
         f"{WHO} has sent reads to the primary for half an hour although it has a replica, because of connect_refused. "
         "Nobody has mended it, and there is no second server to read from.", "overview",
         calm={ROUTE: 1, CONFIGURED: 1, REFUSED: 0}, wrong={ROUTE: 2, REFUSED: 1},
         near={"no replica is configured": {ROUTE: 2, CONFIGURED: 0, REFUSED: 1},
               "reads are refused": {ROUTE: 3, REFUSED: 1},
               "the replica is back for a moment": {ROUTE: Cycle((2,) * 120 + (1,)), REFUSED: 1}},
         also=(({ROUTE: 3}, {REFUSED: None},
                f"{WHO} has sent reads to the primary for half an hour although it has a replica, because of a reason "
                "that it does not report. Nobody has mended it, and there is no second server to read from."),),
         for_=1800, keep=300),

    Case("ScidexPgPoolFallthroughHurtsPrimary", "critical", "routing",
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
         f"{WHO} sends reads to the primary, through the pool ro_fallthrough (scidex_pg_pool_ro_routes_to is 2), because "
         "of connect_refused. Reads work and stay read-only, but they load the server that takes the writes: users may "
         "feel slower writes.", "overview",
         calm={ROUTE: 1, REFUSED: 0}, wrong={ROUTE: 2, REFUSED: 1},
         near={"reads are refused": {ROUTE: 3, REFUSED: 1},
               "the replica is back for a moment": {ROUTE: Cycle((2,) * 8 + (1,)), REFUSED: 1},
               "reads are refused for a moment": {ROUTE: Cycle((2,) * 8 + (3,)), REFUSED: 1}},
         also=(({ROUTE: 3}, {REFUSED: None},
                f"{WHO} sends reads to the primary, through the pool ro_fallthrough (scidex_pg_pool_ro_routes_to is 2), "
                "because of a reason that it does not report. Reads work and stay read-only, but they load the server "
                "that takes the writes: users may feel slower writes."),),
         for_=120, keep=300),

    Case("ScidexPgPoolFleetFallthrough", "critical", "routing",
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
         for_=300, of_instance=False),

    Case("ScidexPgPoolRouteFlapping", "warning", "routing", "The route of read-only traffic changes again and again.",
         f"The route of {WHO} has changed 5 times within a quarter of an hour. Its replica is at the edge of what is asked "
         "of it; each change drops the sessions of one side and fills the pool of the other, which users feel as uneven "
         "times.", "overview",
         calm={ROUTE: 1}, wrong={ROUTE: Cycle((2, 1))},
         near={"it changes four times in a quarter of an hour": {ROUTE: Cycle((2,) * 15 + (1,) * 15)}},
         rises=60, holds=825, forgets=825, keep=600, outlives_failed_scrape=False),

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
         f"{WHO} is scraped, and its route is none that these rules know, or not there. No alert on the route can fire "
         "for it.", "exporter",
         calm={ROUTE: 1, "up": 1}, wrong={ROUTE: 4},
         near={"reads fall through": {ROUTE: 2}, "reads are refused": {ROUTE: 3},
               "it is not scraped": {ROUTE: None, "up": 0},
               "it is scraped by another job, and is another program": {ROUTE: None, "up": None, 'up{job="other"}': 1},
               "it is 0 for a moment": {ROUTE: Cycle((0,) * 20 + (1,))}},
         also=(({ROUTE: None, "up": None}, {ROUTE: None, "up": 1},
                f"{WHO} is scraped, and its route is none that these rules know, or not there. No alert on the route can "
                "fire for it."),),
         for_=300),

    counted("ScidexPgPoolReadOnlyViolation", "warning", "routing",
            "A write was attempted through a read-only lease, and refused.",
            f"Something that {WHO} serves has tried to write through the pool ro. The server refused it: nothing was "
            "written, and whoever meant to write got an error. The log names the place.",
            "scidex_pg_pool_read_only_violations_total", holds=285, forgets=285, keep=900),

    counted("ScidexPgPoolReadOnlyTampered", "critical", "routing",
            "A borrower lifted read-only on a read session, or could have.",
            f"In the pool ro of {WHO} a borrower has switched read-only off, or has committed a transaction of its own in "
            "which it could have written. The next borrower's session is read-only again. The log names the borrower.",
            "scidex_pg_pool_read_only_tampered_total", holds=285, forgets=285, keep=900),

    counted("ScidexPgPoolReadOnlyWrite", "critical", "routing",
            "A write succeeded through a read-only lease.",
            f"In the pool ro of {WHO} a statement that writes has succeeded: its borrower had switched read-only off. What "
            "it wrote is in the database. The log names the borrower and the statement's verb.",
            "scidex_pg_pool_read_only_writes_total", holds=285, forgets=285, keep=900),

    counted("ScidexPgPoolReadOnlyUnproven", "warning", "routing",
            "Sessions could not be shown to be read-only, and were refused.",
            f"The pool ro of {WHO} has refused sessions that could not be shown to be read-only. Most often a pooler is in "
            "front of the server. Reads that need them wait, or fall through.",
            "scidex_pg_pool_read_only_unproven_total", holds=285, forgets=285, keep=900),

    Case("ScidexPgPoolReadOnlyCanaryFailed", "critical", "routing", "A write through a read-only lease was not refused.",
         f"The canary of {WHO} has tried to write through the pool ro, and was not refused as read-only. Until it is, take "
         "its reads for able to write.", "read-only",
         calm={'scidex_pg_pool_read_only_canary_success{pool="ro"}': 1},
         wrong={'scidex_pg_pool_read_only_canary_success{pool="ro"}': 0},
         near={"none has run": {'scidex_pg_pool_read_only_canary_success{pool="ro"}': "NaN"}}, labels=RO),

    *(Case("ScidexPgPoolWaitersPilingUp", severity, "waiters",
           "Acquirers queue for connections and the queue does not drain.",
           f"In the pool ro of {WHO} at least {waiters} acquirers waited for a connection at every scrape of the last two "
           "minutes. Users feel slower requests, and errors once waits reach the acquire timeout.", "overview",
           calm={'scidex_pg_pool_waiters{pool="ro"}': 0}, wrong={'scidex_pg_pool_waiters{pool="ro"}': waiters},
           near={"there is one fewer": {'scidex_pg_pool_waiters{pool="ro"}': waiters - 1},
                 "the queue drains now and then": {'scidex_pg_pool_waiters{pool="ro"}': Cycle((100,) * 8 + (0,))}},
           labels=RO, rises=120, for_=120, keep=120, forgets=120) for severity, waiters in (("warning", 6), ("critical", 21))),

    Case("ScidexPgPoolOldestWaiter", "critical", "waiters", "Acquires are about to time out.",
         f"In the pool ro of {WHO} the oldest waiter has waited for 2.6s, more than half of the acquire timeout. Users wait "
         "that long, and the next step are errors.", "detail",
         calm={'scidex_pg_pool_oldest_waiter_seconds{pool="ro"}': 0,
               'scidex_pg_pool_acquire_timeout_seconds{pool="ro"}': 5},
         wrong={'scidex_pg_pool_oldest_waiter_seconds{pool="ro"}': 2.6},
         near={"it is half": {'scidex_pg_pool_oldest_waiter_seconds{pool="ro"}': 2.5},
               "there is no such pool": {'scidex_pg_pool_acquire_timeout_seconds{pool="ro"}': 0},
               "waits are long and allowed to be": {'scidex_pg_pool_oldest_waiter_seconds{pool="ro"}': 29,
                                                    'scidex_pg_pool_acquire_timeout_seconds{pool="ro"}': 60}},
         labels=RO, for_=60),

    Case("ScidexPgPoolQueueDepth", "warning", "waiters", "On average somebody always waits for a connection.",
         f"In the pool ro of {WHO} 1.2 acquirers waited on average over five minutes, those between two scrapes included. "
         "Users feel slower requests.", "detail",
         calm={'scidex_pg_pool_acquire_wait_seconds_sum{pool="ro"}': Rise(0)},
         wrong={'scidex_pg_pool_acquire_wait_seconds_sum{pool="ro"}': Rise(18)},
         near={"one waits": {'scidex_pg_pool_acquire_wait_seconds_sum{pool="ro"}': Rise(15)}},
         labels=RO, rises=240, for_=300, holds=45, forgets=45),

    Case("ScidexPgPoolSaturated", "warning", "saturation", "Nearly all connections of a pool are in use all the time.",
         f"In the pool ro of {WHO} 100% of max_size were in use on average over five minutes. The next rise of demand "
         "queues.", "detail",
         calm={'scidex_pg_pool_connections{pool="ro", state="in_use"}': 1,
               'scidex_pg_pool_connections{pool="ro", state="idle"}': 9, 'scidex_pg_pool_max_size{pool="ro"}': 10},
         wrong={'scidex_pg_pool_connections{pool="ro", state="in_use"}': 10},
         near={"one is idle": {'scidex_pg_pool_connections{pool="ro", state="in_use"}': 9},
               "there is no such pool": {'scidex_pg_pool_connections{pool="ro", state="in_use"}': 0,
                                         'scidex_pg_pool_max_size{pool="ro"}': 0}},
         labels=RO, rises=270, for_=120, holds=30),

    counted("ScidexPgPoolLeaseLeaked", "warning", "saturation", "A lease is held for longer than leak_after.",
            f"In the pool ro of {WHO} a lease was not given back within leak_after. Each one lost makes the pool smaller "
            "for everybody else. The log names the place that took it.",
            "scidex_pg_pool_leases_leaked_total", for_=120, holds=585, forgets=585),

    Case("ScidexPgPoolPrimaryDown", "critical", "backend", "The primary does not answer.",
         f"The primary of {WHO} has not answered a probe for a minute. Writes fail, and reads that fall through fail too.",
         "detail",
         calm={'scidex_pg_pool_backend_up{pool="primary"}': 1, 'scidex_pg_pool_backend_up{pool="ro"}': 0,
               'scidex_pg_pool_max_size{pool="primary"}': 1, 'scidex_pg_pool_max_size{pool="ro"}': 1},
         wrong={'scidex_pg_pool_backend_up{pool="primary"}': 0},
         near={"there is no primary": {'scidex_pg_pool_backend_up{pool="primary"}': 0,
                                       'scidex_pg_pool_max_size{pool="primary"}': 0}},
         labels={"pool": "primary"}, for_=60),

    Case("ScidexPgPoolReplicaDown", "warning", "backend", "The replica does not answer.",
         f"The replica of {WHO} has not answered a probe for two minutes. Reads fall through to the primary, or are refused "
         "where that is forbidden.", "detail",
         calm={'scidex_pg_pool_backend_up{pool="primary"}': 0, 'scidex_pg_pool_backend_up{pool="ro"}': 1, CONFIGURED: 1},
         wrong={'scidex_pg_pool_backend_up{pool="ro"}': 0},
         near={"no replica is configured": {'scidex_pg_pool_backend_up{pool="ro"}': 0, CONFIGURED: 0}},
         labels=RO, for_=120),

    Case("ScidexPgPoolReplicaNotAReplica", "critical", "backend",
         "The server that is configured as the replica is not one.",
         f"The server that {WHO} has as its replica answers, and is not in recovery: it was promoted, or it never was a "
         "replica. It takes writes of its own. Reads do not go there.", "detail",
         calm={'scidex_pg_pool_backend_up{pool="ro"}': 1, 'scidex_pg_pool_backend_in_recovery{pool="ro"}': 1,
               'scidex_pg_pool_backend_up{pool="primary"}': 1, 'scidex_pg_pool_backend_in_recovery{pool="primary"}': 0,
               CONFIGURED: 1},
         wrong={'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0},
         near={"it is down": {'scidex_pg_pool_backend_up{pool="ro"}': 0,
                              'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0},
               "no replica is configured": {'scidex_pg_pool_backend_in_recovery{pool="ro"}': 0, CONFIGURED: 0}},
         labels=RO, for_=60),

    Case("ScidexPgPoolReplicaDiverged", "critical", "backend", "The replica has rows that the primary never had.",
         f"The replica of {WHO} has replayed WAL that its primary does not have, so one of the two has lost transactions. "
         "Reads do not go there. The replica has to be rebuilt.", "read-only",
         calm={'scidex_pg_pool_ro_route_reason{reason="diverged"}': 0,
               'scidex_pg_pool_ro_route_reason{reason="ok"}': 1},
         wrong={'scidex_pg_pool_ro_route_reason{reason="diverged"}': 1,
                'scidex_pg_pool_ro_route_reason{reason="ok"}': 0},
         near={"it lags": {'scidex_pg_pool_ro_route_reason{reason="lag_exceeded"}': 1,
                           'scidex_pg_pool_ro_route_reason{reason="ok"}': 0}},
         labels={"reason": "diverged"}, for_=60),

    Case("ScidexPgPoolPrimaryReadOnly", "critical", "backend", "The primary refuses writes.",
         f"The primary of {WHO} answers, and refuses writes: it is in recovery, or default_transaction_read_only is on "
         "there, as providers set it when a disk is full.", "read-only",
         calm={"scidex_pg_pool_primary_writable": 1, 'scidex_pg_pool_backend_up{pool="primary"}': 1,
               'scidex_pg_pool_backend_up{pool="ro"}': 1},
         wrong={"scidex_pg_pool_primary_writable": 0},
         near={"it is down": {"scidex_pg_pool_primary_writable": 0, 'scidex_pg_pool_backend_up{pool="primary"}': 0},
               "it has not answered yet": {"scidex_pg_pool_primary_writable": "NaN"}},
         labels={}, for_=60),

    Case("ScidexPgPoolReplicaLag", "warning", "backend", "The replica lags, and is on its way to losing the route.",
         f"The replica of {WHO} is 16s behind, more than half of max_lag. Users read old data, and at max_lag reads go to "
         "the primary.", "detail",
         calm={"scidex_pg_pool_replica_lag_seconds": 0.1, "scidex_pg_pool_replica_max_lag_seconds": 30},
         wrong={"scidex_pg_pool_replica_lag_seconds": 16},
         near={"it is half": {"scidex_pg_pool_replica_lag_seconds": 15},
               "any lag is accepted": {"scidex_pg_pool_replica_lag_seconds": 1000000,
                                       "scidex_pg_pool_replica_max_lag_seconds": 0},
               "the lag is not known": {"scidex_pg_pool_replica_lag_seconds": "NaN"}},
         also=(({"scidex_pg_pool_replica_max_lag_seconds": 1}, {"scidex_pg_pool_replica_max_lag_seconds": 1},
                f"The replica of {WHO} is 16s behind, more than half of max_lag. Users read old data, and at max_lag reads "
                "go to the primary."),),
         for_=120),

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

    Case("ScidexPgPoolExporterDown", "critical", "exporter", "The exporter cannot be scraped.",
         f"{WHO} has not been scraped for three minutes. Nobody sees where its reads go, and no other alert can fire for "
         "it.", "exporter",
         calm={"up": 1}, wrong={"up": 0},
         near={"it is another job's": {'up{job="other"}': 0},
               "it is scraped now and then": {"up": Cycle((0,) * 12 + (1,))}},
         for_=180, forgets=0, outlives_failed_scrape=False),

    Case("ScidexPgPoolExporterAbsent", "critical", "exporter", "Prometheus has no exporter to scrape.",
         "Prometheus has had no target in the job scidex-pg-exporter for ten minutes: its configuration or its service "
         "discovery has lost it. No other alert can fire.", "exporter",
         calm={"up": 1}, wrong={"up": "stale"},
         near={"it cannot be scraped": {"up": 0}},
         for_=600, outlives_failed_scrape=False, of_instance=False, fires_on_nothing=True),

    Case("ScidexPgPoolExporterStalled", "critical", "exporter",
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
               "it is another program": {"process_open_fds": 99, ROUTE: None}},
         for_=300),
]
