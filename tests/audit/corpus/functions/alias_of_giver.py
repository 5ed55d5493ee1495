reader = get_db_ro


def f():
    db = reader()
    db.execute("UPDATE t SET a = 1")  # => UPDATE
