def connect(readonly=True):
    return get_db_ro() if readonly else get_db()


def f():
    connect().execute("UPDATE t SET a = 1")  # => UPDATE
    connect(readonly=False).execute("UPDATE t SET a = 1")
    connect(True).execute("UPDATE t SET a = 1")  # => UPDATE
