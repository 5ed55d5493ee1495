import os

import psycopg2


def connect(dsn):
    return psycopg2.connect(dsn, connect_timeout=3)


def f():
    db = connect(os.environ["SCIDEX_PG_RO_DSN"])
    with db.cursor() as cur:
        cur.execute("UPDATE t SET a = 1")  # => UPDATE
