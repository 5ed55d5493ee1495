"""The operator's queries."""

from case import Case
from series import Climb, Cycle, Now, Rise
from .common import NODE_EXPORTER, PRIMARY_UP, ROUTE, TEXTFILE_WRITTEN, UP, WHO

QUERY = {"query": "orders"}
RUN = 'scidex_pg_query_last_run_timestamp_seconds{query="orders"}'
SUCCESS = 'scidex_pg_query_last_success_timestamp_seconds{query="orders"}'
FIRED = 'ALERTS{alertname="ScidexPgPoolQueryFailing", alertstate="firing", query="orders"}'
DROPPED = 'scidex_pg_query_last_result_series_dropped{query="orders"}'
PRIMARY_SIZE = 'scidex_pg_pool_max_size{pool="primary"}'
NO_CONNECTION = ("no_route", "acquire_timeout", "queue_full", "timeout", "lost")
STALE = (f"The query orders of {WHO} last had a result 46s ago, more than three of its intervals. Alerts and panels that "
         "use its series have no data, or old values.")
QUERY_ERRORS = ("refused", "write", "no_rows", "bad_column", "bad_value", "bad_label", "duplicate")


def runs():
    return 'scidex_pg_query_runs_total{query="orders"}'


def errors(reason):
    return f'scidex_pg_query_errors_total{{query="orders", reason="{reason}"}}'


FIRST_FAILED = {runs(): 1, errors("refused"): 1, RUN: 1, SUCCESS: 0}


def failing(share, why):
    return (f"{share} of the latest runs of the query orders of {WHO} (those of the last 15 minutes, or the last one) "
            f"failed{why}. Alerts and panels that use its series have no data, or old values.")


