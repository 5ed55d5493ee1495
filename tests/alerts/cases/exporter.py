"""The exporter itself."""

from case import CALM, Case
from series import Cycle, Now, Rise
from .common import NODE_EXPORTER, RO, ROUTE, TEXTFILE_WRITTEN, WHO

TEXTFILE_WRITES = "scidex_pg_exporter_textfile_writes_total"
OF_NODE_EXPORTER = 'scidex_pg_exporter_textfile_writes_total{job="node"}'
PROBED = 'scidex_pg_pool_probe_last_run_timestamp_seconds{pool="ro"}'
INTERVAL = 'scidex_pg_pool_probe_interval_seconds{pool="ro"}'
TIMEOUT = 'scidex_pg_pool_probe_timeout_seconds{pool="ro"}'
MAX_SIZE = 'scidex_pg_pool_max_size{pool="ro"}'
RESTARTING = 'ALERTS{alertname="ScidexPgPoolExporterRestarting", alertstate="firing"}'
OF_SHOP = 'up{instance="api", namespace="shop"}'


def absent(where):
    return (f"Prometheus has had no target in the job scidex-pg-exporter{where} for ten minutes. Check its configuration and "
            "service discovery. No other alert can fire for this job there. If the last target was removed from one of several "
            "namespaces or clusters, the alert ends within an hour.")


ABSENT = absent("")
LOST_SUMMARY = "Prometheus has lost an exporter, or has none."


# While the file of an instance on another machine is exposed.
TARGET_REMOVED = {"up": "stale", OF_NODE_EXPORTER: 1}
DAY = 86400


# At the time of a machine's clock, instead of the 1970 of these tests, a time of 0 is as far in the past.
NEVER = -1700000000


def stalled(age):
    return (f"When {WHO} was last scraped, the latest probe of the server of the pool ro was {age} old. What the exporter "
            "reports about servers and routes is out of date.")


def stale_file(what):
    return (f"When {WHO} was last scraped, the exporter's file {what}. Its metrics of pools and routes are out of date. "
            "The exporter has stopped, or cannot write the file.")


