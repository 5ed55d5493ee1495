def reader():
    return get_db_ro()


def f():
    reader().execute("UPDATE t SET a = 1")  # => UPDATE
