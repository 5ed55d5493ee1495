"""Writes through read leases."""

from case import Case
from series import Now, Rise
from .common import NODE_EXPORTER, RO, WHO


STARTED = "process_start_time_seconds"


def after_gap(series, minutes, value):
    return ({}, 1215), ({series: None, STARTED: None}, minutes * 60 - 15), ({series: value}, 1500)


def counted(alert, severity, component, summary, description, counter, **more):
    """An alert on any increase of a pool's counter."""
    series = f'{counter}{{pool="ro"}}'
    dashboard = "read-only" if "read_only" in counter else "detail"
    return Case(alert=alert, severity=severity, component=component, summary=summary,
                description=description, dashboard=dashboard, calm={series: 7, STARTED: -1000}, wrong={series: Rise(1)},
                near={"there were some long ago": {series: 1000000},
                      "there were none yet": {series: 0, STARTED: Now(less=10)},
                      "it may have been five minutes ago": {STARTED: Now(less=300)},
                      "node_exporter was started, which exposes the file": {STARTED: Now(less=10), NODE_EXPORTER: 0}},
                # Before the first scrape of a new instance.
                also=(({series: None, STARTED: None}, {series: 1, STARTED: Now(less=299)}, description),),
                # Prometheus stood still, and the alert fires as long as after any other rise.
                courses=(("fires if it rises in an hour without scrapes", after_gap(series, 60, 8),
                          {4785: False, 4800: True, 5985: True, 6000: False}),
                         ("is silent if it has risen and is no longer remembered", after_gap(series, 80, 8),
                          {6000: False, 6300: False}),
                         ("fires if it rises after its counter restarted",
                          (({}, 1215), ({series: 0}, 60), ({series: 0.9}, 1500)), {1260: False, 1275: True}),
                         ("is silent if it restarts in a gap", after_gap(series, 10, 1), {1800: False, 2100: False})),
                labels=RO, **more)


CASES = [
    counted(alert="ScidexPgPoolReadOnlyViolation", severity="warning", component="read-only",
            summary="A write through a read lease was refused.",
            description=f"A caller in {WHO} tried to write through the pool ro. The server refused it: nothing was "
                        "written, and the caller got an error. The log has its call site.",
            counter="scidex_pg_pool_read_only_violations_total",
            holds=360, forgets=285, keep=900),

    counted(alert="ScidexPgPoolReadOnlyTampered", severity="warning", component="read-only",
            summary="A borrower switched read-only off on a read session, or could have.",
            description=f"In the pool ro of {WHO}, a borrower switched read-only off, or could have done so and written. "
                        "The next borrower's session is read-only again. The log names the borrower.",
            counter="scidex_pg_pool_read_only_tampered_total",
            holds=360, forgets=285, keep=900),

    counted(alert="ScidexPgPoolReadOnlyWrite", severity="critical", component="read-only",
            summary="A write succeeded through a read lease.",
            description=f"In the pool ro of {WHO}, a write statement succeeded: its borrower switched read-only off, or "
                        "the statement is one that read-only does not prevent, such as VACUUM. Check the data. The log "
                        "names the borrower and the statement's verb.", counter="scidex_pg_pool_read_only_writes_total",
            holds=360, forgets=285, keep=900),

    counted(alert="ScidexPgPoolReadOnlyUnproven", severity="warning", component="read-only",
            summary="Sessions were refused because they could not be verified to be read-only.",
            description=f"The pool ro of {WHO} refused sessions because they could not be verified to be read-only. "
                        "Often a pooler is in front of the server. Reads that need these sessions wait, fall through or "
                        "fail.",
            counter="scidex_pg_pool_read_only_unproven_total",
            holds=360, forgets=285, keep=900),

    Case(alert="ScidexPgPoolReadOnlyCanaryFailed", severity="warning", component="read-only",
         summary="A write through a read lease was not refused.",
         description=f"The canary of {WHO} tried to write through the pool ro, and was not refused as read-only. Until "
                     "the cause is known, assume that reads of this pool can write.", dashboard="read-only",
         calm={'scidex_pg_pool_read_only_canary_success{pool="ro"}': 1},
         wrong={'scidex_pg_pool_read_only_canary_success{pool="ro"}': 0},
         near={"none has run": {'scidex_pg_pool_read_only_canary_success{pool="ro"}': "NaN"}},
         courses=(("fires if the next canary, a minute later, is refused", (
             ({}, 1200), ({'scidex_pg_pool_read_only_canary_success{pool="ro"}': 0}, 60), ({}, 600)),
             {1305: False, 1320: True, 1425: True, 1440: False}),),
         labels=RO, for_=120, holds=180),
]
