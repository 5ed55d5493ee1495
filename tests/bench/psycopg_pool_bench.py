"""Prints the seconds that one acquire and release of psycopg_pool takes; its only argument is a DSN."""
import sys
import time

from psycopg_pool import ConnectionPool

ROUNDS = 20
REPEATS = 500

with ConnectionPool(sys.argv[1], min_size=8, max_size=8) as pool:
    pool.wait()
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(REPEATS):
            pool.putconn(pool.getconn())
        best = min(best, (time.perf_counter() - start) / REPEATS)
print(best)
