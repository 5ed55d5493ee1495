def f():
    first = second = get_db_ro()
    second.execute("UPDATE t SET a = 1")  # => UPDATE
