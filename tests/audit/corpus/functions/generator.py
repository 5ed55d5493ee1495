def handles():
    yield get_db_ro()


def f():
    for db in handles():
        db.execute("UPDATE t SET a = 1")  # => UPDATE
    next(handles()).execute("DELETE FROM t")  # => DELETE
