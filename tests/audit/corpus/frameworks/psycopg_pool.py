import os

from psycopg_pool import ConnectionPool

ro_pool = ConnectionPool(os.getenv("SCIDEX_PG_RO_DSN"), min_size=1)
pool = ConnectionPool(os.getenv("SCIDEX_PG_DSN"))


def f():
    with ro_pool.connection() as db:
        db.execute("UPDATE t SET a = 1")  # => UPDATE
    with pool.connection() as db:
        db.execute("UPDATE t SET a = 1")
