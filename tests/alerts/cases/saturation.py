"""Pools that are nearly full, and leases that are not released."""

from case import Case
from series import Climb, Cycle, Rise
from .common import RO, WHO

LEAKED = (f"In the pool ro of {WHO}, a lease was not released within leak_after. Each such lease leaves one connection "
          "fewer for other borrowers. The log has its call site and the process ID of its session.")
LEAKS = 'scidex_pg_pool_leases_leaked_total{pool="ro"}'
RETIRED = 'scidex_pg_pool_retired_leases{pool="ro"}'

CASES = [
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
]
