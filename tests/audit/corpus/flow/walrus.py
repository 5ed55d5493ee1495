def f():
    if db := get_db_ro():
        db.execute("UPDATE t SET a = 1")  # => UPDATE
