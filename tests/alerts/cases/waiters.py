"""Acquires that wait."""

from case import Case
from series import Cycle, Rise
from .common import RO, UP, WHO

WAITERS = 'scidex_pg_pool_waiters{pool="ro"}'
QUERIES_WAITING = 'scidex_pg_pool_query_waiters{pool="ro"}'
BURNS = 'ALERTS{alertname="ScidexPgPoolAcquireErrorBudgetBurn", alertstate="firing", severity="critical", pool="ro"}'
NO_CONNECTIONS = BURNS.replace("AcquireErrorBudgetBurn", "NoConnections")


def piling(waiters, queries):
    return (f"In the pool ro of {WHO}, at least {waiters} acquires waited for a connection at every scrape of the last "
            f"two minutes{queries}. Requests are slower, and fail when they reach the acquire timeout.")


CASES = [
    *(Case(alert="ScidexPgPoolWaitersPilingUp", severity=severity, component="waiters",
           summary="Acquires wait for connections, and the queue does not drain.",
           description=piling(waiters, ", 2 or more of them from this exporter's own queries"), dashboard="overview",
           calm={WAITERS: 0, UP: 1, QUERIES_WAITING: 2}, wrong={WAITERS: waiters, QUERIES_WAITING: Cycle((30, 2))},
           near={"there is one fewer": {WAITERS: waiters - 1},
                 "the queue drains now and then": {WAITERS: Cycle((100,) * 8 + (0,))},
                 "the server does not answer": {WAITERS: 100, UP: 0},
                 "it did not a moment ago": {WAITERS: 100, UP: Cycle((0,) + (1,) * 14)},
                 "acquires fail, of which another alert tells": {WAITERS: 100, BURNS: 1},
                 "the pool has no connections, of which another alert tells": {WAITERS: 100, NO_CONNECTIONS: 1}},
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
]
