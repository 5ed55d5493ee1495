from contextlib import closing


def f():
    with closing(get_db_ro()) as db:
        db.execute("UPDATE t SET a = 1")  # => UPDATE
