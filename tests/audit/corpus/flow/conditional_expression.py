def f(write):
    db = get_db() if write() else get_db_ro()
    db.execute("UPDATE t SET a = 1")  # => UPDATE?