CASES = [
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
         summary="Scrapes of an exporter fail.",
         description=f"Scrapes of {WHO} have failed for three minutes. The route of its reads is unknown, and no other "
                     "alert can fire for it.", dashboard="exporter",
         calm={"up": 1}, wrong={"up": 0},
         near={"it is another job's": {'up{job="other"}': 0},
               "it restarts": {"up": Cycle((0,) * 12 + (1,)), RESTARTING: 1},
               "every other scrape fails": {"up": Cycle((1, 0))}},
         courses=(("ends at the first scrape after a long outage",
                   (({"up": 0}, 1200), ({"up": 1}, 1200)), {1185: True, 1200: False, 2385: False}),
                  ("ends at the first scrape after the second of two long outages",
                   (({}, 1200), ({"up": 0}, 300), ({"up": 1}, 60), ({"up": 0}, 300), ({"up": 1}, 900)),
                   {1845: True, 1860: False, 2055: False, 2745: False})),
         for_=180, forgets=0, outlives_failed_scrape=False),

    # Too few scrapes succeed to know much of it, and no outage lasts for three minutes.
    Case(alert="ScidexPgPoolExporterDown", severity="warning", component="exporter",
         summary="Scrapes of an exporter fail.",
         description=f"More than half of the scrapes of {WHO} in the last 15 minutes failed, in several periods. What is known "
                     "of it is incomplete, and other alerts on it may be late or missing.", dashboard="exporter",
         calm={"up": 1}, wrong={"up": Cycle((0, 0, 1))},
         courses=(("fires if three outages, each of less than three minutes, are longer than half of the time",
                   (({}, 1200), *(({"up": 0}, 165), ({"up": 1}, 15)) * 3, ({"up": 1}, 600)),
                   {1725: False, 1740: True, 2130: True, 2145: False}),),
         near={"two of three scrapes of another job fail": {'up{job="other"}': Cycle((0, 0, 1))}},
         rises=675, for_=180, holds=225, forgets=0, outlives_failed_scrape=False),

    Case(alert="ScidexPgPoolExporterAbsent", severity="warning", component="exporter",
         summary=LOST_SUMMARY,
         description=ABSENT, dashboard="exporter",
         calm={"up": 1}, wrong={"up": "stale"},
         near={"it cannot be scraped": {"up": 0}, "node_exporter exposes its file": {"up": "stale", OF_NODE_EXPORTER: 1}},
         also=(({OF_NODE_EXPORTER: 1}, TARGET_REMOVED, ABSENT),),
         courses=(
             ("fires if the job never had a target, and no file was written",
              ((TARGET_REMOVED | {OF_NODE_EXPORTER: 0}, 1200),), {585: False, 600: True}),
             ("fires again an hour and a day after the 20 minutes in which the job had a target",
              (({OF_NODE_EXPORTER: 1}, 1200), (TARGET_REMOVED, DAY + 1500)),
              {1785: False, 1800: True, 2085: True, 2100: False,
               4185: False, 4200: True, 4785: True, 4800: False,
               DAY + 585: False, DAY + 600: True, DAY + 1185: True, DAY + 1200: False}),
             ("is silent if only another job had targets",
              ((TARGET_REMOVED | {'up{job="node"}': 1}, DAY + 1500),),
              {1800: False, 4800: False, DAY + 1200: False})),
         for_=600, outlives_failed_scrape=False, of_instance=False, fires_on_nothing=True),

    # Another namespace still has a target.
    Case(alert="ScidexPgPoolExporterAbsent", severity="warning", component="exporter",
         summary=LOST_SUMMARY, description=absent(" in the namespace shop"), dashboard="exporter",
         calm={"up": 1, OF_SHOP: 1, 'up{job="other", instance="api", namespace="shop"}': 1}, wrong={OF_SHOP: "stale"},
         near={"it cannot be scraped": {OF_SHOP: 0}, "it never had a target": {OF_SHOP: None}},
         courses=(("ends an hour after its last target", (({}, 4200), ({OF_SHOP: "stale"}, 4200)),
                   {4785: False, 4800: True, 7785: True, 7800: False}),),
         labels={"namespace": "shop"}, lead=4200, for_=600, outlives_failed_scrape=False, of_instance=False,
         fires_on_nothing=True, specifies_nothing=False),

    # node_exporter on another machine still exposes a file.
    Case(alert="ScidexPgPoolExporterAbsent", severity="warning", component="exporter",
         summary=LOST_SUMMARY,
         description=f"The series of the exporter's file on {WHO} have been missing for ten minutes, although node_exporter is "
                     "scraped. Check whether the file is still there, and node_exporter's log. No other alert can fire for this "
                     "exporter. If it was removed, the alert ends within an hour.", dashboard="exporter",
         calm={TEXTFILE_WRITES: 1, NODE_EXPORTER: 0}, wrong={TEXTFILE_WRITES: "stale"},
         near={"it never had a file": {TEXTFILE_WRITES: None}, "it is scraped, and is gone": {TEXTFILE_WRITES: Cycle(
                   (1,) * 280 + ("stale",) * 1000), NODE_EXPORTER: None},
               "node_exporter is gone too": {TEXTFILE_WRITES: Cycle((1,) * 280 + ("stale",) * 1000),
                                             NODE_EXPORTER: Cycle((0,) * 280 + ("stale",) * 1000)}},
         courses=(("ends an hour after its file", (({}, 4200), ({TEXTFILE_WRITES: "stale"}, 4200)),
                   {4785: False, 4800: True, 7785: True, 7800: False}),),
         lead=4200, for_=600, specifies_nothing=False),

    Case(alert="ScidexPgPoolExporterStalled", severity="warning", component="exporter",
         summary="The exporter can be scraped, but does not run its probes.",
         description=stalled("1m 1s"), dashboard="exporter",
         calm={PROBED: Now(), INTERVAL: 1, TIMEOUT: 1, MAX_SIZE: 1, TEXTFILE_WRITTEN: 0, NODE_EXPORTER: None},
         wrong={PROBED: Now(less=61)},
         near={"it is a minute": {PROBED: Now(less=60)},
               "it is a minute, of a version without the interval": {PROBED: Now(less=60), INTERVAL: None, TIMEOUT: None},
               "probes are a minute apart, and one was missed": {PROBED: Now(less=122), INTERVAL: 60},
               "probes take their whole timeout, and one was missed": {PROBED: Now(less=122), TIMEOUT: 60},
               "there is no such pool": {PROBED: 0, INTERVAL: 0, TIMEOUT: 0, MAX_SIZE: 0},
               "the file is nearly as old": {TEXTFILE_WRITTEN: Now(less=59), PROBED: Now(less=119), NODE_EXPORTER: 0},
               "the file was written before the first probe": {TEXTFILE_WRITTEN: 1, PROBED: 0, NODE_EXPORTER: 0}},
         also=(({}, {PROBED: 0}, stalled("21m 0s")),
               ({INTERVAL: None, TIMEOUT: None}, {INTERVAL: None, TIMEOUT: None}, stalled("1m 1s")),
               ({INTERVAL: 60}, {INTERVAL: 60, PROBED: Now(less=123)}, stalled("2m 3s")),
               ({TEXTFILE_WRITTEN: Now(less=59), NODE_EXPORTER: 0},
                {TEXTFILE_WRITTEN: Now(less=59), NODE_EXPORTER: 0, PROBED: Now(less=120)}, stalled("1m 1s")),
               # It is scraped, and can no longer write its file.
               ({TEXTFILE_WRITTEN: Now()}, {TEXTFILE_WRITTEN: 1000}, stalled("1m 1s")),
               # The file is an old output of --once.
               ({NODE_EXPORTER: 0}, {NODE_EXPORTER: 0, PROBED: Now(less=61)}, stalled("1m 1s")),
               ({}, {PROBED: NEVER},
                f"When {WHO} was last scraped, the server of the pool ro had not been probed yet. What the exporter reports "
                "about servers and routes is out of date.")),
         labels=RO, for_=60),

    Case(alert="ScidexPgPoolExporterRestarting", severity="warning", component="exporter",
         summary="The exporter restarts repeatedly.",
         description=f"{WHO} was restarted 3 times in the last 15 minutes. After each restart its pools are empty and "
                     "its counters start at 0.", dashboard="exporter",
         calm={"process_start_time_seconds": 100, ROUTE: 1},
         wrong={"process_start_time_seconds": Cycle((200, 300, 400))},
         near={"it is restarted twice": {"process_start_time_seconds": Cycle((100,) * 30 + (200,) * 30)},
               "it is another program": {"process_start_time_seconds": Cycle((200, 300, 400)), ROUTE: None},
               "node_exporter is, which exposes the file": {
                   "process_start_time_seconds": Cycle((200, 300, 400)), NODE_EXPORTER: 0}},
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
         description=stale_file("was 2m 1s old"), dashboard="exporter",
         calm={TEXTFILE_WRITTEN: Now(), TEXTFILE_WRITES: 1},
         wrong={TEXTFILE_WRITTEN: Now(less=121)},
         near={"it is two minutes old": {TEXTFILE_WRITTEN: Now(less=120)},
               "there is no such file": {TEXTFILE_WRITTEN: 0, TEXTFILE_WRITES: 0}},
         also=(({}, {TEXTFILE_WRITTEN: 0}, stale_file("was 21m 0s old")),
               ({}, {TEXTFILE_WRITTEN: NEVER}, stale_file("had not been written yet"))),
         for_=60),

    Case(alert="ScidexPgPoolFdsNearLimit", severity="warning", component="exporter",
         summary="The exporter uses nearly all file descriptors of its limit.",
         description=f"{WHO} uses 81% of its limit of file descriptors. At the limit, connects and scrapes fail.",
         dashboard="exporter",
         calm={"process_open_fds": 10, "process_max_fds": 100, ROUTE: 1}, wrong={"process_open_fds": 81},
         near={"it is four in five": {"process_open_fds": 80},
               "it is another program": {"process_open_fds": 99, ROUTE: None},
               "it is node_exporter, which exposes the file": {"process_open_fds": 99, NODE_EXPORTER: 0},
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
