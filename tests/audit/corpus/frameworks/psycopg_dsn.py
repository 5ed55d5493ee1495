import os

import psycopg

RO_DSN = os.environ["SCIDEX_PG_RO_DSN"]


def f():
    with psycopg.connect(RO_DSN) as db:
        db.execute("UPDATE t SET a = 1")  # => UPDATE
    with psycopg.connect(os.environ["SCIDEX_PG_DSN"]) as db:
        db.execute("UPDATE t SET a = 1")
