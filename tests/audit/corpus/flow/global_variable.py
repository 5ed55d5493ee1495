db = get_db_ro()


def f():
    db.execute("UPDATE t SET a = 1")  # => UPDATE