CASES = [
    Case(alert="ScidexPgPoolQueryFailing", severity="warning", component="queries",
         summary="A query fails, and its series are missing or old.",
         description=failing("66.67%", ", most of them with reason refused"), dashboard="detail",
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

    # It runs once an hour: from fifteen minutes after the failed run, the windows have no run.
    Case(alert="ScidexPgPoolQueryFailing", severity="warning", component="queries",
         summary="A query fails, and its series are missing or old.",
         description=failing("100%", ", most of them with reason refused"), dashboard="detail",
         calm={runs(): 7, errors("refused"): 7, RUN: 100, SUCCESS: 100},
         wrong={runs(): Climb(((1, 1),)), errors("refused"): Climb(((1, 1),)), RUN: 1200},
         near={"its latest run failed when no alert fired": {RUN: 1200},
               "it only times out": FIRST_FAILED | {errors("refused"): 0, errors("timeout"): 1},
               "it has not run yet": FIRST_FAILED | {errors("refused"): 0, runs(): 0, RUN: 0},
               "another alert fires": {
                   RUN: 1200, 'ALERTS{alertname="ScidexPgPoolQueryStale", alertstate="firing", query="orders"}': 1}},
         # Prometheus has no alert after its start, only the series of it.
         courses=(("fires for a first run that failed before the first scrape, until a run succeeds",
                   ((FIRST_FAILED, 4200), (FIRST_FAILED | {runs(): 2, RUN: 4200, SUCCESS: 4200}, 600)),
                    {240: False, 300: True, 4140: True, 4200: False}),
                  ("fires again after Prometheus restarts",
                   (({FIRED: 1}, 60), ({RUN: 1200, FIRED: None}, 1200)), {480: True, 1200: True}),
                  ("does not fire for a failed run long after it fired",
                   (({FIRED: 1}, 60), ({FIRED: None}, 360), ({RUN: 1200, FIRED: None}, 1200)),
                   {720: False, 1200: False})),
         labels=QUERY, for_=300, step=60, outlives_failed_scrape=False),

    Case(alert="ScidexPgPoolQueryStale", severity="warning", component="queries",
         summary="A query has had no result for more than three intervals.",
         description=STALE, dashboard="detail",
         calm={SUCCESS: Now(), 'scidex_pg_query_interval_seconds{query="orders"}': 15, ROUTE: 1, PRIMARY_UP: 1, UP: 0,
               PRIMARY_SIZE: 1, 'scidex_pg_pool_max_size{pool="ro"}': 1, TEXTFILE_WRITTEN: 0, NODE_EXPORTER: None},
         wrong={SUCCESS: Now(less=46)},
         near={"it is three": {SUCCESS: Now(less=45)}, "there is no route": {SUCCESS: 0, ROUTE: 3},
               "the primary was down": {SUCCESS: 0, PRIMARY_UP: Cycle((0,) + (1,) * 50)},
               "the file is nearly as old": {TEXTFILE_WRITTEN: Now(less=50), SUCCESS: Now(less=95), NODE_EXPORTER: 0},
               "the file was written before the first result": {TEXTFILE_WRITTEN: 1, SUCCESS: 0, NODE_EXPORTER: 0}},
         also=(({ROUTE: 2, PRIMARY_UP: Cycle((1,) * 10 + (0,) + (1,) * 100)}, {ROUTE: 2}, STALE),
               ({PRIMARY_UP: 0, PRIMARY_SIZE: 0}, {PRIMARY_UP: 0, PRIMARY_SIZE: 0}, STALE),
               ({TEXTFILE_WRITTEN: Now(less=50), NODE_EXPORTER: 0},
                {TEXTFILE_WRITTEN: Now(less=50), NODE_EXPORTER: 0, SUCCESS: Now(less=96)}, STALE),
               # It is scraped, and can no longer write its file.
               ({TEXTFILE_WRITTEN: Now()}, {TEXTFILE_WRITTEN: 1000}, STALE),
               # Its file does not say when it was written.
               ({NODE_EXPORTER: 0}, {NODE_EXPORTER: 0}, STALE),
               ({}, {SUCCESS: -1700000000},
                f"The query orders of {WHO} has not had a result yet. Alerts and panels that use its series have no data, or "
                "old values.")),
         labels=QUERY, for_=600),

    Case(alert="ScidexPgPoolQueryStale", severity="warning", component="queries",
         summary="A query has had no result for more than three intervals.",
         description=STALE, dashboard="detail",
         calm={SUCCESS: Now(), 'scidex_pg_query_interval_seconds{query="orders"}': 15, ROUTE: 1, PRIMARY_UP: 1,
               PRIMARY_SIZE: 1},
         # The primary was down for a moment when it began, which excuses a query for a quarter of an hour.
         wrong={SUCCESS: Now(less=46), PRIMARY_UP: Cycle((0,) + (1,) * 1000)},
         near={"it is three": {SUCCESS: Now(less=45)}}, labels=QUERY, rises=915, for_=600, outlives_failed_scrape=False),

    Case(alert="ScidexPgPoolQuerySeriesDropped", severity="warning", component="queries",
         summary="A query has more series than max_series.",
         description=f"The query orders of {WHO} has more series than its max_series. Further series are not exposed, so "
                     "sums over them are too small.", dashboard="detail",
         calm={DROPPED: 0, 'scidex_pg_query_series_dropped_total{query="orders"}': 7},
         wrong={DROPPED: 1},
         near={"there were some long ago": {'scidex_pg_query_series_dropped_total{query="orders"}': 1000000}},
         courses=(("fires soon after the first result until one has none, however rarely the query runs",
                   (({DROPPED: 50}, 3 * 3600), ({DROPPED: 0}, 1200)),
                   {105: False, 120: True, 3585: True, 5400: True, 3 * 3600: True, 3 * 3600 + 885: True,
                    3 * 3600 + 1080: False}),
                  ("fires if only every other result has more", (
                      ({}, 1200), ({DROPPED: Cycle((1, 0))}, 600)), {1305: False, 1320: True, 1785: True})),
         labels=QUERY, for_=120, holds=180, keep=900),
]
